"""Cutting a file into chunks along its symbols: what search returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.index.defining import CLASSES, FUNCTIONS
from waypost.index.model import Chunk, Symbol
from waypost.index.windows import windows

SMALL_CLASS = 40
"""Lines up to which a class is one chunk."""
LONG_FUNCTION = 90
"""Lines from which a function is cut."""
FUNCTION_WINDOW = 60

UNITS = FUNCTIONS | CLASSES | {"type", "section", "table", "view", "heading"}


def chunks_of(symbols: Sequence[Symbol], blank: Sequence[bool]) -> tuple[Chunk, ...]:
    """Chunks in the order of their lines; each line that is not blank is in at least one.

    `blank[n]` tells whether line `n + 1` is blank.
    """
    runs = _runs(symbols, len(blank))
    return tuple(chunk for unit, first, last in runs for chunk in _cut(symbols, unit, first, last, blank))


def _runs(symbols: Sequence[Symbol], lines: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of lines with the position of the innermost unit that owns them, -1 for none."""
    line = 1
    open_ones: list[int] = []
    whole: set[int] = set()
    for position, symbol in enumerate(symbols):
        if not _is_unit(position, symbols, whole):
            continue
        while open_ones and symbols[open_ones[-1]].end_line < symbol.start_line:
            closed = open_ones.pop()
            if symbols[closed].end_line >= line:
                yield closed, line, symbols[closed].end_line
                line = symbols[closed].end_line + 1
        if symbol.start_line > line:
            yield open_ones[-1] if open_ones else -1, line, symbol.start_line - 1
            line = symbol.start_line
        if symbol.end_line >= line:
            open_ones.append(position)
    while open_ones:
        closed = open_ones.pop()
        if symbols[closed].end_line >= line:
            yield closed, line, symbols[closed].end_line
            line = symbols[closed].end_line + 1
    if line <= lines:
        yield -1, line, lines


def _is_unit(position: int, symbols: Sequence[Symbol], whole: set[int]) -> bool:
    """Whether a symbol gets lines of its own; `whole` collects those whose inside doesn't."""
    symbol = symbols[position]
    within = symbol.parent in whole
    small = symbol.kind in CLASSES and symbol.end_line - symbol.start_line < SMALL_CLASS
    if within or symbol.kind in FUNCTIONS or small:
        whole.add(position)
    return symbol.kind in UNITS and not within


def _cut(symbols: Sequence[Symbol], unit: int, first: int, last: int, blank: Sequence[bool]) -> Iterator[Chunk]:
    if unit < 0:
        for start, end in windows(blank, first, last):
            yield Chunk(start, end, "window")
        return
    symbol = symbols[unit]
    size = LONG_FUNCTION if last - first < LONG_FUNCTION else FUNCTION_WINDOW
    for start, end in windows(blank, first, last, size):
        is_it = symbol.kind not in CLASSES or start <= symbol.name_line <= end
        yield Chunk(start, end, symbol.kind if is_it else "window", symbol.qualified, unit)
