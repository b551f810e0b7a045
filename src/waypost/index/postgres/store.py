"""An index's place on a server: its schema opened or made, written by one process at a time."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.index.errors import BadPlace, IndexBusy, IndexDamaged, IndexProblem, IndexTooNew
from waypost.index.postgres import tables
from waypost.index.postgres.address import Address, read_address
from waypost.index.postgres.connecting import Connection
from waypost.index.schema import SCHEMA
from waypost.index.store import BUSY_SECONDS, made_by

if TYPE_CHECKING:
    from waypost.index.postgres.writing import PostgresWriter

SETTINGS = {
    "bytea_output": "hex", "client_encoding": "UTF8", "standard_conforming_strings": "on", "jit": "off",
    "client_min_messages": "error",
}  # fmt: skip
"""What the server or the user may have set otherwise."""
_LOCK = "hashtextextended($1, 0)"
_FOUND = "SELECT version, made_by FROM waypost.indexes WHERE schema = $1"
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind = 'r'
"""
_TABLE = """
SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
"""  # not to_regclass: what it remembers may be older than the lock that was waited for
_NEVER_BEFORE = """
UPDATE lexicon_state SET generation = now.moment, folds = now.moment
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS moment) AS now
"""
"""Numbers that no index of this tree had, so that nobody takes it for what they have in memory."""
_VALUE = "SELECT value FROM meta WHERE key = $1"
_SET = "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"


