"""Cutting a file into chunks along its symbols: what search returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from waypost.index.defining import CLASSES, FUNCTIONS, METHODS_IN
from waypost.index.model import Chunk, Symbol
from waypost.index.windows import windows

SMALL_CLASS = 40
"""Lines up to which a class is one chunk."""
LONG_FUNCTION = 90
"""Lines from which a function is cut."""
FUNCTION_WINDOW = 60

UNITS = FUNCTIONS | CLASSES | {"type", "section", "table", "view", "program", "division", "paragraph", "file"}
"""Kinds of symbols that are chunks of their own if they take more than one line; single lines go with the rest."""


def chunks_of(symbols: Sequence[Symbol], weights: Sequence[int]) -> tuple[Chunk, ...]:
    """Chunks in the order of their lines; each line that is not blank is in one.

    `weights` are as `windows.weights_of` gives them; what only closes something goes with what stands before it.
    """
    found: list[Chunk] = []
    for unit, first, last in _runs(symbols, len(weights)):
        if found and 1 in weights[first - 1 : last] and 2 not in weights[first - 1 : last]:
            closing = max(line for line in range(first, last + 1) if weights[line - 1])
            found[-1] = replace(found[-1], end_line=closing)
        else:
            found.extend(_cut(symbols, unit, first, last, weights))
    return tuple(found)


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
    small = symbol.kind in METHODS_IN and symbol.end_line - symbol.start_line < SMALL_CLASS
    if within or symbol.kind in FUNCTIONS or small:
        whole.add(position)
    return symbol.kind in UNITS and symbol.end_line > symbol.start_line and not within


def _cut(symbols: Sequence[Symbol], unit: int, first: int, last: int, weights: Sequence[int]) -> Iterator[Chunk]:
    if unit < 0:
        for start, end in windows(weights, first, last):
            yield Chunk(start, end, "window")
        return
    symbol = symbols[unit]
    size = LONG_FUNCTION if last - first < LONG_FUNCTION else FUNCTION_WINDOW
    for start, end in windows(weights, first, last, size):
        is_it = symbol.kind not in CLASSES or start <= symbol.name_line <= end
        yield Chunk(start, end, symbol.kind if is_it else "window", symbol.qualified, unit)
