"""Lines found again by their text and their neighbours', where neither a trailer nor a note says where they came from.

The index is made of what the milestones' commits of all runs put in, when it is first needed. A line counts
by its text only together with a neighbour's, only where that stands in one place of the log, and never where it is
empty of meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from waypost.trace.lines import is_binary, is_significant, lines_of, text_of
from waypost.trace.objects import Objects
from waypost.trace.sources import Source, Sources

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Match:
    """A line, counted from 0, of a file in a milestone's tree."""

    source: Source
    path: str
    line: int


@dataclass(slots=True)
class LineIndex:
    """Where pairs of neighbouring lines stand in the states that runs left."""

    objects: Objects
    sources: Sources
    _places: dict[Key, dict[str, Match | None]] | None = None
    _older: dict[Key, dict[str, Match | None]] = field(default_factory=dict)
    """Places of lines that later milestones took out."""
    _known_before: set[Key] = field(default_factory=set)

    def match(self, lines: Sequence[str], index: int) -> Match | None:
        """The one place of the line at `index` of a text; None where there is none, or more than one."""
        if not is_significant(lines[index]):
            return None
        known = self._index()
        found: set[Match] = set()
        for key in _keys(lines, index):
            if key in self._known_before:
                return None
            places = known.get(key) or self._older.get(key, {})
            if len(places) > 1 or None in places.values():
                return None
            found.update(place for place in places.values() if place is not None)
        return next(iter(found)) if len(found) == 1 else None

    def _index(self) -> dict[Key, dict[str, Match | None]]:
        if self._places is None:
            self._places = {}
            for run in self.sources.runs:
                self._add_run(run)
        return self._places

    def _add_run(self, run: str) -> None:
        """Later milestones' places of a key replace earlier ones of the same file."""
        for source in self.sources.of_run(run):
            if not self.objects.holds(source.commit):
                continue
            parent = self.objects.commit(source.commit).parents[:1]
            paths = self.objects.changed(parent[0], source.tree) if parent else ()
            self.objects.fetch(
                [(source.tree, path) for path in paths] + [(one, path) for one in parent for path in paths]
            )
            for path in paths:
                self._add_file(source, path, parent[0])

    def _add_file(self, source: Source, path: str, parent: str) -> None:
        assert self._places is not None
        before = set(self._keys_of(parent, path))
        own = {key for key in before if path in self._places.get(key, {})}
        self._known_before |= before - own
        for key in own:
            self._older.setdefault(key, {})[path] = self._places[key].pop(path)
        seen: set[Key] = set()
        data = self.objects.file(source.tree, path)
        if data is None or is_binary(data):
            return
        lines = lines_of(text_of(data))
        for index, line in enumerate(lines):
            if not is_significant(line):
                continue
            for key in _keys(lines, index):
                if key in before and key not in own:
                    continue
                places = self._places.setdefault(key, {})
                places[path] = None if key in seen else Match(source, path, index)
                seen.add(key)

    def _keys_of(self, tree: str, path: str) -> list[Key]:
        data = self.objects.file(tree, path)
        if data is None or is_binary(data):
            return []
        lines = lines_of(text_of(data))
        return [key for index, line in enumerate(lines) if is_significant(line) for key in _keys(lines, index)]


def _keys(lines: Sequence[str], index: int) -> list[Key]:
    """The line with its neighbour above, and with the one below; blank lines between are passed over."""
    line = lines[index].strip()
    above = next((text for at in range(index - 1, -1, -1) if (text := lines[at].strip())), "")
    below = next((text for at in range(index + 1, len(lines)) if (text := lines[at].strip())), "")
    return [("above", above, line), ("below", line, below)]


def spread(
    matches: Mapping[int, Match], lines: Sequence[str], asked: Set[int], objects: Objects
) -> Iterator[tuple[int, Match]]:
    """What stands with matched lines (counted from 1) in both texts: all between two, and words that touch one.

    A blank line at the edge of what matched could be anybody's and is left out, but at the file's own edge.
    """
    for number, match in matches.items():
        there = lines_of(text_of(objects.file(match.source.tree, match.path) or b""))
        for way in (-1, 1):
            block = list(_towards(way, number, match, lines, there, matches, asked))
            end = number + way * (len(block) + 1)
            other = matches.get(end)
            is_edge = end in {0, len(lines) + 1} and match.line + end - number in {-1, len(there)}
            is_closed = other is not None and other == Match(match.source, match.path, match.line + end - number)
            for at in block:
                if not (is_edge or is_closed) and not lines[at - 1].strip():
                    break
                yield at, Match(match.source, match.path, match.line + at - number)


def _towards(
    way: int,
    number: int,
    match: Match,
    lines: Sequence[str],
    there: Sequence[str],
    matches: Mapping[int, Match],
    asked: Set[int],
) -> Iterator[int]:
    """The lines from a matched one on that are equal in both texts, up to the next matched one."""
    at, index = number + way, match.line + way
    while 1 <= at <= len(lines) and 0 <= index < len(there):
        if at in matches or at not in asked or lines[at - 1].strip() != there[index].strip():
            return
        yield at
        at, index = at + way, index + way
