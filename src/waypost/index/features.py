"""The files worth ranking, each with what speaks for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy

from waypost.index.conflation import is_kin
from waypost.index.corpus import Corpus, Place
from waypost.index.priors import is_prose, is_test
from waypost.index.query import Query
from waypost.index.scoring import Evidence, gather
from waypost.index.terms import parts, tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from waypost.index.ranking import Settings
    from waypost.index.scoring import Floats

LOOKED_AT = 800
"""Chunks that are gathered by file."""
READ = 250
"""Chunks whose names are compared with the query."""
OF_A_FILE = 20
NEAREST = 50
"""Chunks that their vectors alone bring in."""
NAMED = 100
"""Files that are looked at for their names alone."""
_VALUES = frozenset({"field", "variable", "constant", "key", "property"})
_TYPES = frozenset({"class", "interface", "struct", "trait", "enum", "type", "protocol", "object", "record"})


@dataclass(slots=True)
class Candidate:
    """A file that may answer: its chunks by score (the best is 1), its features by the names of `Weights`."""

    file: int
    path: str
    first: int  # its first document
    prior: float
    chunks: list[tuple[float, int]] = field(default_factory=list)
    features: dict[str, float] = field(default_factory=dict)
    defined: Place | None = None  # the definition of what was asked for by name


def candidates(corpus: Corpus, query: Query, settings: Settings, likeness: Floats | None = None) -> list[Candidate]:
    """Files that hold, or are named by, something of the query, or are like it by their vectors."""
    evidence = gather(corpus, query, settings.fields)
    if likeness is not None and settings.vector:
        evidence = replace(evidence, chunks=_with_likeness(evidence.chunks, likeness, settings.vector))
    pool = _Pool(corpus, query, settings)
    pool.describe(evidence, pool.gather_chunks(evidence))
    pool.add_definitions()
    pool.add_mentions()
    return list(pool.found.values())


def _with_likeness(chunks: Floats, likeness: Floats, weight: float) -> Floats:
    """Scores with those of vectors, in parts of the best; chunks without a word of the query only if very near."""
    near = numpy.maximum(likeness, 0)
    if len(near) > NEAREST:
        least = numpy.partition(near, -NEAREST)[-NEAREST]
        near = numpy.where((chunks > 0) | (near >= least), near, 0)
    return (chunks + weight * (float(chunks.max()) or 1.0) * near).astype("f4")


class _Pool:
    def __init__(self, corpus: Corpus, query: Query, settings: Settings) -> None:
        self.corpus = corpus
        self.query = query
        self.settings = settings
        self.found: dict[int, Candidate] = {}
        self._answers: dict[str, list[tuple[str, float]]] = {}

    def take(self, file: int) -> Candidate:
        """The candidate of a file."""
        one = self.found.get(file)
        if one is None:
            path = self.corpus.path(file)
            prior = self.settings.tests if is_test(path) and not self.query.tests else 1.0
            prior *= self.settings.prose if is_prose(self.corpus.language(file)) else 1.0
            one = Candidate(file, path, self.corpus.documents.first[file], prior)
            self.found[file] = one
        return one

    def gather_chunks(self, evidence: Evidence) -> Mapping[int, float]:
        """Take in chunks by file, after their names were read; how well names fit, by document."""
        scores = evidence.chunks
        hits = self._best(scores)
        if not len(hits):
            return {}
        window, named = self.settings.window, self.settings.named
        of, worth = hits.tolist(), scores[hits].tolist()
        known = dict(zip(of[:READ], worth[:READ], strict=True))
        is_named = set(hits[:READ][evidence.named[hits[:READ]] > 0].tolist())
        fitting: dict[int, float] = {}
        # lower is better: so that the order of numbers is that of the chunks
        weighed = [(-score * window, document) for score, document in zip(worth[READ:], of[READ:], strict=True)]
        for document, place in self.corpus.places(known).items():
            score = known[document] * (1.0 if place.name and place.kind != "window" else window)
            if document in is_named:
                fitting[document] = self._fit(place.name, evidence.rarity)
            weighed.append((-(score + named * worth[0] * fitting.get(document, 0.0)), document))
        weighed.sort()
        self._by_file(weighed)
        return fitting

    def _best(self, scores: Floats) -> NDArray[numpy.int64]:
        """The documents with the highest scores, in order; those with the same go by path and place in the file."""
        hits = numpy.flatnonzero(scores > 0)
        if len(hits) > LOOKED_AT:
            least = numpy.partition(scores[hits], len(hits) - LOOKED_AT)[len(hits) - LOOKED_AT]
            hits = hits[scores[hits] >= least]
        order = self.corpus.order[self.corpus.documents.files[hits]]
        return hits[numpy.lexsort((hits, order, -scores[hits]))][:LOOKED_AT]

    def _by_file(self, weighed: list[tuple[float, int]]) -> None:
        """Gives each file its chunks; `weighed` has them in order, with what they are worth below zero."""
        top = weighed[0][0]
        documents = self.corpus.documents.files
        files = documents[numpy.array([document for _, document in weighed])].tolist()
        for (score, document), file in zip(weighed, files, strict=True):
            one = self.found.get(file) or self.take(file)
            if len(one.chunks) < OF_A_FILE:
                one.chunks.append((score / top, document))

    def _fit(self, name: str, rarity: Mapping[str, float]) -> float:
        """How much of a name is in the query, and of the query in the name."""
        words = set(words_of(name.rpartition(".")[2]))
        met: dict[str, float] = {}
        for word in words:
            if word not in self._answers:
                self._answers[word] = list(self._answered(word))
            for asked, worth in self._answers[word]:
                met[asked] = max(met.get(asked, 0.0), worth)
        if not met:
            return 0.0
        whole = sum(rarity.get(word, 3.0) for word in self.query.asked)
        share = sum(rarity.get(word, 3.0) * worth for word, worth in met.items()) / whole
        return min(1.0, sum(met.values()) / len(words)) * math.sqrt(min(1.0, share))

    def _answered(self, word: str) -> Iterator[tuple[str, float]]:
        """Words of the query that a word answers, with how well."""
        if word in self.query.asked:
            yield word, 1.0
        elif self.query.shape != "name" and self.settings.fields.kin_name:
            yield from ((asked, self.settings.fields.kin_name) for asked in self.query.asked if is_kin(asked, word))

    def describe(self, evidence: Evidence, fitting: Mapping[int, float]) -> None:
        """Fill in the features that come from words."""
        stems = numpy.flatnonzero(evidence.stems > 0)
        for file in stems[numpy.lexsort((self.corpus.order[stems], -evidence.stems[stems]))[:NAMED]].tolist():
            self.take(file)
        highest = float(evidence.files.max()) or 1.0
        widest = float(evidence.cover.max()) or 1.0
        decays = [self.settings.decay**position for position in range(OF_A_FILE)]
        files = numpy.fromiter(self.found, dtype="i8", count=len(self.found))
        columns = (evidence.files, evidence.cover, evidence.folders, evidence.stems, evidence.stem_hits)
        whole, cover, folder, share, inside = (column[files].tolist() for column in columns)
        for position, one in enumerate(self.found.values()):
            features, chunks = one.features, one.chunks
            features["best"] = chunks[0][0] if chunks else 0.0
            features["decayed"] = sum([score * decay for (score, _), decay in zip(chunks, decays)])  # noqa: B905
            features["file"] = whole[position] / highest
            features["cover"] = cover[position] / widest
            features["folder"] = folder[position]
            features["named"] = max([fitting.get(document, 0.0) for _, document in chunks], default=0.0)
            if share[position] > 0:
                part = math.sqrt(min(1.0, share[position]))
                fit = min(1.0, inside[position] / max(1, len(stem_words(one.path))))
                features["stem"] = fit * part
                features["whole_stem"] = part if fit >= 0.99 else 0.0
        most = max((one.features["decayed"] for one in self.found.values()), default=0.0) or 1.0
        for one in self.found.values():
            one.features["decayed"] /= most

    def add_definitions(self) -> None:
        """Files that define what the query names; many definers share what it is worth."""
        power = 0.75 if self.query.shape == "report" else 0.5
        ranks: dict[int, tuple[float, bool, int]] = {}
        for name, sure in self.query.names.items():
            places = list(self._meant(name))
            spread = len({place.file for place in places})
            for place in places:
                one = self.take(place.file)
                one.features["definition"] = min(3.0, one.features.get("definition", 0.0) + sure / spread**power)
                rank = (sure, place.kind in _TYPES, place.end_line - place.start_line)
                if place.file not in ranks or rank > ranks[place.file]:
                    ranks[place.file], one.defined = rank, place

    def _meant(self, name: str) -> Iterable[Place]:
        """Definitions that a name may mean: outside of tests where there are such, of things rather than values."""
        found = self.corpus.definitions(name)
        outside = [place for place in found if self.query.tests or not is_test(self.corpus.path(place.file))] or found
        return [place for place in outside if place.kind not in _VALUES] or outside

    def add_mentions(self) -> None:
        """Files that the query names by path, by module or in a traceback."""
        for path in self.query.paths:
            self._mention(self.corpus.ending(path), 1.0 if "/" in path else 0.7)
        for module in self.query.modules:
            self._mention(self._module(module), 0.7)
        for frame in self.query.frames:
            steps = frame.path.split("/")
            tails = ("/".join(steps[at:]) for at in range(len(steps)))
            self._mention(next((files for tail in tails if (files := self.corpus.ending(tail))), ()), 0.5)

    def _module(self, dotted: str) -> Iterable[int]:
        steps = dotted.split(".")
        for size in range(len(steps), 1, -1):
            place = "/".join(steps[:size])
            if files := self.corpus.ending(f"{place}.py") or self.corpus.ending(f"{place}/__init__.py"):
                return files
        return ()

    def _mention(self, files: Iterable[int], worth: float) -> None:
        among = list(files)
        for file in among[:5]:
            features = self.take(file).features
            features["mention"] = max(features.get("mention", 0.0), worth / len(among))


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[str, ...]:
    """The stemmed words of a name."""
    return tuple(word for token in tokens(name) for word in parts(token))


@lru_cache(maxsize=65536)
def stem_words(path: str) -> tuple[str, ...]:
    """The stemmed words of a file's name without its suffixes."""
    return words_of(PurePosixPath(path).name.lstrip(".").partition(".")[0])
