"""The corpus that lies in an index's file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from waypost.index.corpus import Place, ranked
from waypost.index.index import Index
from waypost.index.postings import Documents, Lexicon, Postings
from waypost.index.rows import Rows

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_FILES = "SELECT id, path, language, chunk_base, chunks FROM files WHERE left_out IS NULL ORDER BY path"
_PLACES = """
SELECT c.id, c.file, c.start_line, c.end_line, c.kind, coalesce(c.name, s.qualified, '')
FROM json_each(?) AS wanted JOIN chunks c ON c.id = wanted.value LEFT JOIN symbols s ON s.id = c.symbol
"""
_DEFINITIONS = """
SELECT s.file, s.start_line, s.end_line, s.kind, s.qualified FROM names n JOIN symbols s ON s.name = n.id
WHERE n.name = ?1 COLLATE NOCASE AND n.name = ?1 ORDER BY s.id LIMIT 500
"""


class StoredCorpus:
    """A corpus over an index; `refresh` follows what was written since."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._connection: Rows | None = None
        self._lexicon = Lexicon(index.connection)
        self._paths: dict[int, tuple[str, str, int]] = {}
        self._order = ranked((), ())
        self._by_name: dict[str, list[tuple[str, int]]] = {}

    def refresh(self) -> None:
        """Bring the view up to date."""
        connection = self._index.connection
        if connection is not self._connection:
            self._connection, self._lexicon = connection, Lexicon(connection)
        if self._lexicon.refresh():
            rows = connection.execute(_FILES).fetchall()
            self._paths = {file: (path, language, base) for file, path, language, base, _ in rows}
            self._order = ranked([row[1] for row in rows], [row[0] for row in rows])
            self._by_name = {}
            for file, path, _, _, _ in rows:
                self._by_name.setdefault(path.rpartition("/")[2], []).append((f"/{path}", file))

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
        return self._order

    def path(self, file: int) -> str:
        """A file's path from the root."""
        return self._paths[file][0]

    def language(self, file: int) -> str:
        """A file's language."""
        return self._paths[file][1]

    def places(self, documents: Iterable[int]) -> Mapping[int, Place]:
        """Lines and names of documents."""
        chunks: dict[int, int] = {}
        for document in documents:
            file, position = self.documents.place(document)
            chunks[self._paths[file][2] + position] = document
        rows = self._index.connection.execute(_PLACES, (json.dumps(list(chunks)),))
        return {chunks[chunk]: Place(file, start, end, kind, name) for chunk, file, start, end, kind, name in rows}

    def definitions(self, name: str) -> Sequence[Place]:
        """Symbols of exactly that name."""
        return [Place(*row) for row in self._index.connection.execute(_DEFINITIONS, (name,))]

    def ending(self, path: str) -> Sequence[int]:
        """Files whose path is `path` or ends with `/` and `path`."""
        own = self._by_name.get(path.rpartition("/")[2], ())
        return [file for whole, file in own if whole.endswith(f"/{path}")]

    def file_of(self, path: str) -> int | None:
        """The number of a file; None for one that is not there."""
        return next((file for whole, file in self._by_name.get(path.rpartition("/")[2], ()) if whole[1:] == path), None)
