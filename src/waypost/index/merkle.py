"""Directory hashes: the root's names all that is indexed, and one file's change touches only the folders around it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from waypost.index.rows import Rows

EMPTY = hashlib.sha256(b"").digest()


def settle(connection: Rows, touched: Iterable[int]) -> None:
    """Computes the digests of these directories and of those around them anew; empty ones are deleted."""
    waiting = {number: _row(connection, number) for number in touched}
    while waiting:
        number = max(waiting, key=lambda one: waiting[one][0].count("/") + bool(waiting[one][0]))
        _, parent, before = waiting.pop(number)
        digest = _digest(connection, number)
        if digest is None and parent is not None:
            connection.execute("DELETE FROM directories WHERE id = ?", (number,))
        elif digest == before:
            continue
        else:
            connection.execute("UPDATE directories SET digest = ? WHERE id = ?", (digest or EMPTY, number))
        if parent is not None and parent not in waiting:
            waiting[parent] = _row(connection, parent)


def _row(connection: Rows, number: int) -> tuple[str, int | None, bytes | None]:
    found = connection.execute("SELECT path, parent, digest FROM directories WHERE id = ?", (number,)).fetchone()
    path, parent, digest = found
    return path, parent, digest


def _digest(connection: Rows, number: int) -> bytes | None:
    """The digest over what stands in a directory, by name; None where nothing does."""
    files = connection.execute(
        "SELECT path, digest, left_out FROM files WHERE directory = ? ORDER BY path", (number,)
    ).fetchall()
    inner = connection.execute(
        "SELECT path, digest FROM directories WHERE parent = ? ORDER BY path", (number,)
    ).fetchall()
    if not files and not inner:
        return None
    whole = hashlib.sha256()
    for path, digest, left_out in files:
        if left_out is None:
            whole.update(b"F" + digest + _name(path))
    for path, digest in inner:
        if digest != EMPTY and digest is not None:
            whole.update(b"D" + digest + _name(path))
    return whole.digest()


def _name(path: str) -> bytes:
    return path.rpartition("/")[2].encode() + b"\0"


def root_of(connection: Rows) -> str:
    """The name of the state, in hexadecimal."""
    found = connection.execute("SELECT digest FROM directories WHERE path = ''").fetchone()
    return bytes(found[0] if found and found[0] else EMPTY).hex()
