"""How like a query each document is, by vectors: what is missing is made within a time, what fails is told."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from waypost.index.embedding.embedder import SECONDS, Embedder, EmbedderFailed, vectors_of
from waypost.index.embedding.quantising import Matrix, quantised
from waypost.index.embedding.vectors import SIZE, File, Vectors, key_of, split
from waypost.index.errors import IndexProblem
from waypost.index.index import Index
from waypost.index.postings import Documents
from waypost.index.rows import Rows

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from waypost.index.embedding.embedder import Floats

    Choice: TypeAlias = Callable[[Index, Vectors, NDArray[numpy.uint32] | None], Embedder]

BUDGET = 2.0
"""Seconds that a query may spend on vectors that are missing."""
PAUSE = 60.0
"""Seconds for which an embedder that has failed is left alone."""
BATCH = 32
KEPT_EVERY = 2.0
SPARE = 10_000
"""Vectors that are kept though no chunk has them, beside three times as many as chunks have."""
LONGEST = 8000
"""Characters of a chunk that an embedder is given."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many chunks have vectors, of how many; `made` are new."""

    embedder: str
    chunks: int
    vectors: int
    made: int


class Likeness:
    """One embedder's view of one index; `choose` makes the embedder, perhaps out of the index itself."""

    def __init__(
        self, index: Index, choose: Choice, *, budget: float = BUDGET, seconds: float = SECONDS, spare: int = SPARE
    ) -> None:
        """`budget` seconds go to missing vectors at a query, `seconds` to one batch; `spare` vectors may be unused."""
        self._index = index
        self._choose = choose
        self._budget = budget
        self._seconds = seconds
        self._spare = spare
        self._vectors = Vectors(index)
        self._seen: tuple[Rows, int] | None = None  # that all vectors are there for
        self._failed = ""
        self._again = 0.0
        self._query: Floats | None = None
        self._embedder: Embedder | None = None
        self._rows: dict[bytes, bytes] = {}
        self._keys: dict[int, list[bytes]] = {}  # of the chunks of each file
        self._matrix = Matrix.of(numpy.zeros((0, 0), dtype="i1"))
        self._places: list[tuple[int, int]] = []  # file and position of each row of the matrix
        self._numbered: Documents | None = None
        self._numbers = numpy.zeros(0, dtype="i8")
        self.notes: tuple[str, ...] = ()

    def prepare(self, query: str) -> None:
        """Makes vectors that are missing and the query's own; what goes wrong is told in `notes` and raised nowhere."""
        self._query, self.notes = None, ()
        if time.monotonic() < self._again:
            self.notes = (f"searched without vectors: {self._failed}",)
            return
        try:
            filled = self.fill(self._budget)
            assert self._embedder is not None
            (self._query,) = vectors_of(self._embedder, [query[:LONGEST]], self._seconds)
        except (IndexProblem, sqlite3.Error, ValueError) as problem:  # a damaged file is seen by the question as well
            self.notes = (f"searched without vectors: {problem}",)
            if isinstance(problem, EmbedderFailed):
                self._failed, self._again = str(problem), time.monotonic() + PAUSE
            return
        if filled.vectors < filled.chunks:
            so_far = f"{filled.vectors:,} of {filled.chunks:,} chunks"
            self.notes = (f"only {so_far} have vectors yet; `waypost index --embedder` makes the rest",)

    def cosines(self, documents: Documents) -> Floats | None:
        """The cosine of every document with the prepared query, 0 without a vector; None where there is no query."""
        if self._query is None:
            return None
        found = numpy.zeros(len(documents.lengths), dtype="f4")
        numbers = self._numbers_in(documents)
        there = (numbers >= 0) & (numbers < len(found))  # the index may have been written since
        found[numbers[there]] = self._matrix.cosines(self._query)[there]
        return found

    def _numbers_in(self, documents: Documents) -> NDArray[numpy.int64]:
        """The documents of the matrix's rows; -1 for those that are none."""
        if self._numbered is not documents:
            first = documents.first
            rows = (first[file] + at if file in first else -1 for file, at in self._places)
            self._numbers = numpy.fromiter(rows, dtype="i8", count=len(self._places))
            self._numbered = documents
        return self._numbers

    def fill(self, budget: float | None = None, progress: Callable[[int, int], None] | None = None) -> Filled:
        """Makes the vectors that are missing, for as long as the budget (seconds) lasts; what was made is kept.

        Raises EmbedderFailed, IndexBusy, IndexFull.
        """
        until = float("inf") if budget is None else time.monotonic() + budget
        now = self._index.connection, self._vectors.generation
        if self._seen == now and self._embedder is not None:
            return Filled(self._embedder.name, len(self._places), len(self._places), 0)
        files = self._vectors.files()
        texts = self._texts(files, until)
        embedder = self._taken(files, texts)
        self._keys = {
            file.id: [key_of(one, embedder.name) for one in split(texts[file.content, file.language])]
            for file in files
            if (file.content, file.language) in texts
        }
        made = 0
        try:
            made = self._make(embedder, files, until, progress)
        finally:
            self._arrange(embedder)
        self._trim(set(texts))
        filled = Filled(embedder.name, sum(file.chunks for file in files), len(self._places), made)
        self._seen = now if filled.vectors == filled.chunks else None
        return filled

    def _trim(self, contents: set[tuple[bytes, str]]) -> None:
        """Forgets what no chunk has, once there is far more of it than of what chunks have."""
        if len(self._rows) <= 4 * len(self._places) + self._spare:
            return
        living = {key for keys in self._keys.values() for key in keys}
        self._vectors.forget([key for key in self._rows if key not in living], contents)
        self._rows = {key: row for key, row in self._rows.items() if key in living}

    def _texts(self, files: Sequence[File], until: float) -> dict[tuple[bytes, str], bytes]:
        """The digests of all chunks' texts, by what the file holds."""
        known = self._vectors.known_texts()
        found: dict[tuple[bytes, str], bytes] = {}
        new: dict[tuple[bytes, str], bytes] = {}
        for file in files:
            key = (file.content, file.language)
            digests = known.get(key)
            if (digests is None or len(digests) != SIZE * file.chunks) and time.monotonic() < until:
                texts = self._vectors.texts_of(file)
                digests = None if texts is None else b"".join(_digest(text) for text in texts)
                if digests is not None:
                    new[key] = digests
            if digests is not None and len(digests) == SIZE * file.chunks:
                found[key] = digests
        self._vectors.keep_texts(new)
        return found

    def _taken(self, files: Sequence[File], texts: dict[tuple[bytes, str], bytes]) -> Embedder:
        """The embedder for these texts, with the vectors of its own that are known."""
        prints = numpy.frombuffer(b"".join(texts.values()), dtype="<u4")[:: SIZE // 4]
        is_all = all((file.content, file.language) in texts for file in files)
        embedder = self._choose(self._index, self._vectors, prints if is_all else None)
        if self._embedder is None or self._embedder.name != embedder.name:
            size = embedder.dimensions
            known = self._vectors.known(embedder.name)
            self._rows = {bytes(key): bytes(row) for key, row in known if len(row) == size}
        self._embedder = embedder
        return embedder

    def _make(
        self, embedder: Embedder, files: Sequence[File], until: float, progress: Callable[[int, int], None] | None
    ) -> int:
        """How many vectors were made."""
        missing = {key for keys in self._keys.values() for key in keys if key not in self._rows}
        waiting: list[tuple[bytes, bytes]] = []
        total, made, kept = len(missing), 0, time.monotonic()
        try:
            for batch in _batches(self._missing(files, missing)):
                if time.monotonic() >= until:
                    break
                rows = quantised(vectors_of(embedder, [text for _, text in batch], self._seconds))
                new = [(key, row.tobytes()) for (key, _), row in zip(batch, rows, strict=True)]
                self._rows.update(new)
                waiting += new
                made += len(new)
                if progress is not None:
                    progress(made, total)
                if time.monotonic() - kept > KEPT_EVERY:
                    self._vectors.keep(embedder.name, waiting)
                    waiting, kept = [], time.monotonic()
        finally:
            self._vectors.keep(embedder.name, waiting)
        return made

    def _missing(self, files: Sequence[File], missing: set[bytes]) -> Iterator[tuple[bytes, str]]:
        """Keys and texts without a vector, each once."""
        for file in files:
            keys = self._keys.get(file.id, ())
            if not any(key in missing for key in keys):
                continue
            for key, text in zip(keys, self._vectors.texts_of(file) or (), strict=False):
                if key in missing:
                    missing.discard(key)
                    yield key, text[:LONGEST]

    def _arrange(self, embedder: Embedder) -> None:
        """The matrix of what there is."""
        self._places, self._numbered = [], None
        data = []
        for file, keys in self._keys.items():
            for at, key in enumerate(keys):
                if key in self._rows:
                    self._places.append((file, at))
                    data.append(self._rows[key])
        rows = numpy.frombuffer(b"".join(data), dtype="i1")
        self._matrix = Matrix.of(rows.reshape(len(data), embedder.dimensions))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def _batches(found: Iterator[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    batch: list[tuple[bytes, str]] = []
    for one in found:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
