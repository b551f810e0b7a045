"""Search: a question in words, names or a whole report; places as the answer, verified against the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from waypost.index.answers import Page, Paging, answered
from waypost.index.index import Index
from waypost.index.ranking import Ranked, Settings, rank
from waypost.index.stored import StoredCorpus

if TYPE_CHECKING:
    from waypost.index.embedding.likeness import Likeness

MOST = 1000
"""Places that are ranked at most, over all pages."""
WITH_VECTORS = 0.4
"""What vectors count once an embedder was asked for."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A definition or a window of lines; scores are comparable within one answer only."""

    path: str
    start_line: int
    end_line: int
    score: float
    kind: str
    name: str  # qualified; empty for a window without a name
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The first line."""
        return self.start_line


class Search:
    """Asks one index again and again; what it keeps in memory follows the index."""

    def __init__(self, index: Index, settings: Settings = Settings(), likeness: Likeness | None = None) -> None:  # noqa: B008 - frozen
        """`likeness` counts as `settings.vector` says."""
        self._index = index
        self._corpus = StoredCorpus(index)
        self._settings = settings
        self._likeness = likeness if settings.vector else None

    @classmethod
    def by_name(cls, index: Index, embedder: str) -> Search:
        """Search with an embedder as `--embedder` names it. Raises BadEmbedder."""
        from waypost.index.embedding.choosing import chosen
        from waypost.index.embedding.likeness import Likeness

        choice = chosen(embedder)
        return cls(index) if choice is None else cls(index, Settings(vector=WITH_VECTORS), Likeness(index, choice))

    def ask(self, query: str, paging: Paging = Paging(limit=10)) -> Page[SearchHit]:  # noqa: B008 - frozen
        """The best places for a query; `total` counts those that were ranked, one page ahead at most."""
        wanted = min(MOST, paging.offset + 2 * paging.limit)
        if self._likeness is not None:
            self._likeness.prepare(query)  # before the question, which may only read
        page = answered(self._index, lambda: self._found(query, wanted), paging)
        notes = self._likeness.notes if self._likeness is not None else ()
        return replace(page, state=replace(page.state, notes=(*page.state.notes, *notes))) if notes else page

    def _found(self, query: str, wanted: int) -> Sequence[SearchHit]:
        self._corpus.refresh()
        likeness = self._likeness.cosines(self._corpus.documents) if self._likeness is not None else None
        return [self._hit(one) for one in rank(self._corpus, query, wanted, self._settings, likeness)]

    def _hit(self, one: Ranked) -> SearchHit:
        place = one.place
        path = self._corpus.path(place.file)
        return SearchHit(path, place.start_line, place.end_line, round(one.score, 4), place.kind, place.name)


def search(
    index: Index,
    query: str,
    paging: Paging = Paging(limit=10),  # noqa: B008 - frozen
    embedder: str = "off",
) -> Page[SearchHit]:
    """Search once; `embedder` as `--embedder` names it. Raises BadEmbedder."""
    return Search.by_name(index, embedder).ask(query, paging)
