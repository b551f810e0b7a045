"""Vectors of words from a folder: a text's vector is the mean of its words'. See docs/index-embedders.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy

from waypost.index.embedding.embedder import BadEmbedder
from waypost.index.terms import parts, stem, tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from waypost.index.embedding.embedder import Floats

WORDS, VECTORS = "vocabulary.txt", "vectors.npy"


class StaticEmbedder:
    """`vocabulary.txt` holds a word a line, `vectors.npy` a row for each; nothing in them is run.

    A word is looked for as it stands, then without capitals, then by the stems of its parts.
    """

    def __init__(self, folder: Path) -> None:
        """Raises BadEmbedder for a folder that holds no such model."""
        try:
            listed, packed = (folder / WORDS).read_bytes(), (folder / VECTORS).read_bytes()
            self._rows = numpy.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            words = listed.decode().splitlines()
        except (OSError, ValueError, EOFError) as problem:
            raise BadEmbedder(
                f"{folder}: no static model: {problem}; it needs {WORDS} (a word a line) and {VECTORS} (a row a word)"
            ) from problem
        if self._rows.ndim != 2 or self._rows.dtype.kind != "f" or len(self._rows) != len(words) or not self._rows.size:
            raise BadEmbedder(
                f"{folder / VECTORS}: {self._rows.dtype} of shape {self._rows.shape}, but {WORDS} has {len(words)} "
                "lines; it has to hold a row of floats for each"
            )
        self._places = {word: place for place, word in enumerate(words)}
        self._stems = {stem(word.lower()): place for word, place in reversed(self._places.items())}
        self.dimensions = int(self._rows.shape[1])
        self.name = f"static-{hashlib.sha256(listed + packed).hexdigest()[:16]}"

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder."""
        found = numpy.zeros((len(texts), self.dimensions), dtype="f4")
        for row, text in zip(found, texts, strict=True):
            places = [place for token in tokens(text) for place in self._found(token)]
            if places:
                row[:] = _rows(self._rows, places).mean(axis=0)
        return found

    def _found(self, token: str) -> Iterator[int]:
        for word in (token, token.lower()):
            if word in self._places:
                yield self._places[word]
                return
        yield from (self._stems[part] for part in parts(token) if part in self._stems)


def _rows(rows: NDArray[numpy.floating], places: list[int]) -> Floats:
    return rows[places].astype("f4")
