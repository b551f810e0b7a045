"""Lines of files as the model sees them: numbered, cut to a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CONTEXT = 3
_LONGEST_LINE = 2_000


def lines_of(text: str) -> list[str]:
    """The lines as editors count them: ended by `\\n` alone."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def printable(text: str) -> str:
    """A text that UTF-8 can hold: bytes that were none become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def numbered(number: int, line: str, limit: int = _LONGEST_LINE) -> str:
    """One line with its number, cut if it is very long."""
    line = line.removesuffix("\r")
    if len(line) > limit:
        line = f"{line[:limit]}… {len(line) - limit:,} characters left out of this line"
    return f"{number}\t{printable(line)}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines; `last` is the number of the last one shown."""

    text: str
    last: int


def page(lines: Sequence[str], first: int, last: int, limit: int) -> Page:
    """The lines from `first` to `last`, as many as `limit` characters hold, at least one."""
    shown: list[str] = []
    size, number = 0, first - 1
    for number in range(first, min(last, len(lines)) + 1):
        line = numbered(number, lines[number - 1], min(_LONGEST_LINE, limit))
        size += len(line) + 1
        if size > limit and shown:
            return Page("\n".join(shown), number - 1)
        shown.append(line)
    return Page("\n".join(shown), number)


def in_place(lines: Sequence[str], changed: Iterable[tuple[int, int]], limit: int) -> str:
    """The changed lines with three lines around them.

    `changed` are pairs (first, count) in the new text, lines counted from 0; a count of 0 is a deletion.
    """
    wanted = sorted(
        {
            number
            for first, count in changed
            for number in range(max(0, first - _CONTEXT), min(len(lines), first + count + _CONTEXT))
        }
    )
    shown: list[str] = []
    size, before = 0, -1
    for position, number in enumerate(wanted):
        line = numbered(number + 1, lines[number], 300)
        size += len(line) + 1
        if size > limit:
            shown.append(f"… {len(wanted) - position} more lines")
            break
        if shown and number > before + 1:
            shown.append("…")
        shown.append(line)
        before = number
    return "\n".join(shown)