class PostgresStore:
    """The rows of one tree on a server. For one thread at a time; many processes may have one each."""

    def __init__(self, address: Address, root: Path) -> None:
        """Opens the index or makes it. `remade` says why an existing one was made anew, or nothing.

        Raises IndexUnreachable, IndexUnwritable, IndexTooNew, IndexBusy.
        """
        self.address = address
        self.project = address.project or tables.project_of(root)
        self.place = tables.place_of(root)
        self.schema = tables.name_of(self.project, self.place)
        self.remade = ""
        self.made_by = made_by()
        self.connection = Connection(address, self._greet)
        try:
            self._open_or_make()
        except BaseException:
            self.connection.close()
            raise

    @classmethod
    def at(cls, url: str, root: Path) -> PostgresStore:
        """The store that a URL names. Raises BadPlace, too."""
        return cls(read_address(url), root)

    def close(self) -> None:
        """Lets go of the server."""
        self.connection.close()

    @property
    def name(self) -> str:
        """The address without its password."""
        return str(self.address)

    def size(self) -> int:
        """Bytes of the tree's own tables and their indexes on the server, without the contents that trees share."""
        return int(self._one(_SIZE, self.schema)[0])

    def _greet(self, connection: Connection) -> None:
        settings = {**SETTINGS, "search_path": f'"{self.schema}"'}
        asked = ", ".join(
            f"set_config({tables.quoted(name)}, {tables.quoted(value)}, false)" for name, value in settings.items()
        )
        connection.command(f"SELECT {asked}")

    def _one(self, sql: str, *values: str) -> Any:
        rows = self.connection.run(sql, values).rows
        return rows[0] if rows else None

    # --- opening ------------------------------------------------------------------------------------------------------

    def _open_or_make(self) -> None:
        if self._why_not() == "":
            return
        with self._making():
            why = self._why_not()
            if why != "":
                self.remade = why or ""
                self._make()

    def _is_as_opened(self) -> bool:
        try:
            row = self._one(_FOUND, self.schema)
        except IndexDamaged:
            return False  # what all trees share was removed
        return row is not None and tuple(row) == (SCHEMA, self.made_by)

    def _why_not(self) -> str | None:
        """Why what is there can't be used: empty where it can, None where nothing is there. Raises IndexTooNew."""
        if self._one(_TABLE, tables.SHARED, "about") is None:
            return None
        (version,) = self._one("SELECT max(version) FROM waypost.about")
        row = self._one(_FOUND, self.schema)
        if (version or 0) > tables.VERSION or (row is not None and row[0] > SCHEMA):
            newest = max(version or 0, row[0] if row else 0)
            raise IndexTooNew(
                f"{self.name}: a newer Waypost made the tables there (version {newest}); update Waypost, "
                "or name another database with --place"
            )
        if row is None or self._one(_TABLE, self.schema, "words") is None:
            return None if row is None else "tables of the index were removed"
        if row[0] != SCHEMA:
            return f"the index was of version {row[0]}, this is {SCHEMA}"
        return "" if row[1] == self.made_by else "the index was made by another version of Waypost or of its grammars"

    @contextlib.contextmanager
    def _making(self) -> Iterator[None]:
        """A transaction while nobody else makes or writes this index."""
        with self.transaction():
            self.connection.command(f"SET LOCAL lock_timeout = {int(BUSY_SECONDS * 1000)}")
            for key in (self.schema, tables.SHARED):  # in this order, as a writer holds its own
                self.connection.run(f"SELECT pg_advisory_xact_lock({_LOCK})", (key,))
            yield

    def _make(self) -> None:
        from waypost.index import lexicon  # here, as numpy comes with it

        encoding = self._one("SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()")
        if encoding[0] != "UTF8":
            raise BadPlace(
                f"{self.name}: the database holds {encoding[0]}, and code needs UTF8; make another with: "
                "createdb --encoding=UTF8 --template=template0 NAME"
            )
        if self._one(_TABLE, tables.SHARED, "about") is None:
            for statement in tables.SHARED_TABLES:
                self.connection.command(statement)
            self.connection.run("INSERT INTO waypost.about VALUES ($1)", [str(tables.VERSION)])
        self.connection.command(f'DROP SCHEMA IF EXISTS "{self.schema}" CASCADE')
        for statement in tables.own_statements(self.schema, self.project, self.made_by):
            self.connection.command(statement)
        lexicon.create(self.connection)
        self.connection.command(_NEVER_BEFORE)
        self.connection.run("DELETE FROM waypost.indexes WHERE schema = $1", (self.schema,))
        self.connection.run(
            "INSERT INTO waypost.indexes VALUES ($1, $2, $3, $4, $5)",
            (self.schema, self.project, self.place, str(SCHEMA), self.made_by),
        )

    def remake(self, why: str) -> None:
        """Begins with nothing; for rows that are not what was written."""
        with self._making():
            self.remade = why
            self._make()

    # --- writing and reading ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All that is written in it, or nothing. Raises what `complaints` makes of the server's."""
        with self._within("BEGIN"):
            yield self.connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Around the statements of one question: all see the same commit."""
        if self.connection.in_transaction:
            yield
            return
        with self._within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextlib.contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        connection = self.connection
        connection.command(begin)
        connection.in_transaction = True
        try:
            yield
            connection.flush()
            connection.command("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            connection.in_transaction = False

    def _roll_back(self) -> None:
        self.connection.forget()
        if self.connection.is_open:
            with contextlib.suppress(IndexProblem):  # whoever calls has the first complaint, which tells more
                self.connection.command("ROLLBACK")

    @contextlib.contextmanager
    def writing(self, seconds: float) -> Iterator[None]:
        """Alone among all processes until the end. Raises IndexBusy after so many seconds of waiting."""
        self._lock(seconds)
        connection = self.connection
        connection.is_bound = True
        try:
            if not self._is_as_opened():
                self._open_or_make()
            yield
        finally:
            if connection.is_open and connection.is_bound:
                with contextlib.suppress(IndexProblem):  # it is let go with the connection
                    connection.run(f"SELECT pg_advisory_unlock({_LOCK})", (self.schema,))
            connection.is_bound = False

    def _lock(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._one(f"SELECT pg_try_advisory_lock({_LOCK})", self.schema)[0]:
            if time.monotonic() >= until:
                raise IndexBusy(f"{self.name}: another process is updating {self.place}; ask again when it has ended")
            time.sleep(0.02)

    def writer(self) -> PostgresWriter:
        """What takes the outcomes of one update."""
        from waypost.index.postgres.writing import PostgresWriter

        return PostgresWriter(self)

    # --- small facts --------------------------------------------------------------------------------------------------

    def meta(self, key: str) -> Any:
        """A fact about the whole; None where it is not known."""
        row = self._one(_VALUE, key)
        return json.loads(row[0]) if row else None

    def set_meta(self, key: str, value: str | float) -> None:
        """Writes a fact about the whole."""
        self.connection.run(_SET, (key, json.dumps(value)))
