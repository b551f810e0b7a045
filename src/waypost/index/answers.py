"""What questions answer with: pages of hits, verified against the disk, with the state of the index."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.state import State

LIMIT = 20
CHARACTERS_A_TOKEN = 3
"""Of JSON about code: fewer than of prose, so that a budget of tokens is rather kept than not."""
TRIES = 4
"""Times that a question is asked anew because a file of its answer had changed on the disk."""
WIDEST = 240
"""Characters of a line that are shown."""


class Hit(Protocol):
    """A place in a file, with the text of its most telling line."""

    @property
    def path(self) -> str:
        """The file, relative to the root."""

    @property
    def text(self) -> str:
        """The line's text; filled in when the hit is verified."""

    @property
    def shown_line(self) -> int:
        """The line whose text is shown; 0 for none."""


H = TypeVar("H", bound=Hit)


@dataclass(frozen=True, slots=True)
class Page(Generic[H]):
    """Some of the `total` hits, from `offset` on. `next_offset` is None on the last page."""

    hits: tuple[H, ...]
    total: int
    offset: int
    state: State

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins."""
        after = self.offset + len(self.hits)
        return after if after < self.total else None

    def as_json(self) -> dict[str, Any]:
        """The page as the command line and the tools give it."""
        return {
            "results": [hit_as_json(hit) for hit in self.hits],
            "total": self.total,
            "offset": self.offset,
            "next_offset": self.next_offset,
            "index": self.state.as_json(),
        }


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """A hit's fields."""
    assert dataclasses.is_dataclass(hit)
    return dataclasses.asdict(hit)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of an answer is wanted; `tokens` bounds its size as JSON. Raises BadQuestion for numbers below 0."""

    limit: int = LIMIT
    offset: int = 0
    tokens: int | None = None

    def __post_init__(self) -> None:
        """A page can't be negative."""
        if self.limit < 1 or self.offset < 0 or (self.tokens is not None and self.tokens < 1):
            raise BadQuestion(
                "a page needs a limit of at least 1, an offset of at least 0 and a budget of tokens over 0"
            )


def answered(index: Index, ask: Callable[[], Sequence[H]], paging: Paging) -> Page[H]:
    """A page of what `ask` finds, each hit's file compared with the disk before it is given out.

    A file that has changed is indexed again and the question asked again; where files change faster than that, the
    answer leaves them out and says that it is partial.
    """
    for _ in range(TRIES):
        found = index.asked(ask)
        wanted = found[paging.offset : paging.offset + paging.limit]
        texts = {path: index.text(path) for path in dict.fromkeys(hit.path for hit in wanted)}
        stale = [path for path, text in texts.items() if text is None]
        if not stale:
            return _page(found, _with_texts(wanted, texts), paging, index.state)
        index.update(stale)
    kept = [hit for hit in wanted if texts[hit.path] is not None]
    state = index.state.with_status("partial", f"left out, as they change all the time: {', '.join(stale[:5])}")
    return _page(found, _with_texts(kept, texts), paging, state)


def _page(found: Sequence[H], hits: Sequence[H], paging: Paging, state: State) -> Page[H]:
    return Page(tuple(within(hits, paging.tokens)), len(found), paging.offset, state)


def within(hits: Sequence[H], tokens: int | None) -> Sequence[H]:
    """The first hits that fit into a budget of tokens; one at least, as a page must get on."""
    if tokens is None:
        return hits
    left = tokens * CHARACTERS_A_TOKEN
    for number, hit in enumerate(hits):
        left -= len(json.dumps(hit_as_json(hit)))
        if left < 0:
            return hits[: max(1, number)]
    return hits


def _with_texts(hits: Sequence[H], texts: dict[str, bytes | None]) -> list[H]:
    lines: dict[str, list[bytes]] = {}
    told = []
    for hit in hits:
        if hit.path not in lines:
            lines[hit.path] = (texts[hit.path] or b"").split(b"\n")
        told.append(_with_text(hit, lines[hit.path]))
    return told


def _with_text(hit: H, lines: list[bytes]) -> H:
    line = hit.shown_line
    if not 0 < line <= len(lines):
        return hit
    text = lines[line - 1].decode("utf-8", "replace").strip()
    return dataclasses.replace(hit, text=text[:WIDEST])  # type: ignore[type-var]
