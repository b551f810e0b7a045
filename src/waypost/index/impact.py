"""What a change reaches: the definitions that it touches, who uses those, and who uses them in turn; tests first."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from waypost.index.answers import Page, Paging, answered
from waypost.index.diffs import Touched, read_diff
from waypost.index.index import Index
from waypost.index.linking import SURE, Link, Linker
from waypost.index.questions import Definition, definitions_in, name_id

DEPTH = 3
SECONDS = 10.0
MOST = 2_000
"""Definitions that are followed."""
_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing|e2e)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.\w+$"
    r"|[^/]*[._-](?:test|spec)s?\.\w+$|(?:^|/)[^/]*(?:Test|Tests|Spec|IT)\.(?:java|kt|cs|scala|swift|php|groovy)$"
)


def is_test(path: str) -> bool:
    """Whether a file holds tests, by the customs of its language."""
    return _TEST.search(path) is not None


@dataclass(frozen=True, slots=True)
class ReachedHit:
    """A definition that a change reaches, or a file's top level where `name` is empty.

    `depth` is 0 for what is changed itself; `why` says through which place it is reached.
    """

    path: str
    start_line: int
    end_line: int
    kind: str
    name: str
    depth: int
    is_test: bool
    confidence: float
    why: str
    text: str = ""

    @property
    def shown_line(self) -> int:
        """Its first line."""
        return self.start_line


@dataclass(slots=True)
class _Walk:
    """A breadth-first walk against the direction of use, with the definitions that it has seen."""

    index: Index
    until: float
    linker: Linker
    hits: dict[tuple[str, int], ReachedHit] = field(default_factory=dict)
    is_cut: bool = False

    def add(self, key: tuple[str, int], hit: ReachedHit) -> bool:
        """Takes a hit up once, by the shortest way."""
        if key in self.hits:
            return False
        self.hits[key] = hit
        return True


def impact(
    index: Index,
    diff: str,
    paging: Paging = Paging(limit=100),  # noqa: B008 - frozen
    *,
    depth: int = DEPTH,
    seconds: float = SECONDS,
) -> Page[ReachedHit]:
    """What a unified diff reaches, tests first, then by depth. The diff is taken as already made.

    `depth` counts uses of uses; after `seconds` the answer says that it was timed out. Raises BadQuestion for a text
    that is no diff.
    """
    touched = read_diff(diff)
    cut: list[str] = []

    def ask() -> list[ReachedHit]:
        walk = _Walk(index, time.monotonic() + seconds, Linker(index))
        _follow(walk, _changed(walk, touched), depth)
        cut[:] = ["not all that is reached was followed"] if walk.is_cut else []
        return sorted(walk.hits.values(), key=_importance)

    page = answered(index, ask, paging)
    if not cut:
        return page
    return Page(page.hits, page.total, page.offset, page.state.with_status("timed-out", *cut))


def _importance(hit: ReachedHit) -> tuple[bool, int, float, str, int]:
    return not hit.is_test, hit.depth, -hit.confidence, hit.path, hit.start_line


# --- where it begins ------------------------------------------------------------------------------------------------


def _changed(walk: _Walk, touched: Iterable[Touched]) -> list[Definition]:
    found = []
    for one in touched:
        row = walk.index.connection.execute(
            "SELECT id FROM files WHERE path = ? AND left_out IS NULL", (one.path,)
        ).fetchone()
        if row is None:
            continue
        within = definitions_in(walk.index, row[0])
        for start, end in one.ranges:
            found += _changed_lines(walk, one.path, within, start, end)
    return found


def _changed_lines(walk: _Walk, path: str, within: list[Definition], start: int, end: int) -> list[Definition]:
    around = [one for one in within if one.start_line <= end and one.end_line >= start]
    inner = [one for one in around if not any(other.parent == one.id for other in around)]
    why = f"line {start} changes" if start == end else f"lines {start}-{end} change"
    for one in inner:
        hit = _hit(one, 0, 1.0, why)
        walk.add((path, one.id), hit)
    if not inner:
        walk.add((path, 0), ReachedHit(path, start, end, "module", "", 0, is_test(path), 1.0, why))
    return inner


def _hit(one: Definition, depth: int, sure: float, why: str) -> ReachedHit:
    return ReachedHit(
        one.path, one.start_line, one.end_line, one.kind, one.qualified, depth, is_test(one.path), round(sure, 3), why
    )


# --- and where it leads ---------------------------------------------------------------------------------------------


def _follow(walk: _Walk, start: list[Definition], depth: int) -> None:
    front = {one.id: (one, 1.0) for one in start}
    for level in range(1, depth + 1):
        reached: dict[int, tuple[Definition, float]] = {}
        for one, sure in front.values():
            if time.monotonic() > walk.until or len(walk.hits) > MOST:
                walk.is_cut = True
                return
            for link, confidence in _uses(walk, one, sure):
                user = _reach(walk, one, link, level, confidence)
                if user is not None:
                    reached[user.id] = (user, confidence)
        front = reached


def _uses(walk: _Walk, one: Definition, sure: float) -> list[tuple[Link, float]]:
    name = name_id(walk.index, one.qualified.rpartition(".")[2])
    links = walk.linker.links(name) if name is not None else []
    pairs = [(link, sure * link.confidence({one.id})) for link in links]
    return [(link, confidence) for link, confidence in pairs if confidence >= SURE]


def _reach(walk: _Walk, used: Definition, link: Link, level: int, sure: float) -> Definition | None:
    """Takes up who uses it; gives the user back where it is to be followed in turn."""
    verb = {"call": "calls", "import": "imports", "inherit": "inherits from"}.get(link.place.kind, "uses")
    why = f"{verb} {used.qualified} on line {link.place.line}"
    around = link.around
    if around is None:
        line = link.place.line
        hit = ReachedHit(link.path, line, line, "module", "", level, is_test(link.path), round(sure, 3), why)
        walk.add((link.path, 0), hit)
        return None
    if around.id == used.id or not walk.add((link.path, around.id), _hit(around, level, sure, why)):
        return None
    return around
