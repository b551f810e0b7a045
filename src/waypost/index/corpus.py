"""What ranking needs to know of an index, whatever stores it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy

from waypost.index.postings import Documents, Postings

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ranked(paths: Sequence[str], files: Sequence[int]) -> NDArray[numpy.int64]:
    """Each file's place among all by their paths, at the file's number."""
    order = numpy.zeros(max(files, default=-1) + 1, dtype="i8")
    for place, (_, file) in enumerate(sorted(zip(paths, files, strict=True))):
        order[file] = place
    return order


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file that an answer can show: a document's, or a definition's."""

    file: int
    start_line: int
    end_line: int
    kind: str
    name: str  # qualified; empty for a window without a name


class Corpus(Protocol):
    """Files and documents (chunks) by number, terms, definitions and neighbours."""

    @property
    def documents(self) -> Documents:
        """All documents."""

    def find(self, terms: Iterable[str]) -> Mapping[str, Postings]:
        """Where terms stand, see `forward` for their suffixes; those that stand nowhere are left out."""

    def sizes(self, terms: Iterable[str]) -> Mapping[str, int]:
        """About how many documents hold terms."""

    def kin(self, word: str) -> Sequence[str]:
        """Other terms of a word's root."""

    @property
    def order(self) -> NDArray[numpy.int64]:
        """Each file's place among all by their paths, at its number: it decides between what is alike otherwise."""

    def path(self, file: int) -> str:
        """A file's path from the root."""

    def language(self, file: int) -> str:
        """A file's language."""

    def places(self, documents: Iterable[int]) -> Mapping[int, Place]:
        """Lines and names of documents."""

    def definitions(self, name: str) -> Sequence[Place]:
        """Symbols of exactly that name."""

    def ending(self, path: str) -> Sequence[int]:
        """Files whose path is `path` or ends with `/` and `path`."""
