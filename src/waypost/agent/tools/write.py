"""The tool `write`."""

from __future__ import annotations

from waypost.agent.tools.bench import Bench, offer, text_property
from waypost.agent.tools.files import FileChange, apply_changes, read_bytes
from waypost.agent.tools.paths import to_change
from waypost.agent.tools.result import Result
from waypost.agent.tools.view import lines_of
from waypost.wires.conversation import Json


async def _work(arguments: Json, bench: Bench) -> Result:
    from waypost.agent.tools.syntax import warning

    place = to_change(arguments["path"], bench)
    text: str = arguments["text"]
    before = read_bytes(place, bench) if place.path.exists() else None
    after = text.encode()
    lines = len(lines_of(text))
    facts = {"path": place.shown, "lines": lines, "created": before is None}
    if before == after:
        return Result(f"{place.shown} holds this text already: nothing changed", facts=facts)
    apply_changes([FileChange(place.path, before, after)])
    was = None if before is None else before.decode("utf-8", "replace")
    told = f"{'created' if before is None else 'replaced'} {place.shown}: {lines} lines"
    if was is not None:
        told += f" (it had {len(lines_of(was))})"
    problem = warning(place.shown, was, text)
    return Result(f"{told}\n{problem}" if problem else told, facts={**facts, "parses": not problem})


WRITE = offer(
    "write",
    "Create a file or replace all of it. For changes in a file use `edit`.",
    {"path": text_property(), "text": text_property()},
    required=("path", "text"),
    example={"path": "src/app.py", "text": "def main() -> None:\n    ...\n"},
    work=_work,
    changes_tree=True,
)
