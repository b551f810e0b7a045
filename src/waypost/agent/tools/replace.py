"""Exact replacement in a text."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.agent.tools.closest import closest, holds_line_numbers, shown_beside
from waypost.agent.tools.result import ToolError
from waypost.agent.tools.view import lines_of

_MOST_PLACES = 12


@dataclass(frozen=True, slots=True)
class Replaced:
    """A new text; `changed` are pairs (first line from 0, count of lines) in it."""

    text: str
    changed: tuple[tuple[int, int], ...]


def replaced(text: str, old: str, new: str, *, everywhere: bool, shown: str) -> Replaced:
    """The text with `old` replaced. Raises ToolError unless it stands there once (or at all, for everywhere).

    `shown` is the file's name in the error's text.
    """
    if "\r" not in text:
        old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if not old:
        raise ToolError("old is empty; to create a file or fill an empty one use `write`")
    if old == new:
        raise ToolError("old and new are the same: nothing to change")
    count = text.count(old)
    if not count:
        raise ToolError(_not_found(text, old, new, shown))
    if count > 1 and not everywhere:
        raise ToolError(_too_many(text, old, count, shown))
    pieces = text.split(old)
    changed, line = [], 0
    for piece in pieces[:-1]:
        line += piece.count("\n")
        changed.append((line, new.count("\n") + (1 if new and not new.endswith("\n") else 0)))
        line += new.count("\n")
    return Replaced(new.join(pieces), tuple(changed))


def _too_many(text: str, old: str, count: int, shown: str) -> str:
    lines, position = [], -1
    for _ in range(min(count, _MOST_PLACES)):
        position = text.find(old, position + 1 if position < 0 else position + len(old))
        lines.append(str(text.count("\n", 0, position) + 1))
    places = ", ".join(lines) + (" …" if count > _MOST_PLACES else "")
    return (
        f"{shown}: old stands there {count} times (lines {places}); "
        f"add neighbouring lines so that it is unique, or set all=true"
    )


def _not_found(text: str, old: str, new: str, shown: str) -> str:
    head = f"{shown}: old is not in the file; nothing was changed"
    wanted, lines = lines_of(old), lines_of(text)
    if holds_line_numbers(wanted):
        return f"{head}. It begins with line numbers as `read` shows them: leave the numbers out"
    if len(new.strip()) > 3 and new in text:
        return f"{head}. But new stands there already: this edit seems to have been made before"
    place = closest(wanted, lines)
    if place is None:
        return f"{head}, and nothing like it. `read` the file or `find` the place first"
    why = f": {place.why}" if place.why else ""
    return f"{head}. Closest is line {place.first + 1}{why} (- as you gave it, + as the file has it):\n" + shown_beside(
        wanted, lines, place
    )
