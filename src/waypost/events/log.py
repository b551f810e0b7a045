"""The seam to the log's store, and what it promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from waypost.events.blob import Blob
from waypost.events.event import Event, EventError, Record
from waypost.events.leaves import Leaves


class StaleEpoch(EventError):
    """Another process has taken the run over; this one may no longer write to it."""


class NewerSchema(EventError):
    """The log's file was written by a newer Waypost."""


class LogDamaged(EventError):
    """The log's file can't be read as a log."""


class StoreFull(EventError):
    """The disk took no more; nothing of the append was kept."""


class MissingBlob(EventError):
    """A text that an event refers to is not in the store."""


@dataclass(frozen=True, slots=True)
class Span:
    """Positions `first` to `last` of the log, both included."""

    first: int
    last: int


class Log(Protocol):
    """One ordered sequence of events for a project.

    An append is all or nothing and durable when it returns. Nothing is ever changed in place. `torn` tells of an append
    that was being written when a process or the machine ended, and that was taken back.
    """

    torn: bool

    def claim(self, run: str) -> int:
        """Takes the run over: a new epoch, with which every earlier writer is refused."""
        ...

    def append(self, run: str, epoch: int | None, events: Sequence[Event], actor: str = "runtime") -> list[Record]:
        """Appends the events and the blobs that they carry; epoch None is for humans, whose words are never fenced.

        Raises StaleEpoch or StoreFull, and then nothing was appended.
        """
        ...

    def read(
        self,
        run: str | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        kinds: Iterable[str] = (),
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """Events in order, without holding the store between them."""
        ...

    def last(self, run: str | None = None, *, kinds: Iterable[str] = (), until: int | None = None) -> Record | None:
        """The newest event of these kinds."""
        ...

    def content(self, blob: Blob) -> bytes:
        """A blob's bytes. Raises MissingBlob."""
        ...

    def text(self, blob: Blob) -> str:
        """A blob's bytes as text."""
        ...

    def spent(self, run: str, span: Span) -> dict[str, tuple[int, ...]]:
        """What the answers in the span cost, by milestone, without loading them.

        Each is (answers, input, output, cached, written, cost, answers without a price).
        """
        ...

    def count(self, run: str, kind: str, span: Span) -> int:
        """How many events of a kind the span holds."""
        ...

    def runs(self) -> tuple[str, ...]:
        """Names of all runs, oldest first."""
        ...

    @property
    def position(self) -> int:
        """The newest event's position; 0 in an empty log."""
        ...

    @property
    def leaves(self) -> Leaves:
        """The events as a tree's leaves, and what is signed over them."""
        ...

    def close(self) -> None:
        """Lets go of the store."""
        ...
