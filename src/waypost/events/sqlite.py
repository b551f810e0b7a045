"""The log in one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.events.blob import Blob
from waypost.events.event import Event, EventError, Record, from_payload
from waypost.events.kinds import ModelResponded, PayloadErased
from waypost.events.log import LogDamaged, MissingBlob, NewerSchema, Span, StaleEpoch, StoreFull
from waypost.events.packing import pack, unpack
from waypost.events.sqlite_leaves import SqliteLeaves
from waypost.events.tables import BLOCK, INDEXED_ONLY, SCHEMA, UNINDEXED, make_tables
from waypost.events.writing import texts_of, write

if TYPE_CHECKING:
    from waypost.events.erasing import Erasure

BATCH = 500
JOURNAL = bytes.fromhex("d9d505f920a163d7")
SALT = 16
"""Bytes."""
COLUMNS = "e.seq, r.name, e.at, e.actor, e.epoch, e.kind, e.schema, e.salt, e.digest, e.payload, e.head, x.kept"
TABLES = "events e JOIN runs r ON r.id = e.run LEFT JOIN erased x ON x.seq = e.seq"
WIDTH, TOGETHER = 12, 250
"""Columns of an event's row, and rows in a statement: each statement costs as much as a row."""
ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SUMS = """
SELECT run, seq / 4096, coalesce(json_extract(content, '$.milestone'), ''), count(*),
    sum(json_extract(content, '$.spent.input')), sum(json_extract(content, '$.spent.output')),
    total(json_extract(content, '$.spent.cached')), total(json_extract(content, '$.spent.written')),
    total(json_extract(content, '$.spent.cost')), sum(json_extract(content, '$.spent.cost') IS NULL)
FROM (
    SELECT e.run, e.seq, e.kind, coalesce(e.payload, x.kept) AS content
    FROM events e LEFT JOIN erased x ON x.seq = e.seq
)
WHERE run = :run AND seq BETWEEN :first AND :last
    AND kind = 'model.responded' AND kind NOT IN ('model.requested', 'tool.called', 'tool.ended')
GROUP BY 1, 2, 3
"""
SUMMED = """
SELECT run, block, milestone, answers, input, output, cached, written, cost, unpriced
FROM spent WHERE run = :run AND block BETWEEN :first AND :last
"""
ADD_UP = """
INSERT INTO spent VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET answers = answers + 1, input = input + excluded.input, output = output + excluded.output,
    cached = cached + excluded.cached, written = written + excluded.written, cost = cost + excluded.cost,
    unpriced = unpriced + excluded.unpriced
"""


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the WAL-reset fix (3.51.3, and 3.50.7 and 3.44.6 on their branches)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


