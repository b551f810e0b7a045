"""Parsing results of contents that are no longer there, kept for the day when a branch or a rewind brings them back."""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Iterable

from waypost.index.packing import Packed, from_bytes, to_bytes
from waypost.index.rows import Rows

MOST_BYTES = 16_000_000
"""What is kept altogether; the oldest goes first."""
_RUNS = 'SELECT name, run FROM json_each(?) AS wanted JOIN "references" r ON r.name = wanted.value AND r.file = ?'
_TEXTS = "SELECT n.id, n.name FROM json_each(?) AS wanted JOIN names n ON n.id = wanted.value"


def names_of(data: bytes) -> array[int]:
    """The ids of names as the `names` column of a file holds them."""
    names = array("I")
    names.frombytes(data)
    if sys.byteorder == "big":
        names.byteswap()
    return names


def names_as_bytes(ids: Iterable[int]) -> bytes:
    """Ids of names for the `names` column of a file."""
    names = array("I", ids)
    if sys.byteorder == "big":
        names.byteswap()
    return names.tobytes()


def keep(connection: Rows, file: int, path: str, digest: bytes) -> None:
    """Keeps what the store holds of a file, before it is removed."""
    packed = packed_of(connection, file)
    if packed.status == "quarantined":
        return
    connection.execute(
        "INSERT OR REPLACE INTO kept (path, digest, packed, terms) VALUES (?, ?, ?, ?)",
        (path, digest, to_bytes(packed), packed.terms),
    )


def kept_digests(connection: Rows) -> dict[str, tuple[bytes, ...]]:
    """The contents that are kept, by path."""
    found: dict[str, tuple[bytes, ...]] = {}
    for path, digest in connection.execute("SELECT path, digest FROM kept"):
        found[path] = (*found.get(path, ()), digest)
    return found


def take(connection: Rows, path: str, digest: bytes) -> Packed | None:
    """What was kept of a content, which then lives in the tables again; None where it is not whole."""
    row = connection.execute(
        "SELECT id, packed, terms FROM kept WHERE path = ? AND digest = ?", (path, digest)
    ).fetchone()
    if row is None:
        return None
    connection.execute("DELETE FROM kept WHERE id = ?", (row[0],))
    try:
        zlib.decompress(row[2])
        return from_bytes(row[1], row[2])
    except (ValueError, zlib.error):
        return None  # damaged: it is parsed again


def trim(connection: Rows, most: int = MOST_BYTES) -> None:
    """Drops the oldest of what is kept until the rest fits."""
    (size,) = connection.execute("SELECT coalesce(sum(length(packed) + length(terms)), 0) FROM kept").fetchone()
    if size <= most:
        return
    dropped = []
    for number, length in connection.execute("SELECT id, length(packed) + length(terms) FROM kept ORDER BY id"):
        dropped.append((number,))
        size -= length
        if size <= most * 3 // 4:
            break
    connection.executemany("DELETE FROM kept WHERE id = ?", dropped)


def packed_of(connection: Rows, file: int) -> Packed:
    """A file's rows as one value."""
    language, status, why, lines, chunk_base, chunks, symbol_base, symbols, names = connection.execute(
        "SELECT language, status, why, lines, chunk_base, chunks, symbol_base, symbols, names FROM files WHERE id = ?",
        (file,),
    ).fetchone()
    numbers: dict[int, int] = {}

    def number(name: int) -> int:
        return numbers.setdefault(name, len(numbers))

    found = connection.execute(
        "SELECT name, qualified, kind, start_line, end_line, name_line, parent FROM symbols "
        "WHERE id >= ? AND id < ? ORDER BY id",
        (symbol_base, symbol_base + symbols),
    )
    symbol_rows = [(number(row[0]), *row[1:6], -1 if row[6] is None else row[6] - symbol_base) for row in found]
    found = connection.execute(
        "SELECT start_line, end_line, kind, symbol, name FROM chunks WHERE id >= ? AND id < ? ORDER BY id",
        (chunk_base, chunk_base + chunks),
    )
    chunk_rows = [(*row[:3], -1 if row[3] is None else row[3] - symbol_base, row[4]) for row in found]
    found = connection.execute(
        "SELECT module, name, alias, line FROM imports WHERE file = ? ORDER BY position", (file,)
    )
    import_rows = [(*(number(name) for name in row[:3]), row[3]) for row in found]
    found = connection.execute("SELECT class, base FROM inherits WHERE file = ? ORDER BY position", (file,))
    inherits = [(number(row[0]), number(row[1])) for row in found]
    runs = [(number(name), run) for name, run in runs_of(connection, file, names)]
    texts = dict(connection.execute(_TEXTS, (json.dumps(list(numbers)),)).fetchall())
    own_names = [texts[name] for name in numbers]
    (terms,) = connection.execute("SELECT packed FROM terms WHERE file = ?", (file,)).fetchone()
    return Packed(language, status, why, lines, own_names, symbol_rows, runs, import_rows, inherits, chunk_rows, terms)


def runs_of(connection: Rows, file: int, names: bytes) -> list[tuple[int, bytes]]:
    """The references that stand in a file: a name's id and its run."""
    return connection.execute(_RUNS, (json.dumps(names_of(names).tolist()), file)).fetchall()
