"""Where vectors are kept: by the content of a chunk and by their embedder, so that whatever brings a text back (a
branch, a rewind, a renamed file) finds its vector.

The tables are made when the first embedder is used: an index without one holds nothing of this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy

from waypost.index.index import Index

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLES = (
    "CREATE TABLE IF NOT EXISTS chunk_vectors (digest BLOB PRIMARY KEY, embedder TEXT NOT NULL, vector BLOB NOT NULL)",
    # of each chunk's text, in the order of the chunks, by the file's content
    "CREATE TABLE IF NOT EXISTS vector_texts (content BLOB NOT NULL, language TEXT NOT NULL, digests BLOB NOT NULL, "
    "PRIMARY KEY (content, language))",
    "CREATE TABLE IF NOT EXISTS vector_basis (embedder TEXT PRIMARY KEY, packed BLOB NOT NULL, texts BLOB NOT NULL)",
)
MADE = "vectors"
"""The fact in `meta` that the tables are there."""
SIZE = 16
"""Bytes of a digest."""
WAIT = 1.0
"""Seconds that writing waits for another process; without it the vectors serve this process alone."""
_FILES = "SELECT id, path, digest, language, chunk_base, chunks FROM files WHERE left_out IS NULL ORDER BY path"
_KEEP = "INSERT OR REPLACE INTO chunk_vectors VALUES (?, ?, ?)"
_KEEP_TEXTS = "INSERT OR REPLACE INTO vector_texts VALUES (?, ?, ?)"
_KEEP_BASIS = "INSERT OR REPLACE INTO vector_basis VALUES (?, ?, ?)"
_LINES = "SELECT start_line, end_line FROM chunks WHERE id >= ? AND id < ? ORDER BY id"


class File(NamedTuple):
    """A file of the index with what is needed to find its chunks."""

    id: int
    path: str
    content: bytes
    language: str
    chunk_base: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What a fitted embedder is made of, with 4 bytes of the digest of each text that it was fitted to."""

    embedder: str
    packed: bytes
    texts: NDArray[numpy.uint32]


def key_of(text: bytes, embedder: str) -> bytes:
    """What a vector is kept under; `text` is the digest of the chunk's text."""
    return hashlib.blake2b(text + embedder.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def split(digests: bytes) -> list[bytes]:
    """Digests that stand one after the other."""
    return [digests[at : at + SIZE] for at in range(0, len(digests), SIZE)]


class Vectors:
    """The tables, in the index's own file."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def is_made(self) -> bool:
        """Whether an embedder has ever been used."""
        return self._index.store.meta(MADE) is not None

    @property
    def generation(self) -> int:
        """Grows with every change to the chunks."""
        return int(self._index.connection.execute("SELECT generation FROM lexicon_state").fetchone()[0])

    def files(self) -> list[File]:
        """All files that have chunks, by path."""
        return [File(*row) for row in self._index.connection.execute(_FILES) if row[-1]]

    def texts_of(self, file: File) -> list[str] | None:
        """The texts of a file's chunks; None where the disk no longer holds what was indexed."""
        data = self._index.text(file.path)
        if data is None:
            return None
        lines = data.decode("utf-8", "replace").split("\n")
        rows = self._index.connection.execute(_LINES, (file.chunk_base, file.chunk_base + file.chunks))
        return ["\n".join(lines[start - 1 : end]) for start, end in rows]

    def known_texts(self) -> dict[tuple[bytes, str], bytes]:
        """The digests of chunks' texts, by a file's content and language."""
        if not self.is_made:
            return {}
        rows = self._index.connection.execute("SELECT content, language, digests FROM vector_texts")
        return {(bytes(content), language): bytes(digests) for content, language, digests in rows}

    def known(self, embedder: str) -> Iterator[tuple[bytes, bytes]]:
        """All vectors of an embedder by their keys."""
        if self.is_made:
            yield from self._index.connection.execute(
                "SELECT digest, vector FROM chunk_vectors WHERE embedder = ?", (embedder,)
            )

    def basis(self) -> Basis | None:
        """The newest basis."""
        if not self.is_made:
            return None
        row = self._index.connection.execute("SELECT embedder, packed, texts FROM vector_basis").fetchone()
        if row is None or len(row[2]) % 4:
            return None
        return Basis(row[0], bytes(row[1]), numpy.frombuffer(row[2], dtype="<u4"))

    # --- writing ------------------------------------------------------------------------------------------------------

    def keep_texts(self, found: Mapping[tuple[bytes, str], bytes]) -> None:
        """Keep digests of texts."""
        self._write(_KEEP_TEXTS, [(*key, one) for key, one in found.items()])

    def keep(self, embedder: str, found: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep vectors by their keys."""
        self._write(
            "INSERT OR REPLACE INTO chunk_vectors VALUES (?, ?, ?)", [(key, embedder, one) for key, one in found]
        )

    def keep_basis(self, basis: Basis) -> None:
        """Keep a basis in place of the one before, whose vectors mean nothing to it."""
        before = self.basis()
        if before is not None and before.embedder != basis.embedder:
            self._write("DELETE FROM chunk_vectors WHERE embedder = ?", [(before.embedder,)])
            self._write("DELETE FROM vector_basis WHERE embedder = ?", [(before.embedder,)])
        row = (basis.embedder, basis.packed, basis.texts.astype("<u4").tobytes())
        self._write(_KEEP_BASIS, [row])

    def forget(self, keys: Iterable[bytes], living: Set[tuple[bytes, str]]) -> None:
        """Forget vectors by their keys, and the digests of all files but the living."""
        self._write("DELETE FROM chunk_vectors WHERE digest = ?", [(key,) for key in keys])
        gone = [key for key in self.known_texts() if key not in living]
        self._write("DELETE FROM vector_texts WHERE content = ? AND language = ?", gone)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        store = self._index.store
        with store.writing(WAIT), store.transaction() as connection:
            if not self.is_made:
                for table in TABLES:
                    connection.execute(table)
                store.set_meta(MADE, 1)
            connection.executemany(statement, rows)
