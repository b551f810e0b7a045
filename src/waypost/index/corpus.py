"""What ranking needs to know of an index, whatever stores it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from waypost.index.model import Chunk, Parsed, Symbol
from waypost.index.postings import Documents, Postings

if TYPE_CHECKING:
    from waypost.index.postings import Lexicon


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a symbol stands."""

    file: int
    symbol: Symbol


class Corpus(Protocol):
    """Files by number, documents (chunks) by number, terms, definitions and neighbours."""

    @property
    def documents(self) -> Documents:
        """All documents."""

    def find(self, term: str) -> Postings:
        """Where a term of the text, or with a suffix of a name or path, stands."""

    def size(self, term: str) -> int:
        """About how many documents hold it."""

    def path(self, file: int) -> str:
        """A file's path from the root."""

    def language(self, file: int) -> str:
        """A file's language."""

    def chunk(self, document: int) -> Chunk:
        """Lines and name of a document."""

    def definitions(self, name: str) -> Sequence[Definition]:
        """Symbols of exactly that name."""

    def files_ending(self, path: str) -> Sequence[int]:
        """Files whose path is `path` or ends with `/` and `path`."""

    def neighbours(self, file: int) -> Mapping[int, float]:
        """Files that it imports or calls, or that do so to it, with weights."""
