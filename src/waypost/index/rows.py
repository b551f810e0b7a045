"""What the room needs of a database: statements in one small SQL, and a store around them that is written by one.

SQLite speaks that SQL itself; `postgres.dialect` says it in PostgreSQL's words. It has `?` and `?1` for values,
`json_each(?) AS x` with `x.value` for a list of numbers or texts (an empty one finds nothing), `COLLATE NOCASE` (which
knows ASCII only), `INSERT OR REPLACE INTO`, `INSERT OR IGNORE INTO`, and `CROSS JOIN … ON` for an order of joining.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from waypost.index.writing import Writer


class Answer(Protocol):
    """Rows that a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    @property
    def lastrowid(self) -> int | None:
        """The id of the row that was inserted."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Rows(Protocol):
    """A connection that statements are sent to."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Answer:
        """Runs one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Answer:
        """Runs one statement for many rows."""


class Storage(Protocol):
    """Where an index lies. `remade` says why an existing one was made anew, or nothing; `name` names it in messages."""

    remade: str

    @property
    def name(self) -> str:
        """What a person calls it; without passwords."""

    @property
    def connection(self) -> Rows:
        """What questions and the writer send their statements to."""

    def transaction(self) -> AbstractContextManager[Rows]:
        """All that is written in it, or nothing."""

    def reading(self) -> AbstractContextManager[None]:
        """Around the statements of one question."""

    def writing(self, seconds: float) -> AbstractContextManager[None]:
        """Alone among all processes until the end. Raises IndexBusy after so many seconds of waiting."""

    def writer(self) -> Writer:
        """What takes the outcomes of one update."""

    def remake(self, why: str) -> None:
        """Begins with nothing, as what is there is damaged."""

    def size(self) -> int:
        """Bytes that it takes."""

    def meta(self, key: str) -> Any:
        """A fact about the whole; None where it is not known."""

    def set_meta(self, key: str, value: str | float) -> None:
        """Writes a fact about the whole."""

    def close(self) -> None:
        """Lets go of it."""
