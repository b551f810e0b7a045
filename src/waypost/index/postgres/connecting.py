"""A connection to the server that takes the room's SQL: statements prepared once, plain inserts gathered for COPY."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from waypost.index.errors import IndexProblem, IndexUnreachable
from waypost.index.postgres import dialect
from waypost.index.postgres.address import Address
from waypost.index.postgres.complaints import NO_DRIVER, complaint, is_lost, lost, refused, unreachable

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 900.0
"""How long one statement may take before the server counts as lost."""
MOST_PREPARED = 200
COPIED_AT_ONCE = 1 << 18
ROWS_AT_ONCE = 5_000
_NUMERIC = 1700


class Result:
    """The rows of one statement, as SQLite's cursor gives them."""

    __slots__ = ("_rows", "lastrowid", "rowcount")

    def __init__(self, rows: Iterable[Sequence[Any]] = (), rowcount: int = -1, lastrowid: int | None = None) -> None:
        self._rows = iter(list(map(tuple, rows)))
        self.rowcount = rowcount
        self.lastrowid = lastrowid

    def fetchone(self) -> Any:
        """The next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class Connection:
    """For one thread at a time. Outside of a transaction a lost connection is made again, and the statement repeated.

    `greet` is told of every new connection. Within a transaction, inserts that nobody asks the answer of wait until
    another statement may see them.
    """

    def __init__(self, address: Address, greet: Callable[[Connection], None]) -> None:
        self.address = address
        self.in_transaction = False
        self.is_bound = False
        """Whether the server holds something for this connection, so that another one would not do."""
        self._greet = greet
        self._driver: Any = None
        self._prepared: dict[str, tuple[Any, ...]] = {}
        self._waiting: dict[str, list[Sequence[Any]]] = {}

    # --- the connection -----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connects, unless it is connected. Raises IndexUnreachable."""
        if self._driver is None:
            self._driver = self._connected()
            self._prepared.clear()
            self._greet(self)

    def close(self) -> None:
        """Lets go; what was not committed is gone."""
        driver, self._driver = self._driver, None
        self.in_transaction = self.is_bound = False
        self._waiting.clear()
        if driver is not None:
            with contextlib.suppress(Exception):  # whatever is wrong with it, it is not needed any more
                driver.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._driver is not None

    def _connected(self) -> Any:
        try:
            from pg8000.core import CoreConnection
            from pg8000.exceptions import DatabaseError, Error
        except ImportError as problem:
            raise IndexUnreachable(NO_DRIVER) from problem
        address = self.address
        try:
            driver = CoreConnection(
                address.user,
                host=address.host,
                database=address.database,
                password=address.password or None,
                sock=_socket(address),
                ssl_context=address.encrypted(),
                application_name="waypost",
            )
        except Error as problem:
            said = next((one for one in _behind(problem) if isinstance(one, DatabaseError)), None)
            if said is not None:  # the driver may stumble over the closed connection while it tells
                raise refused(address, *_told(said)) from problem
            raise unreachable(address, _because(problem)) from problem
        except OSError as problem:
            raise unreachable(address, problem.strerror or str(problem)) from problem
        driver.register_in_adapter(_NUMERIC, float)
        return driver

    # --- statements ---------------------------------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        """Runs a statement of the room's SQL."""
        statement = dialect.said(sql, parameters)
        if statement.table and self.in_transaction:
            self._waiting.setdefault(statement.table, []).append(parameters)
            first: object = next(iter(parameters), None)
            return Result(rowcount=1, lastrowid=first if isinstance(first, int) else None)
        self.flush()
        return self._answered(statement, parameters)

    def glance(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        """Runs a query that needs to see nothing of what still waits to be inserted."""
        return self._answered(dialect.said(sql, parameters), parameters)

    def _answered(self, statement: dialect.Statement, parameters: Sequence[Any]) -> Result:
        if any(parameters[at] == "[]" for at in statement.lists):
            return Result()  # a list without a type, and nothing to be found by it
        context = self.run(statement.sql, dialect.bound(parameters, statement.lists))
        rows: Sequence[Any] = context.rows or ()
        return Result(rows, context.row_count, rows[0][0] if statement.returns_id else None)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Result:
        """Runs a statement for many rows, in few trips to the server."""
        rows = iter(parameters)
        first = next(rows, None)
        if first is None:
            return Result(rowcount=0)
        statement = dialect.said(sql, first)
        if statement.table and self.in_transaction:
            self._waiting.setdefault(statement.table, []).extend([first, *rows])
            return Result(rowcount=-1)
        self.flush()
        changed, every = 0, itertools.chain([first], rows)
        while some := list(itertools.islice(every, ROWS_AT_ONCE)):
            changed += self._many(sql, some)
        return Result(rowcount=changed)

    def _many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        at_once = dialect.at_once(sql, rows[0])
        if at_once is not None:
            return int(self.run(at_once, [dialect.array(column) for column in zip(*rows, strict=True)]).row_count)
        return sum(max(0, self._answered(dialect.said(sql, row), row).rowcount) for row in rows)

    def forget(self) -> None:
        """Drops what waits."""
        self._waiting.clear()

    def flush(self) -> None:
        """Sends what waits."""
        waiting, self._waiting = self._waiting, {}
        for table, rows in waiting.items():
            self.copy(table, rows)

    def copy(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Puts rows into a table, which is quoted and may name its columns."""
        parts = [list[str]()]
        size = 0
        for row in rows:
            line = dialect.copied(row)
            parts[-1].append(line)
            size += len(line)
            if size > COPIED_AT_ONCE:
                parts.append([])
                size = 0
        stream = ["".join(part).encode() for part in parts if part]
        if stream:
            self.command(f"COPY {table} FROM STDIN", stream)

    # --- what the server is sent --------------------------------------------------------------------------------------

    def command(self, sql: str, stream: Sequence[bytes] | None = None) -> Any:
        """Sends a statement of PostgreSQL's own, without values."""
        return self._guarded(lambda driver: driver.execute_unnamed(sql, stream=stream))

    def run(self, sql: str, values: Sequence[str | None]) -> Any:
        """Sends a statement of PostgreSQL's own with its values as text; it is prepared once."""

        def ask(driver: Any) -> Any:
            known = self._prepared.get(sql)
            if known is None:
                if len(self._prepared) >= MOST_PREPARED:
                    driver.close_prepared_statement(self._prepared.pop(next(iter(self._prepared)))[0])
                known = self._prepared[sql] = driver.prepare_statement(sql, ())
            name, columns, functions = known
            return driver.execute_named(name, values, columns, functions, sql)

        return self._guarded(ask)

    def _guarded(self, ask: Callable[[Any], Any]) -> Any:
        may_repeat = self._driver is not None and not self.in_transaction and not self.is_bound
        self.open()
        try:
            return self._tried(ask)
        except IndexUnreachable:
            if not may_repeat:
                raise
        self.open()
        return self._tried(ask)

    def _tried(self, ask: Callable[[Any], Any]) -> Any:
        from pg8000.exceptions import DatabaseError, Error

        try:
            return ask(self._driver)
        except DatabaseError as problem:
            raise self._complaint(*_told(problem)) from problem
        except (Error, OSError, ValueError) as problem:  # ValueError: what the server sent is cut
            self.close()
            raise lost(self.address, _because(problem)) from problem
        except BaseException:  # interrupted between asking and answer: what comes next would be the wrong answer
            self.close()
            raise

    def _complaint(self, code: str, said: str) -> IndexProblem:
        if is_lost(code):
            self.close()
        return complaint(self.address, code, said)


def _socket(address: Address) -> socket.socket:
    """A socket with a limit on silence, which the driver would set for connecting and asking alike."""
    if address.socket:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(CONNECT_SECONDS)
        try:
            found.connect(address.socket)
        except OSError:
            found.close()
            raise
    else:
        found = socket.create_connection((address.host, address.port), CONNECT_SECONDS)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.settimeout(SILENT_SECONDS)
    return found


def _told(problem: Exception) -> tuple[str, str]:
    """Code and text of a complaint."""
    told = problem.args[0] if problem.args and isinstance(problem.args[0], dict) else {}
    return str(told.get("C", "")), str(told.get("M", problem))


def _behind(problem: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that were being handled when it was raised."""
    while problem is not None:
        yield problem
        problem = problem.__context__


def _because(problem: BaseException) -> str:
    cause = problem.__cause__
    return str(cause) if cause is not None else str(problem)
