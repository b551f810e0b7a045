"""Cutting lines into windows: for files without a grammar, and for what is left between symbols."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.index.languages.naming import language_of
from waypost.index.model import Chunk, Parsed, Status

WINDOW_LINES = 40
SLACK_LINES = 12
"""How far before its last line a window may end early, to end at a blank line."""


def windows(blank: Sequence[bool], first: int, last: int, size: int = WINDOW_LINES) -> list[tuple[int, int]]:
    """Cut lines `first` to `last` (from 1) into windows of at most `size`, at blank lines where there are any.

    `blank[n]` tells whether line `n + 1` is blank. Windows neither begin nor end with a blank line; each line
    that is not blank is in exactly one.
    """
    found: list[tuple[int, int]] = []
    start = _next_full(blank, first, last)
    while start <= last:
        end = min(start + size - 1, last)
        if end < last:
            end = _cut(blank, start, end)
        stop = end
        while blank[stop - 1]:
            stop -= 1
        found.append((start, stop))
        start = _next_full(blank, end + 1, last)
    return found


def _next_full(blank: Sequence[bool], line: int, last: int) -> int:
    while line <= last and blank[line - 1]:
        line += 1
    return line


def _cut(blank: Sequence[bool], start: int, end: int) -> int:
    """The last blank line within the slack before `end`, or `end`."""
    for line in range(end, max(start, end - SLACK_LINES), -1):
        if blank[line - 1]:
            return line
    return end


def windowed(language: str, text: bytes, why: str, status: Status = "windows") -> Parsed:
    """A file cut into windows without a grammar."""
    blank = blank_lines(text)
    chunks = tuple(Chunk(start, end, "window") for start, end in windows(blank, 1, len(blank)))
    return Parsed(language, status, len(blank), chunks=chunks, why=why)


def quarantined(path: str, text: bytes, why: str) -> Parsed:
    """What stands in for a file on which its grammar hung or crashed; no grammar is touched."""
    return windowed(language_of(path, text), text, why, "quarantined")


def blank_lines(text: bytes) -> list[bool]:
    """Whether each line is blank; a line ends with a line feed only."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [not line or line.isspace() for line in lines]
