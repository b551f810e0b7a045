"""Which line of an older text a line of a newer one is: honest about what can be read in several ways."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waypost.trace.lines import is_significant

NEW = -1
"""In the place of an older line's index: the line was not there."""
MOST = 12
"""Readings of one line; with more, it can't be told."""
Bounds = tuple[int, int, int, int]


@dataclass(slots=True)
class Alignment:
    """For each newer line (by index) the older lines that it can be.

    One index is an answer. Several are readings that no text can tell apart, as where a block was put between
    equal lines. `NEW` stands for a line that was not there. Nothing at all: the line can't be told.
    """

    readings: list[tuple[int, ...]]

    def only(self, new: int) -> int | None:
        """The one older line that this newer one is; None where it is new or can't be told."""
        found = self.readings[new]
        return found[0] if len(found) == 1 and found[0] != NEW else None


def align(old: Sequence[str], new: Sequence[str]) -> Alignment:
    """Aligns two texts by their lines, whose leading and trailing white space counts for nothing.

    Telling lines that stand once in both are anchors, and again between anchors (Bram Cohen's patience diff). What
    lies between two neighbouring anchors is either the same in both, or its equal lines are as good as each other.
    """
    work = _Work([line.strip() for line in old], [line.strip() for line in new])
    for bounds in work.leaves():
        work.read(*bounds)
    return Alignment(work.readings)


class _Work:
    def __init__(self, old: list[str], new: list[str]) -> None:
        self.old, self.new = old, new
        self.readings: list[tuple[int, ...]] = [(NEW,)] * len(new)
        self.telling = {line: is_significant(line) for line in {*old, *new}}

    def leaves(self) -> Iterator[Bounds]:
        """Splits the texts at anchors until there are none; a stack in place of recursion."""
        todo: list[Bounds] = [(0, len(self.old), 0, len(self.new))]
        while todo:
            a, a_end, b, b_end = todo.pop()
            if b == b_end:
                continue
            anchors = [] if self.old[a:a_end] == self.new[b:b_end] else self._anchors(a, a_end, b, b_end)
            if not anchors:
                yield a, a_end, b, b_end
                continue
            for anchor_a, anchor_b in anchors:
                self.readings[anchor_b] = (anchor_a,)
                todo.append((a, anchor_a, b, anchor_b))
                a, b = anchor_a + 1, anchor_b + 1
            todo.append((a, a_end, b, b_end))

    def _anchors(self, a: int, a_end: int, b: int, b_end: int) -> list[tuple[int, int]]:
        """Lines that stand once in both, in an order that both have (the longest increasing run of them)."""
        in_old, in_new = Counter(self.old[a:a_end]), Counter(self.new[b:b_end])
        where = {line: i for i in range(a, a_end) if in_old[line := self.old[i]] == 1 and self.telling[line]}
        pairs = [(where[line], j) for j in range(b, b_end) if in_new[line := self.new[j]] == 1 and line in where]
        tails: list[int] = []
        chain: list[int] = []
        before: list[int] = []
        for number, (i, _) in enumerate(pairs):
            at = bisect_left(tails, i)
            before.append(chain[at - 1] if at else NEW)
            if at == len(tails):
                tails.append(i)
                chain.append(number)
            else:
                tails[at], chain[at] = i, number
        found: list[tuple[int, int]] = []
        number = chain[-1] if chain else NEW
        while number != NEW:
            found.append(pairs[number])
            number = before[number]
        return found[::-1]

    def read(self, a: int, a_end: int, b: int, b_end: int) -> None:
        """Tells the lines between two anchors, of which none is an anchor itself."""
        old, new = self.old[a:a_end], self.new[b:b_end]
        if old == new:
            self.readings[b:b_end] = [(a + index,) for index in range(len(new))]
            return
        places: dict[str, list[int]] = {}
        for index, line in enumerate(old):
            places.setdefault(line, []).append(a + index)
        counted = Counter(new)
        is_one_kind = _is_within(old, new) or _is_within(new, old)
        for index, line in enumerate(new):
            found = places.get(line, [])
            may_be_new = counted[line] > len(found) or not (is_one_kind or self.telling[line])
            readings = (*found, NEW) if may_be_new else tuple(found)
            self.readings[b + index] = readings if len(readings) <= MOST else ()


def _is_within(few: Sequence[str], many: Sequence[str]) -> bool:
    """Whether the one is the other with lines left out: nothing was put in where something was taken out."""
    rest = iter(many)
    return all(line in rest for line in few)
