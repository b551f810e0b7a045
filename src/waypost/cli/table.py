"""Aligned columns for terminals and pipes alike, without the cost of loading a layout library."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from waypost.cli.words import columns, cut, one_line

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def is_coloured(stream: TextIO | None = None) -> bool:
    """Whether the stream is a terminal that wants colours (https://no-color.org)."""
    stream = stream or sys.stdout
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str) -> str:
    """The text in a style of STYLES, where standard output shows styles."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and is_coloured() else text


def width() -> int:
    """Columns of the terminal; plenty where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 160


def rows(
    head: Sequence[str],
    body: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    styles: Sequence[Sequence[str]] = (),
    flexible: int = 1,
) -> list[str]:
    """Lines of a table. Columns in `right` are right-aligned; the `flexible` one gives way on narrow terminals."""
    cells = [[one_line(cell) for cell in row] for row in body]
    widths = [max(columns(row[index]) for row in (head, *cells)) for index in range(len(head))]
    over = sum(widths) + 2 * (len(widths) - 1) - width()
    if over > 0:
        widths[flexible] = max(8, widths[flexible] - over)
    lines = [styled(_row(head, widths, right), "dim")]
    for number, row in enumerate(cells):
        lines.append(_row(row, widths, right, styles[number] if number < len(styles) else ()))
    return lines


def _row(row: Sequence[str], widths: Sequence[int], right: Sequence[int], styles: Sequence[str] = ()) -> str:
    shown = []
    for index, cell in enumerate(row):
        text = cut(cell, widths[index])
        space = " " * (widths[index] - columns(text))
        text = styled(text, styles[index]) if index < len(styles) and styles[index] else text
        shown.append(space + text if index in right else text + space)
    return "  ".join(shown).rstrip()
