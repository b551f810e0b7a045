"""Cutting lines into windows: for files without a grammar, and for what is left between symbols."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.index.languages.naming import language_of
from waypost.index.model import Chunk, Parsed, Status

WINDOW_LINES = 40
CLOSING = frozenset(b"} ) ] }; ); ]; }, ), ], }) }); )) )); ]) ]); )] )} }} end end; end) fi done esac */".split())
"""Lines that only close something."""
SLACK_LINES = 12
"""How far before its last line a window may end early, to end at a blank line."""


def windows(weights: Sequence[int], first: int, last: int, size: int = WINDOW_LINES) -> list[tuple[int, int]]:
    """Cut lines `first` to `last` (from 1) into windows of at most `size`, at blank lines where there are any.

    `weights[n]` is 0 when line `n + 1` is blank. Windows neither begin nor end with a blank line; each line
    that is not blank is in exactly one.
    """
    found: list[tuple[int, int]] = []
    start = _next_full(weights, first, last)
    while start <= last:
        end = min(start + size - 1, last)
        if end < last:
            end = _cut(weights, start, end)
        stop = end
        while not weights[stop - 1]:
            stop -= 1
        found.append((start, stop))
        start = _next_full(weights, end + 1, last)
    return found


def _next_full(weights: Sequence[int], line: int, last: int) -> int:
    while line <= last and not weights[line - 1]:
        line += 1
    return line


def _cut(weights: Sequence[int], start: int, end: int) -> int:
    """The last blank line within the slack before `end`, or `end`."""
    for line in range(end, max(start, end - SLACK_LINES), -1):
        if not weights[line - 1]:
            return line
    return end


def windowed(language: str, text: bytes, why: str, status: Status = "windows") -> Parsed:
    """A file cut into windows without a grammar."""
    weights = weights_of(text)
    chunks = tuple(Chunk(start, end, "window") for start, end in windows(weights, 1, len(weights)))
    return Parsed(language, status, len(weights), chunks=chunks, why=why)


def quarantined(path: str, text: bytes, why: str) -> Parsed:
    """What stands in for a file on which its grammar hung or crashed; no grammar is touched."""
    return windowed(language_of(path, text), text, why, "quarantined")


def weights_of(text: bytes) -> list[int]:
    """What each line is worth: 0 for a blank one, 1 for one that only closes something, 2 for the others.

    A line ends with a line feed only.
    """
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [0 if not (rest := line.strip()) else 1 if rest in CLOSING else 2 for line in lines]
