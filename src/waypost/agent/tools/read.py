"""The tool `read`."""

from __future__ import annotations

import os

from waypost.agent.tools.bench import Bench, number_property, offer, text_property
from waypost.agent.tools.files import decoded, digest, read_bytes
from waypost.agent.tools.paths import Place, to_read
from waypost.agent.tools.reads import Span
from waypost.agent.tools.result import Result, ToolError
from waypost.agent.tools.view import lines_of, page, printable
from waypost.wires.conversation import Json

_MOST_ENTRIES = 200
_WORTH_A_POINTER = 400


async def _work(arguments: Json, bench: Bench) -> Result:
    place = to_read(arguments["path"], bench)
    if place.path.is_dir():
        return _folder(place)
    data = read_bytes(place, bench)
    lines = lines_of(decoded(data, place.shown).text)
    if not lines:
        return Result(f"{place.shown} is empty", facts={"path": place.shown, "lines": 0})
    wanted = _wanted(arguments, len(lines), place)
    name = digest(data)
    shown = page(lines, wanted.first, wanted.last, bench.shown)
    span = Span(wanted.first, shown.last)
    facts = {"path": place.shown, "first": span.first, "last": span.last, "lines": len(lines), "sha256": name}
    step = bench.reads.is_current(place.shown, name, span)
    if step is not None and len(shown.text) > _WORTH_A_POINTER and bench.reads.may_point(place.shown, name, span):
        text = f"{place.shown} lines {span.first}-{span.last}: unchanged since step {step}, shown there"
        return Result(text, facts={**facts, "unchanged_since": step})
    bench.reads.remember(place.shown, name, span, bench.reads.step)
    return Result(shown.text + _foot(span, wanted, len(lines)), facts=facts)


def _wanted(arguments: Json, count: int, place: Place) -> Span:
    first = max(1, int(arguments.get("start", 1)))
    last = min(count, int(arguments.get("end", count)))
    last = last if last > 0 else count  # 0 and -1 are other tools' "to the end"
    if first > count:
        raise ToolError(f"{place.shown} has {count} lines; start={first} is beyond its end")
    if last < first:
        raise ToolError(f"end={arguments.get('end')} lies before start={first}; {place.shown} has {count} lines")
    return Span(first, last)


def _foot(span: Span, wanted: Span, count: int) -> str:
    if span.last < wanted.last:
        return f"\n[lines {span.first}-{span.last} of {count}; go on with start={span.last + 1}]"
    if (span.first, span.last) != (1, count):
        return f"\n[lines {span.first}-{span.last} of {count}]"
    return ""


def _folder(place: Place) -> Result:
    with os.scandir(place.path) as entries:
        names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in entries)
    names = [printable(name) for name in names if name not in {".git", ".git/"}]
    more = len(names) - _MOST_ENTRIES
    listed = names[:_MOST_ENTRIES] + ([f"… {more} more; narrow with `find`"] if more > 0 else [])
    head = f"{place.shown}/ holds {len(names)} entries:"
    return Result("\n".join([head, *listed]), facts={"path": place.shown, "entries": len(names)})


READ = offer(
    "read",
    "Show a file's lines, numbered, or a folder's entries.",
    {"path": text_property(), "start": number_property("first line"), "end": number_property("last line")},
    required=("path",),
    example={"path": "src/app.py", "start": 40, "end": 90},
    work=_work,
)
