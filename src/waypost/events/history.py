"""A run's live history: its part of the log without what rewinds have hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from waypost.events.event import Record
from waypost.events.kinds import RunRewound
from waypost.events.log import Log, Span


def live_spans(log: Log, run: str, until: int | None = None) -> tuple[Span, ...]:
    """The spans that count, oldest first.

    A rewind at r to position t makes what was live at t, and all from r on, live. So undoing a rewind is
    rewinding to just before it, and needs no rule of its own.
    """
    rewinds = [(record.seq, record.event.to) for record in log.read(run, kinds=(RunRewound.kind,))
               if isinstance(record.event, RunRewound)]  # fmt: skip
    last = log.position if until is None else until
    return _spans(rewinds, last)


def _spans(rewinds: list[tuple[int, int]], last: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    while True:
        newest = max((rewind for rewind in rewinds if rewind[0] <= last), default=None)
        if newest is None:
            spans.append(Span(1, last))
            return tuple(reversed(spans))
        spans.append(Span(newest[0], last))
        last = newest[1]


def live(log: Log, run: str, kinds: Iterable[str] = (), *, after: int = 0) -> Iterator[Record]:
    """The run's live events in order."""
    kinds = tuple(kinds)
    for span in live_spans(log, run):
        if span.last > after:
            yield from log.read(run, after=max(span.first - 1, after), until=span.last, kinds=kinds)


def last_live(log: Log, run: str, kinds: Iterable[str]) -> Record | None:
    """The newest live event of these kinds."""
    kinds = tuple(kinds)
    for span in reversed(live_spans(log, run)):
        found = log.last(run, kinds=kinds, until=span.last)
        if found is not None and found.seq >= span.first:
            return found
    return None
