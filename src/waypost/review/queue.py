"""The queue of things that wait for a human: questions, and criteria that only a person can judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from waypost.events import kinds
from waypost.events.event import Record

KINDS = (kinds.ReviewQueued.kind, kinds.ReviewDecided.kind)
QUESTION, MANUAL, INTEGRITY = "question", "manual", "integrity"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Something that waits, or waited, for a human; `verdict` is empty until they decided."""

    item: str
    milestone: str
    topic: str
    text: str
    verdict: str = ""
    answer: str = ""


def apply(queue: dict[str, ReviewItem], event: kinds.ReviewQueued | kinds.ReviewDecided) -> None:
    """Takes one event into the queue."""
    if isinstance(event, kinds.ReviewQueued):
        queue[event.item] = ReviewItem(event.item, event.milestone, event.topic, event.text)
    elif event.item in queue:
        queue[event.item] = replace(queue[event.item], verdict=event.verdict, answer=event.text)


def items(records: Iterable[Record]) -> dict[str, ReviewItem]:
    """The queue by item, folded from records of `KINDS`, in order."""
    queue: dict[str, ReviewItem] = {}
    for record in records:
        if isinstance(record.event, kinds.ReviewQueued | kinds.ReviewDecided):
            apply(queue, record.event)
    return queue


def next_question(queue: dict[str, ReviewItem], before: int = 0) -> str:
    """The name of the next question, Q1, Q2 …, where so many before it are not in the queue yet."""
    return f"Q{1 + before + sum(item.topic == QUESTION for item in queue.values())}"