class SqliteLog:
    """A `Log` in a file. Safe for several processes at once; one object serves one thread at a time."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Opens the log. Raises NewerSchema, LogDamaged, or EventError where there is none.

        A new file is made by the first append, so that a command that is refused leaves nothing behind.
        """
        if not create and not path.exists():
            raise EventError(f"{path}: no log here yet; `waypost run` makes one")
        self.path = path
        self.torn = False
        """Whether an append that a power cut or a kill had torn was taken back when this was opened."""
        self._run_ids: dict[str, int] = {}
        self._is_file = path.exists()
        self._connect(str(path) if self._is_file else ":memory:")

    def _connect(self, place: str) -> None:
        path = self.path
        hot = self._is_file and _is_hot(path)
        self._database = sqlite3.connect(place, isolation_level=None, timeout=30, check_same_thread=False)
        try:
            self._prepare()
        except sqlite3.DatabaseError as problem:
            self._database.close()
            raise _translated(problem, path) from problem
        except BaseException:
            self._database.close()
            raise
        self.torn = self.torn or (hot and not _is_hot(path))

    def _prepare(self) -> None:
        database = self._database
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise NewerSchema(
                f"{self.path}: written by a newer Waypost (schema {version}, this one knows {SCHEMA}); "
                "upgrade Waypost to go on, nothing was changed"
            )
        if wal_is_safe():
            database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if version < SCHEMA:
            with self._transaction():
                (version,) = database.execute("PRAGMA user_version").fetchone()  # another process may have done it
                if version < SCHEMA:
                    make_tables(database, version)

    def _make_file(self) -> None:
        """From here on the log is the file, whoever made it."""
        self._is_file = True
        self._database.close()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise EventError(f"{self.path.parent}: can't be made: {problem.strerror}") from problem
        self._connect(str(self.path))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    # --- writing ---

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self._is_file:
            self._make_file()
        with self._transaction():
            yield self._database

    def claim(self, run: str) -> int:
        """Takes the run over: a new epoch, with which every earlier writer is refused."""
        try:
            with self._writing():
                number = self._run_id(run)
                self._database.execute("UPDATE runs SET epoch = epoch + 1 WHERE id = ?", (number,))
                return self._epoch(number)
        except sqlite3.DatabaseError as problem:
            raise _translated(problem, self.path) from problem

    def append(self, run: str, epoch: int | None, events: Sequence[Event], actor: str = "runtime") -> list[Record]:
        """Appends the events and their blobs, durably. Raises StaleEpoch or StoreFull."""
        try:
            with self._writing():
                return self._append(run, epoch, events, actor)
        except sqlite3.DatabaseError as problem:
            self._run_ids.clear()
            raise _translated(problem, self.path) from problem

    def _append(self, run: str, epoch: int | None, events: Sequence[Event], actor: str) -> list[Record]:
        number = self._run_id(run)
        current = self._epoch(number)
        if epoch is not None and epoch != current:
            raise StaleEpoch(
                f"run {run} was taken over by another process (epoch {current}, this one holds {epoch}); "
                "this process stops writing"
            )
        position, records, rows = self.position, list[Record](), list[object]()
        salts = os.urandom(SALT * len(events))
        for place, item in enumerate(events):
            for blob in texts_of(item):
                self._store(blob)
            position += 1
            salt = salts[SALT * place : SALT * (place + 1)]
            at = time.time_ns() // 1000
            one = write(position, run, at, actor, current, item, salt)
            rows += (position, number, at, actor, current, item.kind, item.schema, salt, one.digest, one.payload,
                     one.head, one.leaf)  # fmt: skip
            if isinstance(item, ModelResponded):
                self._add_up(number, position, item)
            records.append(one.record)
        self._insert(rows)
        return records

    def _insert(self, values: list[object]) -> None:
        for start in range(0, len(values), TOGETHER * WIDTH):
            part = values[start : start + TOGETHER * WIDTH]
            rows = ", ".join([ROW] * (len(part) // WIDTH))
            self._database.execute(f"INSERT INTO events VALUES {rows}", part)  # noqa: S608 - only question marks

    def _add_up(self, run: int, position: int, item: ModelResponded) -> None:
        spent = item.spent
        numbers = (spent.input, spent.output, spent.cached, spent.written, spent.cost or 0, spent.cost is None)
        self._database.execute(ADD_UP, (run, position // BLOCK, item.milestone, *numbers))

    def _run_id(self, run: str) -> int:
        number = self._run_ids.get(run)
        if number is None:
            self._database.execute("INSERT OR IGNORE INTO runs (name) VALUES (?)", (run,))
            (number,) = self._database.execute("SELECT id FROM runs WHERE name = ?", (run,)).fetchone()
            self._run_ids[run] = number
        return int(number)

    def _epoch(self, number: int) -> int:
        return int(self._database.execute("SELECT epoch FROM runs WHERE id = ?", (number,)).fetchone()[0])

    def _store(self, blob: Blob) -> None:
        if blob.content is None:
            return
        packed, content = pack(blob.content)
        self._database.execute(
            "INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (bytes.fromhex(blob.sha256), packed, content)
        )

    # --- reading ---

    def read(
        self,
        run: str | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        kinds: Iterable[str] = (),
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """Events in order, in batches: no lock is held between them."""
        kinds = tuple(kinds)
        low, high = after, until if until is not None else 2**62
        order = "DESC" if newest_first else "ASC"
        where, values = _conditions(run, kinds)
        statement = (
            f"SELECT {COLUMNS} FROM {TABLES} "  # noqa: S608 - only constants are put in
            f"WHERE e.seq > ? AND e.seq <= ?{where} ORDER BY e.seq {order} LIMIT {BATCH}"
        )
        while True:
            rows = self._query(statement, (low, high, *values))
            for row in rows:
                yield _record(row)
            if len(rows) < BATCH:
                return
            if newest_first:
                high = rows[-1][0] - 1
            else:
                low = rows[-1][0]

    def last(self, run: str | None = None, *, kinds: Iterable[str] = (), until: int | None = None) -> Record | None:
        """The newest event of these kinds, at or before `until`."""
        where, values = _conditions(run, tuple(kinds))
        rows = self._query(
            f"SELECT {COLUMNS} FROM {TABLES} "  # noqa: S608 - only constants are put in
            f"WHERE e.seq <= ?{where} ORDER BY e.seq DESC LIMIT 1",
            (until if until is not None else 2**62, *values),
        )
        return _record(rows[0]) if rows else None

    def content(self, blob: Blob) -> bytes:
        """A blob's bytes. Raises MissingBlob."""
        if blob.content is not None:
            return blob.content
        rows = self._query("SELECT packed, content FROM blobs WHERE sha256 = ?", (bytes.fromhex(blob.sha256),))
        if not rows:
            raise MissingBlob(f"{self.path}: the text {blob.sha256[:12]}… ({blob.size} bytes) is not in the log")
        packed, content = rows[0]
        return unpack(packed, content)

    def text(self, blob: Blob) -> str:
        """A blob's bytes as text."""
        return self.content(blob).decode(errors="replace")

    def runs(self) -> tuple[str, ...]:
        """Names of all runs, oldest first."""
        return tuple(row[0] for row in self._query("SELECT name FROM runs ORDER BY id", ()))

    @property
    def position(self) -> int:
        """The newest event's position; 0 in an empty log."""
        return int(self._query("SELECT coalesce(max(seq), 0) FROM events", ())[0][0])

    def erase(self, events: Sequence[int], run: str, by: str, why: str) -> Erasure:
        """Takes the contents of events out of the file, and appends the tombstone that says who and why.

        Raises EventError where there is no such event, or its content is gone already.
        """
        from waypost.events.erasing import Erasure as Done
        from waypost.events.erasing import put_up, rewrite, take_out

        try:
            with self._writing() as database:
                taken = take_out(database, events)
                tombstone = self._append(run, None, [PayloadErased(taken.events, by, why)], "human")[0].seq
                put_up(database, taken, tombstone)
            rewrite(self._database)
        except sqlite3.DatabaseError as problem:
            raise _translated(problem, self.path) from problem
        return Done(tombstone, taken.events)

    @property
    def leaves(self) -> SqliteLeaves:
        """See Log.leaves."""
        return SqliteLeaves(self._query, self._writing)

    def spent(self, run: str, span: Span) -> dict[str, tuple[int, ...]]:
        """What the answers in the span cost, by milestone: whole blocks from their sums, the edges from the events."""
        found = self._query("SELECT id FROM runs WHERE name = ?", (run,))
        last = min(span.last, self.position)
        if not found or last < span.first:
            return {}
        first_block, end_block = -(-span.first // BLOCK), (last + 1) // BLOCK
        asked = [(SUMS, span.first, last)]
        if first_block < end_block:
            asked = [
                (SUMS, span.first, first_block * BLOCK - 1),
                (SUMMED, first_block, end_block - 1),
                (SUMS, end_block * BLOCK, last),
            ]
        totals: dict[str, list[int]] = {}
        for statement, first, end in asked:
            values = {"run": found[0][0], "first": first, "last": end}
            for _, _, milestone, *numbers in self._query(statement, values):
                before = totals.setdefault(milestone, [0] * len(numbers))
                totals[milestone] = [int(a + b) for a, b in zip(before, numbers, strict=True)]
        return {milestone: tuple(numbers) for milestone, numbers in totals.items()}

    def count(self, run: str, kind: str, span: Span) -> int:
        """How many events of an indexed kind the span holds."""
        where, values = _conditions(run, (kind,))
        statement = f"SELECT count(*) FROM events e WHERE e.seq BETWEEN ? AND ?{where}"  # noqa: S608 - constants only
        return int(self._query(statement, (span.first, span.last, *values))[0][0])

    def _query(self, statement: str, values: Sequence[object] | dict[str, object]) -> list[Any]:
        if not self._is_file and self.path.exists():
            self._make_file()
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as problem:
            raise _translated(problem, self.path) from problem

    def close(self) -> None:
        """Closes the file."""
        self._database.close()


def _is_hot(path: Path) -> bool:
    """Whether a rollback journal lies beside the file with pages to put back (SQLite's file format, section 3)."""
    try:
        with path.with_name(f"{path.name}-journal").open("rb") as file:
            return file.read(8) == JOURNAL
    except OSError:
        return False


def _conditions(run: str | None, kinds: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    where = "" if run is None else " AND e.run = (SELECT id FROM runs WHERE name = ?)"
    if kinds:
        where += f" AND e.kind IN ({', '.join('?' * len(kinds))})"
        if UNINDEXED.isdisjoint(kinds):  # says to SQLite that the partial index holds all that is asked for
            where += INDEXED_ONLY
    return where, (*(() if run is None else (run,)), *kinds)


def _record(row: tuple[Any, ...]) -> Record:
    seq, run, at, actor, epoch, kind, schema, salt, digest, payload, head, kept = row
    fields = json.loads(kept if payload is None else payload)
    item = from_payload(kind, schema, {**fields, **json.loads(head)} if head else fields)
    return Record(seq, run, at, actor, epoch, item, salt or b"", digest.hex())


def _translated(problem: sqlite3.DatabaseError, path: Path) -> EventError:
    text = str(problem)
    if "full" in text or "disk I/O" in text:
        return StoreFull(f"{path}: the disk took no more ({text}); free some space, then `waypost resume`")
    if "locked" in text or "busy" in text:
        return EventError(f"{path}: another process holds the log for too long ({text}); try again")
    if "readonly" in text or "unable to open" in text:
        return EventError(f"{path}: can't write here ({text}); check the folder's permissions")
    return LogDamaged(f"{path}: not readable as a log ({text}); put back a copy, or move it away to start anew")
