"""A log that fails on purpose, for trying what the floors above do then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from waypost.events.blob import Blob
from waypost.events.event import Event, Record
from waypost.events.leaves import Leaves
from waypost.events.log import Log, Span


class ChaosLog:
    """Passes everything on, but raises what `fault` returns for an append (its number from 0, its events)."""

    def __init__(self, inner: Log, fault: Callable[[int, Sequence[Event]], Exception | None]) -> None:
        self.inner, self._fault, self._appends = inner, fault, 0
        self.torn = inner.torn

    def append(self, run: str, epoch: int | None, events: Sequence[Event], actor: str = "runtime") -> list[Record]:
        """Fails before anything is stored, or passes on."""
        problem = self._fault(self._appends, events)
        self._appends += 1
        if problem is not None:
            raise problem
        return self.inner.append(run, epoch, events, actor)

    def claim(self, run: str) -> int:
        """Passed on."""
        return self.inner.claim(run)

    def read(
        self,
        run: str | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        kinds: Iterable[str] = (),
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """Passed on."""
        return self.inner.read(run, after=after, until=until, kinds=kinds, newest_first=newest_first)

    def last(self, run: str | None = None, *, kinds: Iterable[str] = (), until: int | None = None) -> Record | None:
        """Passed on."""
        return self.inner.last(run, kinds=kinds, until=until)

    def spent(self, run: str, span: Span) -> dict[str, tuple[int, ...]]:
        """Passed on."""
        return self.inner.spent(run, span)

    def count(self, run: str, kind: str, span: Span) -> int:
        """Passed on."""
        return self.inner.count(run, kind, span)

    def content(self, blob: Blob) -> bytes:
        """Passed on."""
        return self.inner.content(blob)

    def text(self, blob: Blob) -> str:
        """Passed on."""
        return self.inner.text(blob)

    def runs(self) -> tuple[str, ...]:
        """Passed on."""
        return self.inner.runs()

    @property
    def position(self) -> int:
        """Passed on."""
        return self.inner.position

    @property
    def leaves(self) -> Leaves:
        """Passed on."""
        return self.inner.leaves

    def close(self) -> None:
        """Passed on."""
        self.inner.close()
