"""The tools `search`, `symbol`, `references`, `impact` and `map`: questions to the repository's index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.agent.tools.bench import Bench, number_property, offer, text_property
from waypost.agent.tools.result import Result, ToolError
from waypost.agent.tools.view import printable
from waypost.index.errors import IndexProblem
from waypost.wires.conversation import Json

_LONGEST_LINE = 160
_SECONDS = 60.0
"""How long a question waits; only a first one, on a large tree that is not indexed yet, takes as much as a second."""
_TOKENS_OF_A_CHARACTER = 1 / 3
_MAP = 2_000


async def _asked(bench: Bench, question: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    if bench.index is None:
        raise ToolError("there is no index here; use `find`")
    try:
        return await bench.index.ask(question, arguments, _SECONDS)
    except IndexProblem as problem:
        raise ToolError(str(problem)) from problem


async def _page(bench: Bench, question: str, arguments: Mapping[str, Any], nothing: str) -> Result:
    """A page of hits, a line each, within the size that the bench shows."""
    room = {"tokens": int(bench.shown * _TOKENS_OF_A_CHARACTER * 2), "limit": 50}
    found = await _asked(bench, question, {**room, **arguments})
    hits, total = found["results"], found["total"]
    lines = [_line(hit) for hit in hits] or [nothing]
    if found["next_offset"] is not None:
        lines.append(f"[{found['offset'] + len(hits)} of {total}; go on with offset={found['next_offset']}]")
    facts = {"hits": total, "index": found["index"]["root"][:16], "status": found["index"]["status"]}
    return Result("\n".join([*lines, *_weak(found["index"])]), facts=facts)


def _weak(index: Mapping[str, Any]) -> list[str]:
    """What has to be known of an answer that may not be whole."""
    if index["status"] == "complete":
        return []
    said = "; ".join(index.get("notes", ())) or f"{index['coverage']:.0%} of the files are indexed"
    return [f"[this answer is {index['status']}: {said}; `find` looks at every file]"]


def _line(hit: Mapping[str, Any]) -> str:
    """One hit: where, what, why, and its line."""
    start, end = hit.get("start_line") or hit["line"], hit.get("end_line")
    where = f"{printable(hit['path'])}:{start}" + (f"-{end}" if end and end != start else "")
    what = " ".join(part for part in (hit.get("kind", ""), hit.get("name", "")) if part)
    inside = f"in {hit['inside']}" if hit.get("inside") else ""
    lines = hit.get("calls") or hit.get("lines") or ()
    calls = f"calls at {', '.join(map(str, lines[:8]))}" if lines else ""
    parts = (what, inside, calls, hit.get("why", ""), printable(hit.get("text", ""))[:_LONGEST_LINE])
    return "  ".join([where, *(part for part in parts if part)])


async def _search(arguments: Json, bench: Bench) -> Result:
    like, query = arguments.get("like"), arguments.get("query")
    if bool(like) == bool(query):
        raise ToolError("give a query, or like=FILE:LINE, not both")
    page = {"offset": arguments.get("offset", 0), "limit": 10}
    if like:
        return await _page(bench, "related", {"place": like, **page}, f"nothing here is like {like}")
    return await _page(bench, "search", {"query": query, **page}, f"nothing here matches {query!r}")


async def _symbol(arguments: Json, bench: Bench) -> Result:
    name, path = arguments.get("name"), arguments.get("path")
    if bool(name) == bool(path):
        raise ToolError("give the name of a definition, or the path of a file for its outline, not both")
    page = {"offset": arguments.get("offset", 0)}
    if path:
        return await _page(bench, "outline", {"path": path, **page}, f"{path} holds no definition")
    return await _page(
        bench, "symbol", {"name": name, **page}, f"no definition of {name!r}; `search` finds likely ones"
    )


async def _references(arguments: Json, bench: Bench) -> Result:
    name, kind = arguments["name"], arguments.get("kind", "references")
    nothing = {"callees": f"{name} calls nothing that is defined here"}.get(kind, f"nothing here uses {name}")
    return await _page(bench, kind, {"name": name, "offset": arguments.get("offset", 0)}, nothing)


async def _impact(arguments: Json, bench: Bench) -> Result:
    page = {"offset": arguments.get("offset", 0)}
    return await _page(bench, "impact", page, "nothing that is committed uses what you changed so far")


async def _map(arguments: Json, bench: Bench) -> Result:
    tokens = min(max(arguments.get("tokens", _MAP), 200), int(bench.shown * _TOKENS_OF_A_CHARACTER))
    found = await _asked(bench, "map", {"tokens": tokens, "focus": arguments.get("focus", [])})
    return Result("\n".join([found["map"], *_weak(found["index"])]), facts={"index": found["index"]["root"][:16]})


SEARCH = offer(
    "search",
    "Find code by what it does, by a name or by an error text (query), or code like that at FILE:LINE (like). "
    "The best places first; for exact text use `find`.",
    {"query": text_property(), "like": text_property("FILE:LINE"), "offset": number_property()},
    required=(),
    example={"query": "retry when the connection is refused"},
    work=_search,
)
SYMBOL = offer(
    "symbol",
    "Where a name is defined (name), or all definitions in a file (path).",
    {"name": text_property("e.g. parse_date or Calendar.add"), "path": text_property(), "offset": number_property()},
    required=(),
    example={"name": "Calendar.add"},
    work=_symbol,
)
REFERENCES = offer(
    "references",
    "Who uses a definition: all places, or only who calls it; or (callees) what it calls.",
    {
        "name": text_property(),
        "kind": {"type": "string", "enum": ["references", "callers", "callees"]},
        "offset": number_property(),
    },
    required=("name",),
    example={"name": "Calendar.add", "kind": "callers"},
    work=_references,
)
IMPACT = offer(
    "impact",
    "What your changes since the last commit reach: tests first, then callers and their callers.",
    {"offset": number_property()},
    required=(),
    example={},
    work=_impact,
)
MAP = offer(
    "map",
    "The repository's most used files and definitions, nearest to the files in focus.",
    {"focus": {"type": "array", "items": {"type": "string"}}, "tokens": number_property()},
    required=(),
    example={"focus": ["src/calendar.py"]},
    work=_map,
)
