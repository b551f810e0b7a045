"""An embedder that is fitted to the corpus itself: latent semantic analysis (Deerwester et al., 1990) without weights.

The terms that the lexicon was given become a matrix of chunks by terms, weighed by tf-idf; its strongest directions,
found by randomised subspace iteration (Halko, Martinsson & Tropp, 2011) from a start that is always the same, are the
basis. It is frozen: a chunk's vector depends on its text and the basis, whatever else changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from waypost.index.embedding.vectors import Basis, Vectors
from waypost.index.forward import Forward, unpack
from waypost.index.terms import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from waypost.index.embedding.embedder import Floats
    from waypost.index.index import Index

VERSION = 1
DIMENSIONS = 128
MOST_TERMS = 10_000
MOST_CHUNKS = 20_000
WIDEST = 0.3
"""Share of the chunks above which a term tells nothing."""
SPARE = 16
ROUNDS = 2
EMPTY = 1e-5
"""Of the strongest direction's strength: what is weaker holds rounding alone."""
REFIT = 0.2
"""Share of the texts that has to be others before the basis is fitted anew."""
_BLOCK = 1 << 16
_NONE = numpy.zeros(0, dtype="u4")
_HEAD = struct.Struct("<III")
_TERMS = "SELECT t.packed FROM files f JOIN terms t ON t.file = f.id WHERE f.left_out IS NULL ORDER BY f.digest, f.path"


class FittedEmbedder:
    """Words onto a frozen basis. `packed` holds the terms with their rarities and rows."""

    def __init__(self, packed: bytes) -> None:
        """Raises ValueError for bytes that are no basis."""
        if len(packed) < _HEAD.size:
            raise ValueError("vectors' basis: too short")
        terms, columns, size = _HEAD.unpack_from(packed)
        at = _HEAD.size + size
        if len(packed) != at + 4 * terms + 2 * terms * columns:
            raise ValueError("vectors' basis: cut short")
        listed = packed[_HEAD.size : at].decode("utf-8", "surrogatepass").split("\n") if terms else []
        self._places = {term: place for place, term in enumerate(listed)}
        self._rarity = numpy.frombuffer(packed, dtype="<f4", count=terms, offset=at)
        self._rows = numpy.frombuffer(packed, dtype="<f2", offset=at + 4 * terms).reshape(terms, columns).astype("f4")
        self.dimensions = columns
        self.name = f"fitted-{VERSION}-{hashlib.sha256(packed).hexdigest()[:16]}"

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder."""
        found = numpy.zeros((len(texts), self.dimensions), dtype="f4")
        for row, text in zip(found, texts, strict=True):
            counts = Counter(place for word in words(text) if (place := self._places.get(word)) is not None)
            if counts:
                places = sorted(counts)
                often = numpy.array([counts[place] for place in places], dtype="f4")
                row[:] = ((1 + numpy.log(often)) * self._rarity[places]) @ self._rows[places]
        return found


def fitted(index: Index, vectors: Vectors, texts: NDArray[numpy.uint32] | None) -> FittedEmbedder:
    """The kept embedder, or a new one where a fifth of the texts (by 4 bytes of their digests) are not those it saw.

    While not all texts are known (None) a kept one stays.
    """
    basis = vectors.basis()
    if basis is not None and (texts is None or not is_due(basis.texts, texts)):
        with contextlib.suppress(ValueError):  # damaged: it is made anew
            kept = FittedEmbedder(basis.packed)
            if kept.name == basis.embedder:
                return kept
    packed = fit(unpack(zlib.decompress(terms)) for (terms,) in index.connection.execute(_TERMS))
    found = FittedEmbedder(packed)
    vectors.keep_basis(Basis(found.name, packed, _NONE if texts is None else numpy.unique(texts)))
    return found


def is_due(then: NDArray[numpy.uint32], now: NDArray[numpy.uint32]) -> bool:
    """Whether a fifth of the texts came since, or of those before went."""
    now = numpy.unique(now)
    same = len(numpy.intersect1d(then, now))
    return max(len(now) - same, len(then) - same) >= REFIT * max(1, min(len(then), len(now)))


# --- fitting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sparse:
    """A matrix by its numbers and where each stands, in the order of the rows."""

    values: Floats
    columns: NDArray[numpy.int64]
    rows: NDArray[numpy.int64]
    shape: tuple[int, int]

    def times(self, other: Floats) -> Floats:
        """The product with a dense matrix, in blocks."""
        found = numpy.zeros((self.shape[0], other.shape[1]), dtype="f4")
        for start in range(0, len(self.values), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = self.rows[part]
            begins = numpy.flatnonzero(numpy.diff(rows, prepend=-1))
            found[rows[begins]] += numpy.add.reduceat(self.values[part, None] * other[self.columns[part]], begins)
        return found

    def turned(self) -> _Sparse:
        """Rows as columns."""
        order = numpy.argsort(self.columns, kind="stable")
        return _Sparse(self.values[order], self.rows[order], self.columns[order], self.shape[::-1])


def fit(forwards: Iterable[Forward]) -> bytes:
    """A basis out of files' terms, in their order, as long as there is room."""
    sample, chunks = _sample(forwards)
    held: Counter[str] = Counter()
    for forward in sample:
        sizes = numpy.diff(forward.ends.astype("i8"), prepend=0).tolist()
        held.update({term: size for term, size in zip(forward.terms, sizes, strict=True) if ":" not in term})
    least, most = (2, max(2, int(WIDEST * chunks))) if chunks >= 20 else (1, chunks)
    usable = sorted((term for term, size in held.items() if least <= size <= most), key=lambda one: (-held[one], one))
    terms = sorted(usable[:MOST_TERMS])
    rarity = numpy.log((chunks + 1) / (numpy.array([held[term] for term in terms], dtype="f8") + 0.5)).astype("f4")
    basis = _directions(_matrix(sample, chunks, terms, rarity)) if terms else numpy.zeros((0, 1), dtype="f4")
    text = "\n".join(terms).encode("utf-8", "surrogatepass")
    head = _HEAD.pack(len(terms), basis.shape[1], len(text))
    return b"".join((head, text, rarity.astype("<f4").tobytes(), basis.astype("<f2").tobytes()))


