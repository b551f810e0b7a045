"""What the run has decided, noted and asked, folded from its live history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from waypost.events import kinds
from waypost.events.event import Record

KINDS = (
    kinds.DecisionRecorded.kind,
    kinds.NoteTaken.kind,
    kinds.ReviewQueued.kind,
    kinds.ReviewDecided.kind,
)


@dataclass(slots=True)
class Knowledge:
    """Decisions, notes, and questions with a human's answers where there are any."""

    decisions: list[kinds.DecisionRecorded] = field(default_factory=list)
    notes: list[kinds.NoteTaken] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Knowledge:
        """Folds records of `KINDS`, in order."""
        knowledge = cls()
        for record in records:
            knowledge.apply(record)
        return knowledge

    def apply(self, record: Record) -> None:
        """Takes in one more event; other kinds are passed over."""
        match record.event:
            case kinds.DecisionRecorded() as decision:
                self.decisions.append(decision)
            case kinds.NoteTaken() as note:
                self.notes.append(note)
            case kinds.ReviewQueued(item=item, topic="question", text=text):
                self.questions[item] = text
            case kinds.ReviewDecided(item=item, text=text, verdict=verdict):
                self.answers[item] = text or verdict
            case _:
                pass

    def render(self, characters: int) -> str:
        """The knowledge as Markdown of at most about so many characters; the newest wins where it is too much."""
        sections = [
            ("Decisions", [_decision(item) for item in self.decisions]),
            ("Questions to the human", [self._question(item) for item in self.questions]),
            ("Notes", [f"- {note.text} ({note.milestone})" for note in self.notes]),
        ]
        sections = [(title, lines) for title, lines in sections if lines]
        share = characters // max(1, len(sections))
        return "\n\n".join(f"### {title}\n{_newest(lines, share)}" for title, lines in sections)

    def _question(self, item: str) -> str:
        answer = self.answers.get(item)
        return f"- {item}: {self.questions[item]}" + (f" → answered: {answer}" if answer else " (open)")


def _decision(item: kinds.DecisionRecorded) -> str:
    line = f"- {item.title.rstrip('.')}: {item.decision.rstrip('.')}"
    if item.because:
        line += f", because {item.because.rstrip('.')}"
    if item.rejected:
        pairs = ((option.rstrip("."), why.rstrip(".")) for option, why in item.rejected)
        line += ". Rejected: " + "; ".join(f"{option} ({why})" if why else option for option, why in pairs)
    return f"{line} ({item.milestone})"


def _newest(lines: list[str], characters: int) -> str:
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line) + 1
        if kept and size > characters:
            kept.append(f"- … {len(lines) - len(kept)} older ones are in DOCUMENTATION.md")
            break
        kept.append(line)
    return "\n".join(reversed(kept))
