"""What is like a place: the definitions that share its rare words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.index.answers import Page, Paging, answered
from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.planning import relative
from waypost.index.query import Query, like
from waypost.index.ranking import Ranked, rank_query
from waypost.index.stored import StoredCorpus
from waypost.index.terms import words

_AROUND = """
SELECT c.start_line, c.end_line, coalesce(c.name, s.qualified, '') FROM files f
JOIN chunks c ON c.id BETWEEN f.chunk_base AND f.chunk_base + f.chunks - 1 LEFT JOIN symbols s ON s.id = c.symbol
WHERE f.path = ?1 AND f.left_out IS NULL AND c.start_line <= ?2 ORDER BY c.start_line DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class RelatedHit:
    """A definition, or a window, that has to do with a place."""

    path: str
    start_line: int
    end_line: int
    score: float
    kind: str
    name: str
    why: str  # the words that it shares
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The first line."""
        return self.start_line


def related(index: Index, place: str, paging: Paging = Paging(limit=10)) -> Page[RelatedHit]:  # noqa: B008 - frozen
    """Places like the one at `FILE:LINE`, which is not among them. Raises BadQuestion for a place that is not there."""
    path, line = _parsed(index, place)
    corpus = StoredCorpus(index)
    wanted = paging.offset + 2 * paging.limit

    def ask() -> Sequence[RelatedHit]:
        corpus.refresh()
        query, start, end = _query(index, path, line)
        found = rank_query(corpus, query, wanted + 5)
        kept = [one for one in found if not _overlaps(corpus, one, path, start, end)]
        return [_hit(corpus, one, _shared(index, corpus, one, query)) for one in kept[:wanted]]

    return answered(index, ask, paging)


def _parsed(index: Index, place: str) -> tuple[str, int]:
    path, _, line = place.rpartition(":")
    if not path or not line.isdecimal() or int(line) < 1:
        raise BadQuestion(f"{place}: name a line, such as src/dates.py:42")
    (name,) = relative(index.root, [path])
    return name, int(line)


def _query(index: Index, path: str, line: int) -> tuple[Query, int, int]:
    """What the chunk around a line holds, as a query; and the chunk's lines."""
    row = index.connection.execute(_AROUND, (path, line)).fetchone()
    text = _lines_of(index, path)
    if row is None or text is None:
        raise BadQuestion(f"{path}:{line}: no such line in the index; see waypost outline {path}")
    start, end, name = row
    return like("\n".join(text[start - 1 : end]), name), start, end


def _lines_of(index: Index, path: str) -> list[str] | None:
    data = index.text(path)
    if data is None:
        index.update([path])
        data = index.text(path)
    return None if data is None else data.decode("utf-8", "replace").split("\n")


def _overlaps(corpus: StoredCorpus, one: Ranked, path: str, start: int, end: int) -> bool:
    place = one.place
    return corpus.path(place.file) == path and place.start_line <= end and start <= place.end_line


def _shared(index: Index, corpus: StoredCorpus, one: Ranked, query: Query) -> str:
    """The rarest words that a place has in common with the query."""
    lines = _lines_of(index, corpus.path(one.place.file)) or []
    held = set(words("\n".join(lines[one.place.start_line - 1 : one.place.end_line])))
    sizes = corpus.sizes(held & set(query.weights))
    both = sorted(sizes, key=lambda term: (sizes[term], term))
    return ", ".join(both[:4])


def _hit(corpus: StoredCorpus, one: Ranked, why: str) -> RelatedHit:
    place = one.place
    path = corpus.path(place.file)
    return RelatedHit(path, place.start_line, place.end_line, round(one.score, 4), place.kind, place.name, why)
