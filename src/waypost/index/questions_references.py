"""Who uses a name: its references, the callers of a function, and what a function calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from waypost.index.answers import Page, Paging, answered
from waypost.index.index import Index
from waypost.index.keeping import runs_of
from waypost.index.linking import SURE, Link, Linker
from waypost.index.questions import Definition, definitions, definitions_in, name_id, parts_of


@dataclass(frozen=True, slots=True)
class ReferenceHit:
    """A place that names it. `confidence` is 0 where the tree defines no such name."""

    path: str
    line: int
    column: int  # 0-based, in UTF-8 bytes
    kind: str
    name: str
    inside: str  # the qualified name of the definition around it
    confidence: float
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The line with the place."""
        return self.line


@dataclass(frozen=True, slots=True)
class CallerHit:
    """A definition that calls it, or a file at its top level, with the lines of the calls."""

    path: str
    start_line: int
    end_line: int
    kind: str
    name: str
    lines: tuple[int, ...]
    confidence: float
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The line of the first call."""
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class CalleeHit:
    """What is called, where it is defined, and the lines of the calls in the caller's file."""

    path: str
    start_line: int
    end_line: int
    kind: str
    name: str
    calls: tuple[int, ...]
    confidence: float
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The first line of the definition."""
        return self.start_line


def references(index: Index, name: str, paging: Paging = Paging()) -> Page[ReferenceHit]:  # noqa: B008 - frozen
    """Places that name a definition, or, where the tree defines no such name, all places of that name."""
    return answered(index, lambda: _references(index, name), paging)


def _references(index: Index, name: str) -> list[ReferenceHit]:
    hits = []
    for link, sure in linked(index, name):
        place, inside = link.place, link.around.qualified if link.around else ""
        hit = ReferenceHit(link.path, place.line, place.column, place.kind, link.name, inside, round(sure, 3))
        hits.append(hit)
    return sorted(hits, key=lambda hit: (hit.path, hit.line, hit.column))


def linked(index: Index, name: str, linker: Linker | None = None) -> list[tuple[Link, float]]:
    """The places that mean a definition of the name, with how sure that is."""
    found = [one for one, _ in definitions(index, name)]
    linker = linker or Linker(index)
    if not found:
        number = name_id(index, parts_of(name)[-1])
        return [] if number is None else [(link, 0.0) for link in linker.links(number)]
    wanted = {one.id for one in found}
    links = [link for text in _last_names(found) for link in linker.links(_known(index, text))]
    pairs = [(link, link.confidence(wanted)) for link in links]
    return [(link, sure) for link, sure in pairs if sure >= SURE]


def _last_names(found: Iterable[Definition]) -> list[str]:
    return list(dict.fromkeys(one.qualified.rpartition(".")[2] for one in found))


def _known(index: Index, name: str) -> int:
    return name_id(index, name) or 0


# --- calls ----------------------------------------------------------------------------------------------------------


def callers(index: Index, name: str, paging: Paging = Paging()) -> Page[CallerHit]:  # noqa: B008 - frozen
    """Definitions that call a function, method or class, the surest first."""
    return answered(index, lambda: _callers(index, name), paging)


def _callers(index: Index, name: str) -> list[CallerHit]:
    grouped: dict[tuple[str, int], list[tuple[Link, float]]] = {}
    for link, sure in linked(index, name):
        if link.place.kind == "call":
            grouped.setdefault((link.path, link.around.id if link.around else 0), []).append((link, sure))
    hits = [_caller(pairs) for pairs in grouped.values()]
    return sorted(hits, key=lambda hit: (-hit.confidence, hit.path, hit.start_line))


def _caller(pairs: list[tuple[Link, float]]) -> CallerHit:
    link, around = pairs[0][0], pairs[0][0].around
    lines = tuple(sorted({link.place.line for link, _ in pairs}))
    sure = round(max(sure for _, sure in pairs), 3)
    if around is None:
        return CallerHit(link.path, lines[0], lines[0], "module", "", lines, sure)
    return CallerHit(link.path, around.start_line, around.end_line, around.kind, around.qualified, lines, sure)


def callees(index: Index, name: str, paging: Paging = Paging()) -> Page[CalleeHit]:  # noqa: B008 - frozen
    """Definitions in the tree that a function, method or class calls, in the order of its lines."""
    return answered(index, lambda: _callees(index, name), paging)


def _callees(index: Index, name: str) -> list[CalleeHit]:
    linker = Linker(index)
    calls: dict[int, tuple[Definition, float, set[int]]] = {}
    for caller, _ in definitions(index, name):
        for link in _links_within(index, linker, caller):
            for target, sure in link.targets[:1]:
                if sure >= SURE:
                    before = calls.setdefault(target.id, (target, sure, set()))
                    before[2].add(link.place.line)
    hits = [
        CalleeHit(one.path, one.start_line, one.end_line, one.kind, one.qualified, tuple(sorted(lines)), round(sure, 3))
        for one, sure, lines in calls.values()
    ]
    return sorted(hits, key=lambda hit: (hit.calls[0], hit.path, hit.start_line))


def _links_within(index: Index, linker: Linker, caller: Definition) -> list[Link]:
    within = _positions_within(index, caller)
    names = index.connection.execute("SELECT names FROM files WHERE id = ?", (caller.file,)).fetchone()[0]
    runs = runs_of(index.connection, caller.file, names)
    return list(linker.links_in(within, caller, runs))


def _positions_within(index: Index, caller: Definition) -> set[int]:
    within = {caller.id}
    for one in definitions_in(index, caller.file):
        if one.parent in within:
            within.add(one.id)
    return {number - (caller.id - caller.position) for number in within}
