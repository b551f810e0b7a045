"""From any event both ways: up to what it came from, down to what it led to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.log import Log
from waypost.trace.blame import Blame
from waypost.trace.errors import NoSuchEvent, NoSuchPlace
from waypost.trace.lines import joined
from waypost.trace.steps import History, Step

FILES = 20
"""Files of a step that are looked at for lines that are still there."""


@dataclass(frozen=True, slots=True)
class Link:
    """An event on the way; `text` says what it is in a few words. `seq` is 0 for what is no event."""

    what: str
    seq: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Surviving:
    """Lines of a file in HEAD (counted from 1, pairs of first and last) that a step wrote."""

    path: str
    lines: tuple[tuple[int, int], ...]
    sure: str


@dataclass(frozen=True, slots=True)
class Walk:
    """An event with all that is above it, nearest first, and below it, nearest first."""

    record: Record
    milestone: str
    step: Step | None
    is_live: bool
    up: tuple[Link, ...]
    down: tuple[Link, ...]
    surviving: tuple[Surviving, ...]
    unlooked: int = 0
    """Files of the run that were not looked at."""


def walk(blame: Blame, seq: int) -> Walk:
    """Walks from the event at a position. Raises NoSuchEvent."""
    log = blame.log
    record = None if log is None else next(log.read(after=seq - 1, until=seq), None)
    if log is None or record is None:
        last = 0 if log is None else log.position
        raise NoSuchEvent(f"the log has no event {seq}; its positions go from 1 to {last} (waypost log)")
    history = History(log, record.run, record.seq)
    now = History(log, record.run, log.position)
    is_live = any(span.first <= seq <= span.last for span in now.spans)
    after = now if is_live else History(log, record.run, _hidden_at(log, record))
    step = _step(history, after, record)
    milestone = step.milestone if step else str(getattr(record.event, "milestone", ""))
    up = tuple(_up(log, history, record, step))
    down = tuple(_down(after, record, step, milestone))
    surviving, unlooked = _surviving(blame, after, record, step)
    return Walk(record, milestone, step, is_live, up, down, surviving, unlooked)


def _hidden_at(log: Log, record: Record) -> int:
    """The last position at which the event was live: just before the rewind that hid it."""
    for rewound in log.read(record.run, after=record.seq, kinds=(kinds.RunRewound.kind,)):
        if isinstance(rewound.event, kinds.RunRewound) and rewound.event.to < record.seq:
            return rewound.seq - 1
    return log.position


def _step(history: History, after: History, record: Record) -> Step | None:
    """The step that the event belongs to: its own number, or the step whose checkpoint it is."""
    ordinal = getattr(record.event, "ordinal", None)
    if isinstance(record.event, kinds.ModelRequested):
        names = (kinds.ModelResponded.kind,)
        answered = next(after.between(record.seq, after.until, names), None)
        if answered is not None and isinstance(answered.event, kinds.ModelResponded):
            return Step(record.run, record.event.milestone, record.event.ordinal, record.seq, answered.seq)
        return None
    if isinstance(ordinal, int):
        return history.step(ordinal, record.seq)
    if isinstance(record.event, kinds.ToolEnded):
        called = next(history.log.read(record.run, after=record.event.called - 1, until=record.event.called), None)
        if called is not None and isinstance(called.event, kinds.ToolCalled):
            return history.step(called.event.ordinal, called.seq)
    if isinstance(record.event, kinds.Checkpointed):
        kept = next((one for one in history.checkpoints() if one.seq == record.seq), None)
        calls = history.calls_of(kept).calls if kept else []
        return calls[-1].step if calls else None
    return None


# --- up --------------------------------------------------------------------------------------------------------------


def _up(log: Log, history: History, record: Record, step: Step | None) -> Iterator[Link]:
    if isinstance(record.event, kinds.ToolEnded) and record.event.called:
        yield Link("call", record.event.called, f"{record.event.tool}")
    if isinstance(record.event, kinds.Checkpointed) and step is not None:
        kept = next(one for one in history.checkpoints() if one.seq == record.seq)
        for call in reversed(history.calls_of(kept).calls):
            yield Link("call", call.called, f"{call.tool} {call.about}")
    if step is not None and 0 < step.responded < record.seq:
        yield Link("response", step.responded, f"step {step.ordinal}")
    if step is not None and 0 < step.requested < record.seq:
        yield Link("request", step.requested, f"step {step.ordinal}")
    milestone = step.milestone if step else str(getattr(record.event, "milestone", ""))
    if milestone:
        yield from _above_step(history, record, milestone)
    opened = log.last(record.run, kinds=(kinds.RunOpened.kind,))
    if opened is None or not isinstance(opened.event, kinds.RunOpened):
        return
    if opened.seq != record.seq:
        yield Link("run", opened.seq, f"{record.run}: {opened.event.title}, on {opened.event.base[:12]}")
    approval = next(log.read(after=opened.event.approval - 1, until=opened.event.approval), None)
    if approval is not None and isinstance(approval.event, kinds.DocumentsApproved) and approval.seq != record.seq:
        yield Link("approval", approval.seq, f"{approval.event.folder}, by {approval.event.by or 'a person'}")


def _above_step(history: History, record: Record, milestone: str) -> Iterator[Link]:
    names = (kinds.AttemptOpened.kind, kinds.MilestoneMoved.kind, kinds.MilestonePlanned.kind)
    wanted = {kinds.AttemptOpened: "attempt", kinds.MilestoneMoved: "milestone", kinds.MilestonePlanned: "plan"}
    for one in history.newest_first(*names):
        item = one.event
        if one.seq >= record.seq or getattr(item, "milestone", "") != milestone or type(item) not in wanted:
            continue
        what = wanted.pop(type(item))
        if isinstance(item, kinds.AttemptOpened):
            yield Link(what, one.seq, f"attempt {item.attempt} at {milestone}")
        elif isinstance(item, kinds.MilestoneMoved):
            yield Link(what, one.seq, f"{milestone} {item.state}")
        elif isinstance(item, kinds.MilestonePlanned):
            yield Link(what, one.seq, f"{milestone} {item.title}")
        if not wanted:
            return


# --- down ------------------------------------------------------------------------------------------------------------


def _down(after: History, record: Record, step: Step | None, milestone: str) -> Iterator[Link]:
    if step is not None:
        yield from _below_step(after, record, step)
    elif isinstance(record.event, kinds.AttemptOpened):
        yield from _steps_of(after, record)
    names = (kinds.MilestoneCommitted.kind,)
    for one in after.between(record.seq, after.until, names):
        if isinstance(one.event, kinds.MilestoneCommitted) and milestone in {"", one.event.milestone}:
            yield Link("commit", one.seq, f"{one.event.milestone} {one.event.commit[:12]}")
            if milestone:
                return


def _below_step(after: History, record: Record, step: Step) -> Iterator[Link]:
    if step.responded > record.seq:
        yield Link("response", step.responded, f"step {step.ordinal}")
    names = (kinds.ToolCalled.kind, kinds.ToolEnded.kind, kinds.Checkpointed.kind, kinds.ModelResponded.kind)
    mine: set[int] = set()
    is_call = isinstance(record.event, kinds.ToolCalled | kinds.ToolEnded)
    for one in after.between(step.responded, after.until, names):
        item = one.event
        if isinstance(item, kinds.ModelResponded):
            return
        if isinstance(item, kinds.ToolCalled) and item.ordinal == step.ordinal:
            mine.add(one.seq)
        if one.seq <= record.seq:
            continue
        if isinstance(item, kinds.ToolCalled) and item.ordinal == step.ordinal and not is_call:
            yield Link("call", one.seq, f"{item.tool} {item.about}")
        elif isinstance(item, kinds.ToolEnded) and _belongs(record, item, mine):
            yield Link("result", one.seq, f"{item.tool} {item.outcome}")
        elif isinstance(item, kinds.Checkpointed):
            yield Link("checkpoint", one.seq, f"checkpoint {item.number}, {item.changed} files")
            return


def _belongs(record: Record, item: kinds.ToolEnded, mine: set[int]) -> bool:
    """Whether a result is the asked call's, or any of the step's where the step was asked for."""
    if isinstance(record.event, kinds.ToolCalled):
        return item.called == record.seq
    return item.called in mine and not isinstance(record.event, kinds.ToolEnded)


def _steps_of(after: History, record: Record) -> Iterator[Link]:
    names = (kinds.ModelResponded.kind, kinds.AttemptOpened.kind)
    for one in after.between(record.seq, after.until, names):
        if isinstance(one.event, kinds.AttemptOpened):
            return
        if isinstance(one.event, kinds.ModelResponded):
            yield Link("response", one.seq, f"step {one.event.ordinal}")


def _surviving(blame: Blame, after: History, record: Record, step: Step | None) -> tuple[tuple[Surviving, ...], int]:
    """The lines of HEAD that the step wrote, in the files that its checkpoint changed, and in others of the run."""
    if step is None:
        return (), 0
    kept = next((one for one in after.between(step.responded, after.until, (kinds.Checkpointed.kind,))), None)
    if kept is None or not isinstance(kept.event, kinds.Checkpointed):
        return (), 0
    own_paths = [change.path for change in kept.event.changes if change.status != "deleted"]
    paths = list(dict.fromkeys([*own_paths, *_paths_of(blame, after)]))
    found: list[Surviving] = []
    for path in paths[:FILES]:
        try:
            answers = blame.lines(path)
        except NoSuchPlace:
            continue
        call = record.seq if isinstance(record.event, kinds.ToolCalled) else 0
        own = [
            one for one in answers
            if one.written and one.written.step.responded == step.responded
            and (not call or (one.written.call is not None and one.written.call.called == call))
        ]  # fmt: skip
        levels = dict.fromkeys(one.sure for one in own)
        found += [Surviving(path, joined([one.line for one in own if one.sure == sure]), sure) for sure in levels]
    return tuple(found), max(0, len(paths) - FILES)


def _paths_of(blame: Blame, after: History) -> tuple[str, ...]:
    """The files that the run's commits changed: a step's lines may have been moved to any of them."""
    commits = [one.commit for one in blame.sources.of_run(after.run) if one.seq <= after.until]
    if not commits or after.opened is None or not blame.objects.holds(commits[-1]):
        return ()
    folder = f"{after.opened.folder}/"
    changed = blame.objects.changed(after.opened.base, commits[-1])
    return tuple(path for path in changed if not path.startswith(folder))