def _sample(forwards: Iterable[Forward]) -> tuple[list[Forward], int]:
    sample: list[Forward] = []
    chunks = 0
    for forward in forwards:
        sample.append(forward)
        chunks += len(forward.lengths)
        if chunks >= MOST_CHUNKS:
            break
    return sample, chunks


def _matrix(sample: Sequence[Forward], chunks: int, terms: Sequence[str], rarity: Floats) -> _Sparse:
    """Chunks by terms, by tf-idf, each row of length 1."""
    places = {term: place for place, term in enumerate(terms)}
    columns, rows, counts = [], [], []
    first = 0
    for forward in sample:
        sizes = numpy.diff(forward.ends.astype("i8"), prepend=0)
        column = numpy.repeat(numpy.array([places.get(term, -1) for term in forward.terms], dtype="i8"), sizes)
        kept = column >= 0
        columns.append(column[kept])
        rows.append(forward.chunks[kept].astype("i8") + first)
        counts.append(forward.counts[kept])
        first += len(forward.lengths)
    row, column, often = numpy.concatenate(rows), numpy.concatenate(columns), numpy.concatenate(counts)
    order = numpy.lexsort((column, row))
    row, column = row[order], column[order]
    values = (1 + numpy.log(often[order].astype("f4"))) * rarity[column]
    lengths = numpy.sqrt(numpy.bincount(row, weights=values.astype("f8") ** 2, minlength=chunks))
    return _Sparse((values / lengths[row]).astype("f4"), column, row, (chunks, len(terms)))


def _orthonormal(columns: Floats) -> Floats:
    """Columns of length 1 at right angles that span the same; by their small Gram matrix, as QR takes seconds here."""
    wide = columns.astype("f8")
    strengths, turns = numpy.linalg.eigh(wide.T @ wide)
    held = strengths > EMPTY**2 * strengths[-1]
    found: Floats = (wide @ (turns[:, held] / numpy.sqrt(strengths[held]))).astype("f4")
    return found


def _directions(matrix: _Sparse) -> Floats:
    """The strongest directions among the terms, as columns; their signs are settled by their largest number."""
    turned = matrix.turned()
    chunks, terms = matrix.shape
    wanted = min(DIMENSIONS, chunks, terms)
    width = min(DIMENSIONS + SPARE, terms)
    bits = numpy.frombuffer(hashlib.shake_128(b"waypost").digest(terms * width), dtype="u1") & 1
    found = bits.reshape(terms, width).astype("f4") * 2 - 1
    for _ in range(ROUNDS):
        found = _orthonormal(turned.times(matrix.times(found)))
    small = matrix.times(found)
    strengths, turns = numpy.linalg.eigh((small.T @ small).astype("f8"))
    held = turns[:, strengths > EMPTY * strengths[-1]][:, ::-1]
    basis = found @ held[:, :wanted].astype("f4")
    signs = numpy.sign(basis[numpy.abs(basis).argmax(axis=0), numpy.arange(basis.shape[1])])
    result: Floats = (basis * numpy.where(signs == 0, 1, signs)).astype("f4")
    return result
