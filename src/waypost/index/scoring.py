"""How well each chunk and each file answers a query's words: BM25 over fields, added up in arrays.

BM25F (Robertson & Zaragoza, 2009): a term's counts in the text, in the names that a chunk defines and in those around
it are weighted and added before they saturate. Files are scored once more as wholes, as some questions are answered by
no one function.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from waypost.index.conflation import abbreviations
from waypost.index.corpus import Corpus
from waypost.index.postings import Postings
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
    with_kin = query.shape in ("words", "sentence")
    telling = _telling(corpus, query, fields.most_terms)
    family = {term: _Family.of(corpus, term, with_kin=with_kin and term in query.asked) for term in query.asked}
    family |= {term: _Family((), ()) for term, _ in telling if term not in family}
    scorer = _Scorer(corpus, fields, corpus.find(_wanted(family, query.asked)))
    for term, weight in telling:
        scorer.add(term, weight, family[term], asked=term in query.asked)
    scorer.add_paths({term: family[term] for term in sorted(query.asked)})
    return scorer.evidence()


@dataclass(frozen=True, slots=True)
class _Family:
    """Words that stand in for a term."""

    kin: tuple[str, ...]
    short: tuple[str, ...]

    @classmethod
    def of(cls, corpus: Corpus, term: str, *, with_kin: bool) -> _Family:
        return cls(tuple(corpus.kin(term)), tuple(abbreviations(term))) if with_kin else cls((), ())


def _wanted(family: Mapping[str, _Family], asked: frozenset[str]) -> Iterator[str]:
    """Every term to look up, with its field."""
    for term, one in family.items():
        yield from (term, f"{term}:q")
        yield from one.kin
        for other in (term, *one.kin, *one.short):
            yield f"{other}:n"
            if term in asked:
                yield from (f"{other}:s", f"{other}:p")


def _telling(corpus: Corpus, query: Query, most: int) -> list[tuple[str, float]]:
    """The terms worth looking up."""
    if len(query.weights) <= most:
        return list(query.weights.items())
    total = corpus.documents.total
    sizes = corpus.sizes(query.weights)
    worth = {term: weight * _rarity(total, sizes[term]) for term, weight in query.weights.items() if sizes[term]}
    return [(term, query.weights[term]) for term in sorted(worth, key=lambda term: (-worth[term], term))[:most]]


def _rarity(total: int, holders: int) -> float:
    return math.log((total - min(holders, total) + 0.5) / (holders + 0.5) + 1)


class _Scorer:
    """Arrays while terms are added."""

    def __init__(self, corpus: Corpus, fields: Fields, found: Mapping[str, Postings]) -> None:
        self._found = found
        self._fields = fields
        documents = corpus.documents
        self._documents = documents
        norms = documents.norm(fields.length)
        size, files = len(documents.lengths), len(norms.files)
        self._inverse, self._file_inverse, self._file_total = norms.documents, norms.files, max(1, norms.total)
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

    def add(self, term: str, weight: float, family: _Family, *, asked: bool) -> None:
        """Score what holds a term."""
        fields = self._fields
        holders = self._scatter(self._text, term, 1.0)
        for other in family.kin if fields.kin else ():
            self._scatter(self._text, other, fields.kin)
        self._scatter(self._name, f"{term}:n", 1.0)
        for other in (*family.kin, *family.short) if fields.kin_name else ():
            self._scatter(self._name, f"{other}:n", fields.kin_name)
        self._scatter(self._around, f"{term}:q", 1.0)
        hits = numpy.flatnonzero((self._text + self._name + self._around) > 0)
        if len(hits):
            self._score(term, hits, holders or len(hits), weight, asked=asked)
        for column in (self._text, self._name, self._around):
            column[hits] = 0

    def _scatter(self, column: Floats, term: str, factor: float) -> int:
        found = self._found.get(term)
        if found is None:
            return 0
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

    def add_paths(self, asked: Mapping[str, _Family]) -> None:
        """Score file names and folders by the words that say what the query is about."""
        total = 0.0
        for word, family in asked.items():
            stems, folders = self._path_hits(word, family, ":s"), self._path_hits(word, family, ":p")
            rarity = math.log(1 + self._file_total / (numpy.count_nonzero(stems) + numpy.count_nonzero(folders) + 1))
            total += rarity
            self._stems += rarity * stems
            self._stem_hits += stems
            self._folders += rarity * numpy.maximum(stems, folders)
        if total:
            self._stems /= total
            self._folders /= total

    def _path_hits(self, word: str, family: _Family, suffix: str) -> Floats:
        column = numpy.zeros(len(self._files), dtype="f4")
        others = (*family.kin, *family.short) if self._fields.kin_name else ()
        for term, factor in ((word, 1.0), *((other, self._fields.kin_name) for other in others)):
            found = self._found.get(term + suffix)
            if found is not None:
                files = self._documents.files[found.documents]
                column[files] = numpy.maximum(column[files], numpy.float32(factor))
        return column

    def evidence(self) -> Evidence:
        """What came together."""
        return Evidence(
            self._chunks, self._named, self._files, self._cover, self._stems, self._stem_hits, self._folders,
            self._rarity,
        )  # fmt: skip
