"""Which line of an older text a line of a newer one is: patience, and honest about what can be read in two ways."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

NEW = -1
"""In the place of an older line's index: the line was not there."""


@dataclass(slots=True)
class Alignment:
    """For each newer line (by index) the older lines that it can be.

    One index is an answer. Two are two readings that no text can tell apart, as where a block was put between
    equal lines. `NEW` stands for a line that was not there. Nothing at all: the line can't be told.
    """

    readings: list[tuple[int, ...]]

    def only(self, new: int) -> int | None:
        """The one older line that this newer one is; None where it is new or can't be told."""
        found = self.readings[new]
        return found[0] if len(found) == 1 and found[0] != NEW else None


def align(old: Sequence[str], new: Sequence[str]) -> Alignment:
    """Aligns two texts by their lines, whose leading and trailing white space counts for nothing.

    Lines that stand once in both anchor the rest (Bram Cohen's patience diff); between anchors equal lines are
    taken from both ends. Where the choice was arbitrary, both readings are kept.
    """
    work = _Work([line.strip() for line in old], [line.strip() for line in new])
    work.region(0, len(old), 0, len(new))
    work.slide_new()
    work.slide_gone()
    return Alignment([work.told(index) for index in range(len(new))])


class _Work:
    def __init__(self, old: list[str], new: list[str]) -> None:
        self.old, self.new = old, new
        self.partner = [NEW] * len(new)
        self.other: dict[int, int] = {}
        """A second reading, by newer line."""
        self.untold: set[int] = set()

    def told(self, index: int) -> tuple[int, ...]:
        if index in self.untold:
            return ()
        first = self.partner[index]
        second = self.other.get(index, first)
        return (first,) if first == second else (first, second)

    def region(self, a: int, a_end: int, b: int, b_end: int) -> None:
        """Pairs what is equal between these bounds, outermost first; a stack in place of recursion."""
        todo = [(a, a_end, b, b_end)]
        while todo:
            a, a_end, b, b_end = self._ends(*todo.pop())
            if a == a_end or b == b_end:
                continue
            anchors = self._anchors(a, a_end, b, b_end)
            if not anchors:
                self._mark_unclear(a, a_end, b, b_end)
                continue
            for anchor_a, anchor_b in anchors:
                self.partner[anchor_b] = anchor_a
                todo.append((a, anchor_a, b, anchor_b))
                a, b = anchor_a + 1, anchor_b + 1
            todo.append((a, a_end, b, b_end))

    def _ends(self, a: int, a_end: int, b: int, b_end: int) -> tuple[int, int, int, int]:
        while a < a_end and b < b_end and self.old[a] == self.new[b]:
            self.partner[b] = a
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and self.old[a_end - 1] == self.new[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            self.partner[b_end] = a_end
        return a, a_end, b, b_end

    def _anchors(self, a: int, a_end: int, b: int, b_end: int) -> list[tuple[int, int]]:
        """Lines that stand once in both, in an order that both have (the longest increasing run of them)."""
        in_old, in_new = Counter(self.old[a:a_end]), Counter(self.new[b:b_end])
        where = {self.old[i]: i for i in range(a, a_end) if in_old[self.old[i]] == 1}
        pairs = [(where[key], j) for j in range(b, b_end) if in_new[key := self.new[j]] == 1 and key in where and key]
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

    def _mark_unclear(self, a: int, a_end: int, b: int, b_end: int) -> None:
        """No anchor: a line whose text the older part holds as well can't be told."""
        there = set(self.old[a:a_end])
        self.untold.update(j for j in range(b, b_end) if self.new[j] in there)

    def slide_new(self) -> None:
        """A block of new lines that could as well have been put a little higher or lower."""
        start = 0
        while start < len(self.new):
            if self.partner[start] != NEW or start in self.untold:
                start += 1
                continue
            end = start
            while end < len(self.new) and self.partner[end] == NEW and end not in self.untold:
                end += 1
            self._slide(start, end)
            start = end

    def _slide(self, start: int, end: int) -> None:
        new = self.new
        low, high = start - 1, end - 1
        while low >= 0 and self.partner[low] != NEW and new[low] == new[high]:
            self._swap(low, high)
            low, high = low - 1, high - 1
        low, high = start, end
        while high < len(new) and self.partner[high] != NEW and new[low] == new[high]:
            self._swap(high, low)
            low, high = low + 1, high + 1

    def _swap(self, paired: int, added: int) -> None:
        """Which of two equal lines is the old one can't be told."""
        if paired in self.other or added in self.other:
            self.untold.update((paired, added))
            return
        self.other[paired] = NEW
        self.other[added] = self.partner[paired]

    def slide_gone(self) -> None:
        """A block of older lines that is gone, and could as well have gone a little higher or lower."""
        last, last_new = NEW, NEW
        for j, i in enumerate([*self.partner, len(self.old)]):
            if i == NEW:
                continue
            start, end = last + 1, i
            if start < end:
                self._slide_gone(start, end, last_new, j)
            last, last_new = i, j

    def _slide_gone(self, start: int, end: int, above: int, below: int) -> None:
        old, partner = self.old, self.partner
        low, high, j = start - 1, end - 1, above
        while low >= 0 and j >= 0 and partner[j] == low and old[low] == old[high]:
            self._second(j, high)
            low, high, j = low - 1, high - 1, j - 1
        low, high, j = start, end, below
        while high < len(old) and j < len(partner) and partner[j] == high and old[low] == old[high]:
            self._second(j, low)
            low, high, j = low + 1, high + 1, j + 1

    def _second(self, index: int, reading: int) -> None:
        if self.other.get(index, reading) != reading:
            self.untold.add(index)
        self.other[index] = reading
