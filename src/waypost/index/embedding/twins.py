"""Embedders for tests and trials: one that follows a script, and one that does all that can go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Literal

import numpy

from waypost.index.embedding.embedder import Embedder, EmbedderFailed
from waypost.index.terms import words

if TYPE_CHECKING:
    from waypost.index.embedding.embedder import Floats

Fault = Literal["fails", "narrow", "few", "nan", "hangs", "raises", "text"]
FAULTS: tuple[Fault, ...] = ("fails", "narrow", "few", "nan", "hangs", "raises", "text")


class ScriptedEmbedder:
    """A text gets the rows of the script's words that it holds, summed; without a script a direction a word.

    `asked` holds every text that it was ever given.
    """

    def __init__(self, script: Mapping[str, Sequence[float]] | None = None, dimensions: int = 32) -> None:
        self._script = {word: numpy.asarray(row, dtype="f4") for word, row in (script or {}).items()}
        self.dimensions = len(next(iter(self._script.values()))) if self._script else dimensions
        self.name = "scripted"
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder."""
        self.asked += texts
        found = numpy.zeros((len(texts), self.dimensions), dtype="f4")
        for row, text in zip(found, texts, strict=True):
            if self._script:
                vectors = [vector for word, vector in self._script.items() if word in text]
            else:
                vectors = [self._drawn(word) for word in words(text)]
            row[:] = sum(vectors, start=row)
        return found

    def _drawn(self, word: str) -> Floats:
        bits = hashlib.shake_128(word.encode("utf-8", "surrogatepass")).digest(self.dimensions)
        return (numpy.frombuffer(bits, dtype="u1") & 1).astype("f4") * 2 - 1


class ChaosEmbedder:
    """Another embedder behind which something goes wrong after `after` good answers."""

    def __init__(self, fault: Fault, behind: Embedder | None = None, *, after: int = 0) -> None:
        self._behind = behind or ScriptedEmbedder()
        self._fault = fault
        self._left = after
        self.name = f"chaos-{fault}"

    @property
    def dimensions(self) -> int:
        """Those of the one behind."""
        return self._behind.dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder; or not."""
        self._left -= 1
        found = self._behind.embed(texts)
        if self._left >= 0:
            return found
        if self._fault == "fails":
            raise EmbedderFailed("embedder chaos-fails: it fails, as it was told to")
        if self._fault == "raises":
            raise RuntimeError("not a word that the caller knows")
        if self._fault == "hangs":
            Event().wait()
        wrong: dict[str, object] = {
            "narrow": found[:, :-1],
            "few": found[:-1],
            "nan": numpy.full_like(found, numpy.nan),
            "text": "not a matrix",
        }
        return wrong[self._fault]  # type: ignore[return-value]
