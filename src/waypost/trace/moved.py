"""Lines that a person moved: taken out in one place and put into another by the same commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waypost.trace.align import align
from waypost.trace.lines import is_significant
from waypost.trace.objects import Hunk, Objects


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1, in a commit."""

    commit: str
    path: str
    line: int


def moved_from(objects: Objects, commit: str, path: str, lines: Iterable[int]) -> dict[int, Place]:
    """Where lines of a file (counted from 1) that the commit put in had stood before, in the commit's parent.

    Copies are no moves: only what the same commit took out counts. A single line must be the only one of its text;
    more than one must hold together.
    """
    facts = objects.commit(commit)
    if len(facts.parents) != 1:
        return {}
    gone, put = objects.changes(commit)
    wanted = set(lines)
    found: dict[int, list[tuple[int, str, int]]] = {}
    once = _once(gone) & _once(put)
    for block in put:
        numbers = range(block.first, block.first + len(block.lines))
        if block.path != path or wanted.isdisjoint(numbers):
            continue
        for source in gone:
            for size, there, here in _together(source.lines, block.lines, once):
                found.setdefault(block.first + here, []).append((size, source.path, source.first + there))
    best = {line: _longest(places) for line, places in found.items() if line in wanted}
    return {line: Place(facts.parents[0], *place) for line, place in best.items() if place is not None}


def _longest(places: Sequence[tuple[int, str, int]]) -> tuple[str, int] | None:
    """The place in the longest run of lines that moved together; None where two are as long."""
    longest = max(size for size, _, _ in places)
    found = {(path, line) for size, path, line in places if size == longest}
    return next(iter(found)) if len(found) == 1 else None


def _once(hunks: Sequence[Hunk]) -> set[str]:
    counted = Counter(line.strip() for hunk in hunks for line in hunk.lines)
    return {line for line, count in counted.items() if count == 1}


def _together(old: Sequence[str], new: Sequence[str], once: set[str]) -> Iterable[tuple[int, int, int]]:
    """Pairs of lines in runs that say enough, each with its run's length."""
    aligned = align(old, new)
    pairs = [(there, here) for here in range(len(new)) if (there := aligned.only(here)) is not None]
    run: list[tuple[int, int]] = []
    for pair in [*pairs, (-9, -9)]:
        if run and (pair[0] != run[-1][0] + 1 or pair[1] != run[-1][1] + 1):
            telling = _telling(run, new, once)
            yield from ((len(telling), there, here) for there, here in telling)
            run = []
        run.append(pair)


def _telling(run: list[tuple[int, int]], new: Sequence[str], once: set[str]) -> list[tuple[int, int]]:
    """The part of a run that moved for certain: from its first telling line to its last, and what touches them."""
    telling = [number for number, (_, here) in enumerate(run) if is_significant(new[here])]
    if not telling or (len(telling) == 1 and new[run[telling[0]][1]].strip() not in once):
        return []
    first, last = telling[0], telling[-1]
    while first > 0 and new[run[first - 1][1]].strip():
        first -= 1
    while last < len(run) - 1 and new[run[last + 1][1]].strip():
        last += 1
    return run[first : last + 1]
