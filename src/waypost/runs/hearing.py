"""What humans say while a process works: told to the model once, or obeyed, at the next safe point."""

from __future__ import annotations

from dataclasses import dataclass, field

from waypost.agent.loop import Ended
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event, Record
from waypost.events.history import live
from waypost.review.queue import QUESTION
from waypost.runs.session import Session

OUTCOMES = {"pause": "paused", "stop": "stopped"}
WORDS = (kinds.HumanSteered.kind, kinds.ReviewDecided.kind)


@dataclass(slots=True)
class Ears:
    """Listens for one session. What was said while nobody worked is heard first."""

    session: Session
    missed: list[Record] = field(init=False)

    def __post_init__(self) -> None:
        told = {
            record.event.topic
            for record in live(self.session.project.log, self.session.run, (kinds.NoteTold.kind,))
            if isinstance(record.event, kinds.NoteTold)
        }
        said = live(self.session.project.log, self.session.run, WORDS)
        self.missed = [record for record in said if _topic(record) not in told]

    def hear(self, milestone: str) -> list[Event] | Ended:
        """Notes for the model on what was said since the last time, or the end that a human asked for."""
        heard = self.session.journal.heard()
        for record in heard:
            if isinstance(record.event, kinds.HumanAsked) and record.event.wish in OUTCOMES:
                return Ended(OUTCOMES[record.event.wish], record.event.text or f"{record.event.wish} by a human")
        if drifted := self.session.watch.look_after_step(self.session.milestone(milestone)):
            return Ended("blocked", drifted)
        seen = {record.seq for record in self.missed}
        records = [*self.missed, *(record for record in heard if record.seq not in seen)]
        self.missed = []
        notes = [self._note(milestone, record) for record in records]
        return [note for note in notes if note is not None]

    def _note(self, milestone: str, record: Record) -> Event | None:
        match record.event:
            case kinds.HumanSteered(text=text):
                words = f"The human says: {text}"
            case kinds.ReviewDecided(item=item, verdict=verdict, text=text):
                queued = self.session.view.review.get(item)
                if queued is not None and queued.topic == QUESTION:
                    words = f"The human answers {item} ({queued.text}): {text or verdict}"
                elif verdict == "reject":
                    words = f"The human rejects {item}: {text or 'no reason given'}"
                else:
                    return None
            case _:
                return None
        return kinds.NoteTold(milestone, Blob.of(words), _topic(record))


def _topic(record: Record) -> str:
    return f"{record.event.kind} {record.seq}"
