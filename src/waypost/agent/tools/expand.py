"""The tool `expand`."""

from __future__ import annotations

from waypost.agent.tools.bench import Bench, number_property, offer, text_property
from waypost.agent.tools.result import Result, ToolError
from waypost.agent.tools.view import lines_of, page
from waypost.wires.conversation import Json


async def _work(arguments: Json, bench: Bench) -> Result:
    handle: str = arguments["handle"]
    whole = await bench.expand(handle.strip())
    if whole is None:
        raise ToolError(f"{handle}: no such handle; use one as it was shown, or run the command again")
    lines = lines_of(whole)
    first, last = (
        max(1, int(arguments.get("start", 1))),
        min(len(lines), int(arguments.get("end", len(lines)))),
    )
    if first > max(1, last):
        raise ToolError(f"{handle} has {len(lines)} lines; start={first} lies beyond them or after end")
    shown = page(lines, first, last, bench.shown)
    more = f"; go on with start={shown.last + 1}" if shown.last < last else ""
    text = f"{shown.text}\n[lines {first}-{shown.last} of {len(lines)}{more}]"
    return Result(text, facts={"handle": handle, "first": first, "last": shown.last, "lines": len(lines)})


EXPAND = offer(
    "expand",
    "Show again what was shortened or folded away under a handle.",
    {"handle": text_property(), "start": number_property("first line"), "end": number_property("last line")},
    required=("handle",),
    example={"handle": "h12", "start": 1, "end": 80},
    work=_work,
)
