"""The steps of a run as the log has them: which calls were made between two checkpoints, and by which answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live_spans
from waypost.events.log import Log, Span
from waypost.trace.answers import Answer

EDITS = frozenset({"edit", "write"})
"""Tools whose arguments say to the byte what they change."""
COMMANDS = frozenset({"shell"})
"""Tools that may change anything."""
_STEP_KINDS = (
    kinds.ModelRequested.kind,
    kinds.ModelResponded.kind,
    kinds.ToolCalled.kind,
    kinds.ToolEnded.kind,
    kinds.RunStarted.kind,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of a model: its number in the run, and the positions of its request (0: unknown) and of itself."""

    run: str
    milestone: str
    ordinal: int
    requested: int
    responded: int


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a step made; `called` and `ended` are its positions in the log (0: it never ended)."""

    step: Step
    called: int
    id: str
    tool: str
    about: str
    ended: int = 0
    outcome: str = "unknown"

    @property
    def is_edit(self) -> bool:
        """Whether its arguments say what it changed."""
        return self.tool in EDITS

    @property
    def is_command(self) -> bool:
        """Whether it ran a command."""
        return self.tool in COMMANDS


@dataclass(frozen=True, slots=True)
class Kept:
    """A live checkpoint and the tree before it: that of the live checkpoint before, or the run's base."""

    seq: int
    event: kinds.Checkpointed
    before: str
    before_seq: int
    follows: bool
    """Whether git's own chain of checkpoints has the same order: no rewind and no crash lies between."""

    def may_touch(self, path: str) -> bool:
        """Whether the file may have changed here."""
        event = self.event
        return (
            not self.follows
            or event.changed > len(event.changes)
            or any(change.path == path for change in event.changes)
        )


@dataclass(slots=True)
class Interval:
    """What was called between two checkpoints, in order; `restarted` where a process took the run up meanwhile."""

    calls: list[Call] = field(default_factory=list)
    restarted: bool = False


@dataclass(slots=True)
class History:
    """A run's history as it was live at position `until`."""

    log: Log
    run: str
    until: int
    spans: tuple[Span, ...] = ()
    opened: kinds.RunOpened | None = None
    _answers: dict[int, Answer] = field(default_factory=dict)
    _intervals: dict[int, Interval] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spans = live_spans(self.log, self.run, self.until)
        record = self.log.last(self.run, kinds=(kinds.RunOpened.kind,))
        self.opened = record.event if record and isinstance(record.event, kinds.RunOpened) else None

    def newest_first(self, *names: str) -> Iterator[Record]:
        """Live events of these kinds, newest first."""
        for span in reversed(self.spans):
            yield from self.log.read(self.run, after=span.first - 1, until=span.last, kinds=names, newest_first=True)

    def between(self, after: int, until: int, names: Sequence[str]) -> Iterator[Record]:
        """Live events of these kinds behind position `after`, up to `until`, in order."""
        for span in self.spans:
            low, high = max(after, span.first - 1), min(until, span.last)
            if low < high:
                yield from self.log.read(self.run, after=low, until=high, kinds=names)

    def checkpoints(self) -> Iterator[Kept]:
        """Live checkpoints, newest first."""
        later: Record | None = None
        for record in self.newest_first(kinds.Checkpointed.kind):
            if later is not None:
                yield self._kept(later, record)
            later = record
        if later is not None:
            yield self._kept(later, None)

    def _kept(self, record: Record, before: Record | None) -> Kept:
        event = record.event
        assert isinstance(event, kinds.Checkpointed)
        if before is None:
            base = self.opened.base if self.opened else event.head
            return Kept(record.seq, event, base, 0, event.number == 1)
        earlier = before.event
        assert isinstance(earlier, kinds.Checkpointed)
        return Kept(record.seq, event, earlier.commit, before.seq, event.number == earlier.number + 1)

    def calls_of(self, kept: Kept) -> Interval:
        """The calls that could have changed files before this checkpoint, since the one before.

        A step that changed nothing left no checkpoint; so where nothing lies between two checkpoints but steps,
        only the last one with such calls can have changed what differs.
        """
        if kept.seq not in self._intervals:
            interval = self._read(kept.before_seq, kept.seq)
            if kept.follows and interval.calls:
                last = interval.calls[-1].step
                interval.calls = [call for call in interval.calls if call.step == last]
            self._intervals[kept.seq] = interval
        return self._intervals[kept.seq]

    def _read(self, after: int, until: int) -> Interval:
        requested: dict[int, int] = {}
        steps: dict[int, Step] = {}
        calls: dict[int, Call] = {}
        restarted = False
        for record in self.between(after, until, _STEP_KINDS):
            match record.event:
                case kinds.RunStarted():
                    restarted = bool(calls) or restarted
                case kinds.ModelRequested(ordinal=ordinal):
                    requested[ordinal] = record.seq
                case kinds.ModelResponded(ordinal=ordinal, milestone=milestone):
                    steps[ordinal] = Step(self.run, milestone, ordinal, requested.get(ordinal, 0), record.seq)
                case kinds.ToolCalled() as item if item.tool in EDITS or item.tool in COMMANDS:
                    step = steps.get(item.ordinal) or self.step(item.ordinal, record.seq)
                    calls[record.seq] = Call(step, record.seq, item.call, item.tool, item.about)
                case kinds.ToolEnded(called=called, outcome=outcome) if called in calls:
                    calls[called] = replace(calls[called], ended=record.seq, outcome=outcome)
                case _:
                    pass
        return Interval(list(calls.values()), restarted)

    def step(self, ordinal: int, before: int) -> Step:
        """The newest step of this number before a position."""
        names = (kinds.ModelRequested.kind, kinds.ModelResponded.kind)
        milestone, responded = "", 0
        for record in self.newest_first(*names):
            item = record.event
            if record.seq > before or not isinstance(item, kinds.ModelRequested | kinds.ModelResponded):
                continue
            if item.ordinal < ordinal:
                break
            if item.ordinal == ordinal and isinstance(item, kinds.ModelResponded):
                milestone, responded = item.milestone, record.seq
            elif item.ordinal == ordinal and responded:
                return Step(self.run, milestone, ordinal, record.seq, responded)
        return Step(self.run, milestone, ordinal, 0, responded)

    def answer(self, step: Step) -> Answer:
        """The step's answer. Raises BadAnswer, and MissingBlob where it was erased."""
        if step.responded not in self._answers:
            record = next(self.log.read(self.run, after=step.responded - 1, until=step.responded))
            assert isinstance(record.event, kinds.ModelResponded)
            self._answers[step.responded] = Answer.read(self.log.content(record.event.answer))
        return self._answers[step.responded]
