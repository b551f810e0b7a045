"""A corpus of texts that lie in no folder: for trying rankings, and for tests of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from waypost.index import lexicon
from waypost.index.corpus import Place, ranked
from waypost.index.forward import terms_of_file
from waypost.index.model import Parsed
from waypost.index.parsing import parse
from waypost.index.postings import Documents, Lexicon, Postings

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


class CorpusInMemory:
    """Files given as texts by path; their numbers are their positions."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._paths = list(texts)
        self._parsed: list[Parsed] = [parse(path, text.encode()) for path, text in texts.items()]
        connection = sqlite3.connect(":memory:")
        lexicon.create(connection)
        packed = (terms_of_file(path, texts[path], one) for path, one in zip(self._paths, self._parsed, strict=True))
        lexicon.add(connection, enumerate(packed))
        self._lexicon = Lexicon(connection)
        self._lexicon.refresh()

    @property
    def documents(self) -> Documents:
        """All documents."""
        return self._lexicon.documents

    def find(self, terms: Iterable[str]) -> Mapping[str, Postings]:
        """Where terms stand."""
        return self._lexicon.find_all(terms)

    def sizes(self, terms: Iterable[str]) -> Mapping[str, int]:
        """About how many documents hold terms."""
        return self._lexicon.sizes(terms)

    def kin(self, word: str) -> Sequence[str]:
        """Other terms of a word's root."""
        return self._lexicon.kin(word)

    @property
    def order(self) -> NDArray[numpy.int64]:
        """Each file's place among all by their paths."""
        return ranked(self._paths, range(len(self._paths)))

    def path(self, file: int) -> str:
        """A file's path."""
        return self._paths[file]

    def language(self, file: int) -> str:
        """A file's language."""
        return self._parsed[file].language

    def places(self, documents: Iterable[int]) -> Mapping[int, Place]:
        """Lines and names of documents."""
        return {document: self._place(document) for document in documents}

    def _place(self, document: int) -> Place:
        file, position = self.documents.place(document)
        chunk = self._parsed[file].chunks[position]
        return Place(file, chunk.start_line, chunk.end_line, chunk.kind, chunk.name)

    def definitions(self, name: str) -> Sequence[Place]:
        """Symbols of exactly that name."""
        return [
            Place(file, one.start_line, one.end_line, one.kind, one.qualified)
            for file, parsed in enumerate(self._parsed)
            for one in parsed.symbols
            if one.name == name
        ]

    def ending(self, path: str) -> Sequence[int]:
        """Files whose path is `path` or ends with `/` and `path`."""
        return [file for file, whole in enumerate(self._paths) if f"/{whole}".endswith(f"/{path}")]
