"""One run's pen: appends under its epoch, tells observers, and hears what humans appended meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from waypost.events.event import Event, Record
from waypost.events.log import Log

HUMAN = "human"


class Journal:
    """Writes one run's events for one process.

    Every record, own or heard, reaches each observer once and in order.
    """

    def __init__(self, log: Log, run: str, epoch: int, observers: tuple[Callable[[Record], None], ...] = ()) -> None:
        self.log, self.run, self._epoch, self._observers = log, run, epoch, observers
        self._position = log.position

    def write(self, *events: Event, actor: str = "runtime") -> list[Record]:
        """Appends the events together. Raises StaleEpoch or StoreFull."""
        records = self.log.append(self.run, self._epoch, events, actor)
        for record in records:
            for observe in self._observers:
                observe(record)
        return records

    def heard(self) -> list[Record]:
        """What humans said of this run since the last time."""
        found = [
            record for record in self.log.read(self.run, after=self._position) if record.actor == HUMAN
        ]  # a handful of rows: own events since the last step are skipped
        self._position = self.log.position
        for record in found:
            for observe in self._observers:
                observe(record)
        return found
