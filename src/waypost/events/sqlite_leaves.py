"""Leaves, nodes and checkpoints in the log's SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from waypost.events.canonical import NotCanonical
from waypost.events.event import header_of
from waypost.events.leaves import Node, Row, Sealed

BATCH = 2000
_ROWS = """
SELECT e.seq, r.name, e.at, e.actor, e.epoch, e.kind, e.schema, e.salt, e.digest, e.payload, e.head, e.leaf, x.tombstone
FROM events e LEFT JOIN runs r ON r.id = e.run LEFT JOIN erased x ON x.seq = e.seq
WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?
"""
_LEAVES = "SELECT leaf FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"
_NODES = "SELECT hash FROM nodes WHERE level = ? AND number >= ? AND number < ? ORDER BY number"
_SEALED = "SELECT size, note, frontier FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1"


class SqliteLeaves:
    """See Leaves. `query` and `writing` are the log's: they translate errors and hold its lock."""

    def __init__(
        self,
        query: Callable[[str, tuple[object, ...]], list[Any]],
        writing: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._query, self._writing = query, writing

    def rows(self, after: int = 0, until: int | None = None) -> Iterator[Row]:
        """See Leaves.rows; in batches, no lock is held between them."""
        last = 2**62 if until is None else until
        while True:
            found = self._query(_ROWS, (after, last, BATCH))
            yield from map(_row, found)
            if len(found) < BATCH:
                return
            after = found[-1][0]

    def hashes(self, first: int, count: int) -> list[bytes]:
        """See Leaves.hashes."""
        return [_bytes(leaf) or b"" for (leaf,) in self._query(_LEAVES, (first, first + count))]

    def nodes(self, level: int, first: int, count: int) -> list[bytes]:
        """See Leaves.nodes."""
        return [_bytes(found) or b"" for (found,) in self._query(_NODES, (level, first, first + count))]

    def seal(self, sealed: Sealed, nodes: Iterable[Node]) -> None:
        """See Leaves.seal."""
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)", nodes)
            values = (sealed.size, sealed.note, sealed.frontier)
            database.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", values)

    def sealed(self, until: int | None = None) -> Sealed | None:
        """See Leaves.sealed."""
        found = self._query(_SEALED, (2**62 if until is None else until,))
        return _sealed(found[0]) if found else None

    def all_sealed(self) -> list[Sealed]:
        """See Leaves.all_sealed."""
        return [_sealed(row) for row in self._query("SELECT size, note, frontier FROM checkpoints ORDER BY size", ())]

    def forget(self) -> None:
        """See Leaves.forget."""
        with self._writing() as database:
            database.execute("DELETE FROM nodes")
            database.execute("DELETE FROM checkpoints")

    def fact(self, name: str) -> str:
        """See Leaves.fact."""
        found = self._query("SELECT value FROM facts WHERE name = ?", (name,))
        return str(found[0][0]) if found else ""


def _sealed(stored: tuple[Any, ...]) -> Sealed:
    size, note, frontier = stored
    return Sealed(size, _bytes(note) or b"", _bytes(frontier) or b"")


def _bytes(value: object) -> bytes | None:
    """A column's bytes, whatever somebody made of it: a damaged log is told, and stops no reader."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    return value if isinstance(value, bytes) else None


def _row(stored: tuple[Any, ...]) -> Row:
    seq, run, at, actor, epoch, kind, schema, salt, digest, payload, head, leaf, tombstone = stored
    return Row(
        seq=seq,
        header=_header((seq, run, at, actor, epoch, kind, schema, digest), head),
        leaf=_bytes(leaf),
        salt=_bytes(salt),
        digest=_bytes(digest) or b"",
        payload=_bytes(payload),
        kind=str(kind),
        at=at if isinstance(at, int) else 0,
        tombstone=tombstone or 0,
    )


def _header(values: tuple[Any, ...], head: str | None) -> bytes | None:
    """The header's bytes as Record.header has them; None for values that nobody could have written."""
    seq, run, at, actor, epoch, kind, schema, digest = values
    usual = all(type(one) is int for one in (seq, at, epoch, schema))
    if not (usual and all(type(one) is str for one in (run, actor, kind)) and type(digest) is bytes):
        return None
    try:
        return header_of((*values[:-1], digest.hex()), json.loads(head) if head else None)
    except (NotCanonical, ValueError, TypeError):
        return None
