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
        self._unheard: list[Record] = []

    def write(self, *events: Event, actor: str = "runtime") -> list[Record]:
        """Appends the events together. Raises StaleEpoch or StoreFull."""
        records = self.log.append(self.run, self._epoch, events, actor)
        self._listen(records[0].seq - 1)
        self._position = records[-1].seq
        for record in records:
            self._tell(record)
        return records

    def heard(self) -> list[Record]:
        """What humans said of this run since the last time."""
        self._listen(self.log.position)
        found, self._unheard = self._unheard, []
        return found

    def _listen(self, until: int) -> None:
        """Takes in what others appended up to a position, so that observers hear everything in the log's order."""
        if until <= self._position:
            return
        for record in self.log.read(self.run, after=self._position, until=until):
            if record.actor == HUMAN:
                self._unheard.append(record)
                self._tell(record)
        self._position = until

    def _tell(self, record: Record) -> None:
        for observe in self._observers:
            observe(record)
