"""How well each chunk and each file answers a query's words: BM25 over fields, added up in arrays.

BM25F (Robertson & Zaragoza, 2009): a term's counts in the text, in the names that a chunk defines and in those around
it are weighted and added before they saturate. Files are scored once more as wholes, as some questions are answered by
no one function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from waypost.index.conflation import abbreviations
from waypost.index.corpus import Corpus
from waypost.index.postings import Documents
from waypost.index.query import Query

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[numpy.float32]


@dataclass(frozen=True, slots=True)
class Fields:
    """Weights of the fields, and of words that are only kin to those asked for."""

    saturation: float = 1.2  # BM25's k1
    length: float = 0.6  # BM25's b
    name: float = 3.0
    around: float = 3.0
    kin: float = 0.5  # in texts
    kin_name: float = 0.7  # in names and paths, where abbreviations count too
    most_terms: int = 40  # of a long query: those that tell most


@dataclass(frozen=True, slots=True)
class Evidence:
    """Scores by document (`chunks`, `named`) and by file number (the rest); 0 where there is nothing."""

    chunks: Floats
    named: Floats  # rarity of the query's words among the names that a document defines
    files: Floats
    cover: Floats  # rarity of the query's words that a file holds at all
    stems: Floats  # share of the query in the file's name, of 1
    stem_hits: Floats  # words of the file's name that the query has
    folders: Floats  # share of the query in the file's whole path
    rarity: Mapping[str, float]  # of the query's terms


def gather(corpus: Corpus, query: Query, fields: Fields) -> Evidence:
    """Score everything that holds one of the query's words."""
    scorer = _Scorer(corpus, fields)
    with_kin = query.shape in ("words", "sentence")
    for term, weight in _telling(corpus, query, fields.most_terms):
        scorer.add(term, weight, asked=term in query.asked, with_kin=with_kin and term in query.asked)
    scorer.add_paths(query.asked, with_kin=with_kin)
    return scorer.evidence()


def _telling(corpus: Corpus, query: Query, most: int) -> list[tuple[str, float]]:
    """The terms worth looking up."""
    if len(query.weights) <= most:
        return list(query.weights.items())
    total = corpus.documents.total
    sizes = {term: corpus.size(term) for term in query.weights}
    worth = {term: weight * _rarity(total, sizes[term]) for term, weight in query.weights.items() if sizes[term]}
    return [(term, query.weights[term]) for term in sorted(worth, key=lambda term: (-worth[term], term))[:most]]


def _rarity(total: int, holders: int) -> float:
    return math.log((total - min(holders, total) + 0.5) / (holders + 0.5) + 1)


class _Scorer:
    """Arrays while terms are added."""

    def __init__(self, corpus: Corpus, fields: Fields) -> None:
        self._corpus = corpus
        self._fields = fields
        documents = corpus.documents
        self._documents = documents
        size, files = len(documents.lengths), _most(documents) + 1
        self._inverse = 1 / (1 - fields.length + fields.length * documents.lengths / documents.average)
        lengths = numpy.bincount(
            documents.files[documents.files >= 0], weights=documents.lengths[documents.files >= 0], minlength=files
        )
        self._file_total = max(1, int(numpy.count_nonzero(lengths)))
        mean = float(lengths.sum()) / self._file_total or 1.0
        self._file_inverse = (1 / (1 - fields.length + fields.length * lengths / mean)).astype("f4")
        self._text = numpy.zeros(size, dtype="f4")
        self._name = numpy.zeros(size, dtype="f4")
        self._around = numpy.zeros(size, dtype="f4")
        self._chunks = numpy.zeros(size, dtype="f4")
        self._named = numpy.zeros(size, dtype="f4")
        self._files = numpy.zeros(files, dtype="f4")
        self._cover = numpy.zeros(files, dtype="f4")
        self._stems = numpy.zeros(files, dtype="f4")
        self._stem_hits = numpy.zeros(files, dtype="f4")
        self._folders = numpy.zeros(files, dtype="f4")
        self._rarity: dict[str, float] = {}

    def add(self, term: str, weight: float, *, asked: bool, with_kin: bool) -> None:
        """Score what holds a term."""
        fields = self._fields
        kin = self._corpus.kin(term) if with_kin else ()
        holders = self._scatter(self._text, term, 1.0)
        for other in kin if fields.kin else ():
            self._scatter(self._text, other, fields.kin)
        self._scatter(self._name, f"{term}:n", 1.0)
        if fields.kin_name and with_kin:
            for other in (*kin, *abbreviations(term)):
                self._scatter(self._name, f"{other}:n", fields.kin_name)
        self._scatter(self._around, f"{term}:q", 1.0)
        hits = numpy.flatnonzero((self._text + self._name + self._around) > 0)
        if len(hits):
            self._score(term, hits, holders or len(hits), weight, asked=asked)
        for column in (self._text, self._name, self._around):
            column[hits] = 0

    def _scatter(self, column: Floats, term: str, factor: float) -> int:
        found = self._corpus.find(term)
        column[found.documents] += found.counts if factor == 1.0 else found.counts * numpy.float32(factor)
        return len(found)

    def _score(self, term: str, hits: NDArray[numpy.int64], holders: int, weight: float, *, asked: bool) -> None:
        fields = self._fields
        rarity = _rarity(self._documents.total, holders)
        self._rarity[term] = rarity
        name = numpy.minimum(self._name[hits], 1)
        text = self._text[hits]
        mass = text * self._inverse[hits] + fields.name * name + fields.around * (self._around[hits] > 0)
        self._chunks[hits] += weight * rarity * mass * (fields.saturation + 1) / (mass + fields.saturation)
        if asked:
            self._named[hits] += rarity * name
        files = self._documents.files[hits]
        whole = numpy.bincount(files, weights=text + fields.name * name, minlength=len(self._files)).astype("f4")
        held = whole > 0
        file_rarity = _rarity(self._file_total, int(numpy.count_nonzero(held)))
        whole *= self._file_inverse
        self._files += weight * file_rarity * whole * (fields.saturation + 1) / (whole + fields.saturation)
        self._cover += weight * file_rarity * held

    def add_paths(self, asked: frozenset[str], *, with_kin: bool) -> None:
        """Score file names and folders by the words that say what the query is about."""
        total = 0.0
        for word in sorted(asked):
            others = (*self._corpus.kin(word), *abbreviations(word)) if with_kin and self._fields.kin_name else ()
            stems, folders = self._path_hits(word, others, ":s"), self._path_hits(word, others, ":p")
            rarity = math.log(1 + self._file_total / (numpy.count_nonzero(stems) + numpy.count_nonzero(folders) + 1))
            total += rarity
            self._stems += rarity * stems
            self._stem_hits += stems
            self._folders += rarity * numpy.maximum(stems, folders)
        if total:
            self._stems /= total
            self._folders /= total

    def _path_hits(self, word: str, others: tuple[str, ...], field: str) -> Floats:
        column = numpy.zeros(len(self._files), dtype="f4")
        for term, factor in ((word, 1.0), *((other, self._fields.kin_name) for other in others)):
            found = self._documents.files[self._corpus.find(term + field).documents]
            column[found] = numpy.maximum(column[found], numpy.float32(factor))
        return column

    def evidence(self) -> Evidence:
        """What came together."""
        return Evidence(
            self._chunks, self._named, self._files, self._cover, self._stems, self._stem_hits, self._folders,
            self._rarity,
        )  # fmt: skip


def _most(documents: Documents) -> int:
    return int(documents.files.max()) if len(documents.files) else 0
