"""Reading the lexicon: documents, their lengths and files, and where a term stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy

from waypost.index import lexicon
from waypost.index.conflation import has_root, root
from waypost.index.forward import unpack
from waypost.index.rows import Rows

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    _Fresh: TypeAlias = tuple[int, NDArray[numpy.uint16], NDArray[numpy.uint8]]


@dataclass(frozen=True, slots=True)
class Postings:
    """Documents that hold a term, each once but in no order, and how often each does."""

    documents: NDArray[numpy.int64]
    counts: NDArray[numpy.float32]

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True, slots=True)
class Norms:
    """Factors by document and by file number, and how many files there are."""

    documents: NDArray[numpy.float32]
    files: NDArray[numpy.float32]
    total: int


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents by number: `lengths` is 0 and `files` -1 where there is none."""

    lengths: NDArray[numpy.float32]
    files: NDArray[numpy.int64]
    first: dict[int, int]  # of each file
    total: int  # documents that are there
    average: float  # tokens of one
    has_gaps: bool = False  # numbers whose file is gone
    norms: dict[float, Norms] = field(default_factory=dict, compare=False)  # kept by `norm`

    def norm(self, length: float) -> Norms:
        """What counts are multiplied with, so that long texts don't win by their length; `length` is BM25's b."""
        if length not in self.norms:
            self.norms[length] = _norms(self, length)
        return self.norms[length]

    def place(self, document: int) -> tuple[int, int]:
        """File of a document, and its position among the file's chunks."""
        file = int(self.files[document])
        return file, document - self.first[file]


_NOWHERE = Postings(numpy.zeros(0, dtype="i8"), numpy.zeros(0, dtype="f4"))


class Lexicon:
    """A view of the lexicon's tables that follows what is committed to them."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection
        self._generation = self._folds = -1
        self._runs: tuple[int, ...] = ()
        self._fresh: dict[str, list[_Fresh]] = {}
        self._fresh_taken: set[tuple[int, int]] = set()
        self._documents = Documents(numpy.zeros(0, dtype="f4"), numpy.zeros(0, dtype="i8"), {}, 0, 1.0)

    def refresh(self) -> bool:
        """Bring the view up to date; whether anything had changed. Cheap when nothing was written."""
        generation, folds, size = self._connection.execute(_STATE).fetchone()
        if generation == self._generation:
            return False
        rows = self._connection.execute("SELECT file, first, lengths FROM lexicon_file").fetchall()
        self._documents = _documents(rows, size)
        self._runs = tuple(run for (run,) in self._connection.execute("SELECT run FROM lexicon_run ORDER BY run"))
        if folds != self._folds:
            self._folds, self._fresh, self._fresh_taken = folds, {}, set()
        self._take_fresh()
        self._generation = generation
        return True

    @property
    def documents(self) -> Documents:
        """The documents at the last `refresh`."""
        return self._documents

    def find(self, term: str) -> Postings:
        """Where a term stands; `term` may have a suffix for its field, see `forward`."""
        return self.find_all((term,)).get(term, _NOWHERE)

    def find_all(self, terms: Iterable[str]) -> dict[str, Postings]:
        """Where terms stand; those that stand nowhere are left out."""
        documents: dict[str, list[NDArray[numpy.int64]]] = {}
        counts: dict[str, list[NDArray[numpy.uint8]]] = {}
        wanted = list(dict.fromkeys(terms))
        asked = json.dumps(wanted)
        for run in self._runs:
            for term, blob in self._connection.execute(_FIND, (asked, run)):
                low, often = lexicon.split(blob)
                documents.setdefault(term, []).append(low.astype(numpy.int64) + run)
                counts.setdefault(term, []).append(often)
        for term in wanted if self._fresh else ():
            for first, chunks, often in self._fresh.get(term, ()):
                documents.setdefault(term, []).append(chunks.astype(numpy.int64) + first)
                counts.setdefault(term, []).append(often)
        return {term: self._living(documents[term], counts[term]) for term in documents}

    def _living(self, documents: list[NDArray[numpy.int64]], counts: list[NDArray[numpy.uint8]]) -> Postings:
        numbers, often = numpy.concatenate(documents), numpy.concatenate(counts)
        if self._documents.has_gaps:
            alive = self._documents.lengths[numbers] > 0
            numbers, often = numbers[alive], often[alive]
        return Postings(numbers, often.astype("f4"))

    def sizes(self, terms: Iterable[str]) -> dict[str, int]:
        """About how many documents hold terms: removed ones that are not yet folded away count too."""
        wanted = list(dict.fromkeys(terms))
        found = {term: sum(len(chunks) for _, chunks, _ in self._fresh.get(term, ())) for term in wanted}
        asked = json.dumps(wanted)
        for run in self._runs:
            for term, size in self._connection.execute(_SIZES, (asked, run)):
                found[term] += size // 3
        return found

    def kin(self, word: str) -> list[str]:
        """Other terms of a word's root, with the root itself."""
        if not has_root(word):
            return []
        stem = root(word)
        rows = self._connection.execute("SELECT term FROM lexicon_root WHERE root = ? ORDER BY term LIMIT 50", (stem,))
        return [term for term in (stem, *(term for (term,) in rows)) if term != word]

    def _take_fresh(self) -> None:
        rows = self._connection.execute("SELECT file, first FROM lexicon_file WHERE fresh IS NOT NULL").fetchall()
        for file, first in rows:
            if (file, first) not in self._fresh_taken:
                self._take(file, first)

    def _take(self, file: int, first: int) -> None:
        (packed,) = self._connection.execute("SELECT fresh FROM lexicon_file WHERE file = ?", (file,)).fetchone()
        forward = unpack(packed)
        start = 0
        for term, end in zip(forward.terms, forward.ends.tolist(), strict=True):
            self._fresh.setdefault(term, []).append((first, forward.chunks[start:end], forward.counts[start:end]))
            start = end
        self._fresh_taken.add((file, first))


_STATE = "SELECT generation, folds, next FROM lexicon_state"
_FIND = """
SELECT p.term, p.postings FROM json_each(?) AS wanted
CROSS JOIN lexicon_posting p ON p.run = ? AND p.term = wanted.value
"""
_SIZES = """
SELECT p.term, length(p.postings) FROM json_each(?) AS wanted
CROSS JOIN lexicon_posting p ON p.run = ? AND p.term = wanted.value
"""


def _documents(rows: list[tuple[int, int, bytes]], size: int) -> Documents:
    lengths = numpy.zeros(size, dtype="f4")
    files = numpy.full(size, -1, dtype="i8")
    for file, first, packed in rows:
        own = numpy.frombuffer(packed, dtype="<u2")
        lengths[first : first + len(own)] = own
        files[first : first + len(own)] = file
    total = int((files >= 0).sum())
    average = float(lengths.sum()) / total if total else 1.0
    return Documents(lengths, files, {file: first for file, first, _ in rows}, total, average, total < size)


def _norms(documents: Documents, length: float) -> Norms:
    there = documents.files >= 0
    own = numpy.bincount(documents.files[there], weights=documents.lengths[there])
    total = int(numpy.count_nonzero(own))
    mean = float(own.sum()) / max(1, total) or 1.0
    by_document = 1 / (1 - length + length * documents.lengths / documents.average)
    by_file = 1 / (1 - length + length * own / mean)
    return Norms(by_document.astype("f4"), by_file.astype("f4"), total)
