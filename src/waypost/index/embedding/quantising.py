"""Vectors in a byte a number, and the cosines of many with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from waypost.index.embedding.embedder import Floats

BLOCK = 8192
"""Rows that are turned back into floats at once."""


def quantised(vectors: Floats) -> NDArray[numpy.int8]:
    """Each row scaled so that its largest number is 127; cosines don't ask for the length that this loses.

    A number is off by at most 1/254 of its row's largest.
    """
    largest = numpy.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    return numpy.rint(vectors / numpy.where(largest > 0, largest, 1) * 127).astype(numpy.int8)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Quantised rows with their lengths."""

    rows: NDArray[numpy.int8]
    lengths: Floats

    @classmethod
    def of(cls, rows: NDArray[numpy.int8]) -> Matrix:
        """Rows made ready to be asked."""
        lengths = numpy.empty(len(rows), dtype="f4")
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK].astype("f4")
            lengths[start : start + BLOCK] = numpy.sqrt((block * block).sum(axis=1))
        return cls(rows, lengths)

    def cosines(self, vector: Floats) -> Floats:
        """The cosine of each row with a vector; 0 where either is nothing but zeros."""
        found = numpy.zeros(len(self.rows), dtype="f4")
        length = float(numpy.sqrt(vector @ vector))
        if not length:
            return found
        for start in range(0, len(self.rows), BLOCK):
            found[start : start + BLOCK] = self.rows[start : start + BLOCK].astype("f4") @ vector
        return (found / (numpy.where(self.lengths > 0, self.lengths, 1) * length)).astype("f4")
