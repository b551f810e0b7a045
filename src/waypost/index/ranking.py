"""Which places answer a query best: evidence about chunks and files in, ranked places out.

A file's score is a weighted sum of features, each from 0 to about 1. Short questions name a topic and want files; a
sentence says what one function does and wants chunks; a report names many things, of which few matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from waypost.index.corpus import Corpus, Place
from waypost.index.features import Candidate, candidates
from waypost.index.query import Query, Shape, understand
from waypost.index.scoring import Fields

if TYPE_CHECKING:
    from waypost.index.scoring import Floats


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts; 0 leaves it out."""

    best: float = 0.0  # the best chunk
    decayed: float = 0.0  # the best chunks, each counting less than the one before
    file: float = 0.0  # the file as a whole
    cover: float = 0.0  # the share of the query that the file holds
    stem: float = 0.0  # the query in the file's name
    whole_stem: float = 0.0  # the file's name in the query
    folder: float = 0.0  # the query in the path
    named: float = 0.0  # the query in the name of a definition
    definition: float = 0.0  # definitions of identifiers that the query has
    mention: float = 0.0  # paths, modules and frames that the query has
    chunk: float = 0.0  # each chunk by itself: with it a file may give several places at once


TOPIC = Weights(decayed=0.8, file=0.1, cover=0.15, stem=1.2, whole_stem=0.2, folder=0.4, definition=0.9, mention=0.7)
SENTENCE = Weights(decayed=0.4, file=0.6, cover=0.4, stem=0.4, chunk=1.5)
REPORT = Weights(
    best=0.5, decayed=0.5, file=0.3, cover=0.25, stem=0.25, whole_stem=0.4, named=0.4, definition=0.2, mention=0.5
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that ranking can be told."""

    fields: Fields = field(default_factory=Fields)
    topic: Weights = TOPIC
    sentence: Weights = SENTENCE
    report: Weights = REPORT
    decay: float = 0.8
    window: float = 0.8  # of a chunk that defines nothing
    named: float = 0.4  # of a definition's name to its chunk's score
    tests: float = 0.4  # of a file of tests, unless the query asks for tests
    prose: float = 0.4  # of documents and settings
    vector: float = 0.0  # of the cosine of vectors to a chunk's score; it helps some repositories and hurts others

    def weights(self, shape: Shape) -> Weights:
        """The weights for one shape of query."""
        return {"sentence": self.sentence, "report": self.report}.get(shape, self.topic)

    def without(self, *names: str) -> Settings:
        """These settings with features left out, by the names of `Weights`; for measuring what each is worth."""
        dropped = dict.fromkeys(names, 0.0)
        return replace(
            self,
            topic=replace(self.topic, **dropped),
            sentence=replace(self.sentence, **dropped),
            report=replace(self.report, **dropped),
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place with its score, comparable within one answer only."""

    place: Place
    score: float


def rank(
    corpus: Corpus, text: str, limit: int, settings: Settings = Settings(), likeness: Floats | None = None
) -> list[Ranked]:
    """The best `limit` places for a query, best first; nothing for a query without a word that is known.

    `likeness` is the cosine of each document's vector with the query's, by the document's number.
    """
    return rank_query(corpus, understand(text), limit, settings, likeness)


def rank_query(
    corpus: Corpus, query: Query, limit: int, settings: Settings = Settings(), likeness: Floats | None = None
) -> list[Ranked]:
    """The same for a query that was taken apart, or made up."""
    if not corpus.documents.total:
        return []
    if query.shape == "name" and not any(corpus.definitions(name) for name in query.names):
        query = replace(query, shape="words")  # a word that nothing is called
    weights = settings.weights(query.shape)
    found = candidates(corpus, query, settings, likeness)
    counted = {name: float(worth) for name, worth in asdict(weights).items() if worth}
    scored = [(_score(one, counted), one) for one in found]
    scored.sort(key=lambda pair: (-pair[0], pair[1].path))
    many = list(_many(scored[: max(4 * limit, 40)], weights, query))
    many.sort(key=lambda item: (item.later, -item.score))
    places = corpus.places([item.document for item in many[: 2 * limit + 10] if item.place is None])
    return list(_distinct(many, places))[:limit]


def _score(one: Candidate, counted: Mapping[str, float]) -> float:
    """The weighted sum, lowered for tests and prose."""
    features = one.features
    return one.prior * sum([features[name] * worth for name, worth in counted.items() if name in features])


@dataclass(frozen=True, slots=True)
class _Item:
    later: bool
    score: float
    document: int
    place: Place | None


def _many(scored: Sequence[tuple[float, Candidate]], weights: Weights, query: Query) -> Iterator[_Item]:
    """Each file's places: one at once, more of them later; for sentences all at once."""
    by_chunk = weights.chunk > 0
    for score, one in scored:
        defined = one.defined if query.shape in ("name", "words") else None
        for position, (chunk, document) in enumerate(one.chunks or ((0.0, one.first),)):
            gained = score + one.prior * weights.chunk * chunk
            if position == 0 and defined is not None:
                yield _Item(False, gained, document, defined)
            yield _Item(
                later=not by_chunk and (position > 0 or defined is not None),
                score=gained if by_chunk else score * (chunk + 1) / 2,
                document=document,
                place=None,
            )


def _distinct(items: Sequence[_Item], places: Mapping[int, Place]) -> Iterator[Ranked]:
    """The places in order, each once, and none that lies within one before it."""
    seen: dict[int, list[Place]] = {}
    for item in items:
        place = item.place or places.get(item.document)
        if place is None:
            continue
        before = seen.setdefault(place.file, [])
        if any(one.start_line <= place.start_line and place.end_line <= one.end_line for one in before):
            continue
        before.append(place)
        yield Ranked(place, item.score)
