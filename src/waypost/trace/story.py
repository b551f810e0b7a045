"""All that the log knows around a written line: edit, deltas, prompt, what was known, who judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.events import kinds
from waypost.events.event import EventError, Record
from waypost.trace.answers import DeltaRange, arguments, value_span
from waypost.trace.chain import Written
from waypost.trace.errors import BadAnswer
from waypost.trace.steps import Call, History, Step

_AROUND = (
    kinds.AttemptOpened.kind,
    kinds.ContextFolded.kind,
    kinds.DecisionRecorded.kind,
    kinds.ReviewQueued.kind,
)
_WHAT = {
    kinds.AttemptOpened.kind: "briefing",
    kinds.ContextFolded.kind: "folded working set",
    kinds.ModelResponded.kind: "answer",
    kinds.ToolEnded.kind: "result",
    kinds.NoteTold.kind: "note",
}
"""What a prompt is made from."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A message of a prompt, or what stands before all: what it is, the event that holds it, its salted digest."""

    what: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a request held. `estimate` is in tokens; `digest` is of the segments' digests."""

    seq: int
    digest: str
    messages: int
    estimate: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A decision or a finding that the run held at that time."""

    seq: int
    milestone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word on something of this milestone."""

    seq: int
    item: str
    verdict: str
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything around one written line. `attempt` is 0 where the log does not say it."""

    step: Step
    attempt: int
    call: Call | None
    argument: str
    deltas: DeltaRange | None
    model: str
    prompt: Prompt | None
    decisions: tuple[Known, ...]
    findings: tuple[Known, ...]
    reviews: tuple[Review, ...]
    committed: int
    """The position of the milestone's commit; 0 where it was never made."""


def around(history: History) -> list[Record]:
    """The events that stories are told with, read once for many."""
    return list(history.between(0, history.until, _AROUND))


def tell(history: History, written: Written, around: list[Record]) -> Story:
    """The story of a written line."""
    step = written.step
    opened = _last(around, kinds.AttemptOpened, step.responded)
    deltas, model = _deltas(history, written)
    return Story(
        step=step,
        attempt=opened.event.attempt if opened and isinstance(opened.event, kinds.AttemptOpened) else 0,
        call=written.call,
        argument=written.place[0] if written.place else "",
        deltas=deltas,
        model=model or (history.opened.model if history.opened else ""),
        prompt=_prompt(history, step, around),
        decisions=_decisions(around, step),
        findings=_findings(around, step),
        reviews=_reviews(history, step.milestone),
        committed=_committed(history, step),
    )


def _committed(history: History, step: Step) -> int:
    for record in history.log.read(history.run, after=step.responded, kinds=(kinds.MilestoneCommitted.kind,)):
        if isinstance(record.event, kinds.MilestoneCommitted) and record.event.milestone == step.milestone:
            return record.seq
    return 0


def _last(records: list[Record], cls: type, before: int) -> Record | None:
    return next((one for one in reversed(records) if isinstance(one.event, cls) and one.seq < before), None)


def _deltas(history: History, written: Written) -> tuple[DeltaRange | None, str]:
    """The deltas of the answer that brought the line, or all of the call's where the line's own can't be told."""
    try:
        answer = history.answer(written.step)
    except (BadAnswer, EventError):
        return None, ""
    part = answer.part_of(written.call.id) if written.call else None
    text = answer.arguments_of(written.call.id) if written.call else None
    if part is None or text is None:
        return None, answer.model
    start, end = 0, len(text)
    if written.place is not None:
        argument, line = written.place
        value = str(arguments(text).get(argument, ""))
        rows = value.split("\n")
        first = sum(len(row) + 1 for row in rows[:line])
        start, end = value_span(text, argument, first, first + len(rows[line])) or (start, end)
    return answer.range_of(part, start, max(end, start + 1)), answer.model


def _prompt(history: History, step: Step, around: list[Record]) -> Prompt | None:
    if not step.requested:
        return None
    record = next(history.log.read(history.run, after=step.requested - 1, until=step.requested))
    asked = record.event
    assert isinstance(asked, kinds.ModelRequested)
    return Prompt(step.requested, asked.digest, asked.messages, asked.estimate, tuple(_segments(history, step, around)))


def _segments(history: History, step: Step, around: list[Record]) -> Iterator[Segment]:
    """The request's segments, put together from it and those before it, back to one that listed all."""
    opened = _last(around, kinds.AttemptOpened, step.requested)
    listed: list[kinds.PromptSegment] = []
    since = opened.seq if opened else 0
    for record in history.between(since, step.requested, (kinds.ModelRequested.kind,)):
        if isinstance(record.event, kinds.ModelRequested):
            listed[record.event.kept :] = record.event.segments
    first = min((one.event for one in listed), default=0)
    held = {one.seq: _WHAT[one.event.kind] for one in history.between(first - 1, step.requested, tuple(_WHAT))}
    for place, one in enumerate(listed):
        yield Segment("system and tools" if place == 0 else held.get(one.event, "message"), one.event, one.digest)


def _decisions(around: list[Record], step: Step) -> tuple[Known, ...]:
    return tuple(
        Known(one.seq, one.event.milestone, one.event.title, one.event.decision)
        for one in around
        if isinstance(one.event, kinds.DecisionRecorded) and one.seq < step.responded
    )


def _findings(around: list[Record], step: Step) -> tuple[Known, ...]:
    return tuple(
        Known(one.seq, one.event.milestone, f"{one.event.topic} {one.event.item}", one.event.text)
        for one in around
        if isinstance(one.event, kinds.ReviewQueued) and one.event.milestone == step.milestone
    )


def _reviews(history: History, milestone: str) -> tuple[Review, ...]:
    """All words of people, also those that came after the milestone's commit."""
    names = (kinds.ReviewQueued.kind, kinds.ReviewDecided.kind)
    said = list(history.log.read(history.run, kinds=names))
    of = {one.event.item: one.event.milestone for one in said if isinstance(one.event, kinds.ReviewQueued)}
    return tuple(
        Review(one.seq, one.event.item, one.event.verdict, one.event.by, one.event.text)
        for one in said
        if isinstance(one.event, kinds.ReviewDecided) and of.get(one.event.item) == milestone
    )
