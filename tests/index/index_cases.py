"""A parsed file as text, for golden files that people can read."""

from __future__ import annotations

from waypost.index.model import Parsed


def as_text(parsed: Parsed) -> str:
    """All of a `Parsed`, one thing a line."""
    lines = [f"{parsed.language} {parsed.status} {parsed.lines} lines {parsed.why}".rstrip(), "", "symbols"]
    for one in parsed.symbols:
        around = f" in {parsed.symbols[one.parent].qualified}" if one.parent >= 0 else ""
        lines.append(f"  {one.start_line}-{one.end_line} @{one.name_line} {one.kind} {one.qualified}{around}")
    lines += ["", "imports"]
    for taken in parsed.imports:
        alias = f" as {taken.alias}" if taken.alias else ""
        lines.append(f"  {taken.line} {taken.module} {taken.name or '(whole)'}{alias}")
    lines += ["", "references"]
    for used in parsed.references:
        inside = f" in {parsed.symbols[used.inside].qualified}" if used.inside >= 0 else ""
        qualifier = f"{used.qualifier} | " if used.qualifier else ""
        lines.append(f"  {used.line}:{used.column} {used.kind} {qualifier}{used.name}{inside}")
    lines += ["", "chunks"]
    lines += [f"  {one.start_line}-{one.end_line} {one.kind} {one.name}".rstrip() for one in parsed.chunks]
    return "\n".join(lines) + "\n"


def uncovered(parsed: Parsed, text: bytes) -> list[int]:
    """Lines that are not blank and stand in no chunk."""
    covered = {line for chunk in parsed.chunks for line in range(chunk.start_line, chunk.end_line + 1)}
    lines = text.split(b"\n")
    return [number for number, line in enumerate(lines, 1) if line.strip() and number not in covered]


def outside(parsed: Parsed) -> list[object]:
    """All that claims lines which the file doesn't have, or a parent that doesn't come before it."""
    last = parsed.lines
    found: list[object] = []
    for position, symbol in enumerate(parsed.symbols):
        fits = 1 <= symbol.start_line <= symbol.name_line <= last and symbol.start_line <= symbol.end_line <= last
        if not fits or not -1 <= symbol.parent < position:
            found.append(symbol)
    count = len(parsed.symbols)
    found += [one for one in parsed.references if not (1 <= one.line <= last and -1 <= one.inside < count)]
    found += [one for one in parsed.imports if not 1 <= one.line <= last]
    found += [one for one in parsed.chunks if not 1 <= one.start_line <= one.end_line <= last]
    found += [one for one in parsed.chunks if not -1 <= one.symbol < count]
    return found
