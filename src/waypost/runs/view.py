"""What a person wants to know of a run, folded from its log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from waypost.events import kinds
from waypost.events.event import Event, Record
from waypost.events.history import live, live_spans
from waypost.events.kinds import Limits, Spent
from waypost.events.log import Log
from waypost.review import queue
from waypost.review.queue import ReviewItem

SUMMED = (
    kinds.ModelRequested.kind,
    kinds.ModelResponded.kind,
    kinds.ToolCalled.kind,
    kinds.ToolEnded.kind,
    kinds.Checkpointed.kind,
    kinds.ContextFolded.kind,
)
ENDED_WELL = frozenset({"passed", "waived", "skipped"})


@dataclass(slots=True)
class Totals:
    """Tokens and money so far. `unpriced` counts answers whose price is unknown; `cost` is micro-dollars."""

    answers: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    cost: int = 0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        """All tokens in and out."""
        return self.input + self.output

    def add(self, spent: Spent) -> None:
        """Counts one answer in."""
        self.answers += 1
        self.input += spent.input
        self.output += spent.output
        self.cached += spent.cached
        self.written += spent.written
        self.cost += spent.cost or 0
        self.unpriced += spent.cost is None


@dataclass(slots=True)
class GateView:
    """A gate's newest verdict (`running` while it runs)."""

    gate: str
    verdict: str
    reason: str = ""
    took: int = 0
    tests: int | None = None
    failed: int | None = None
    seq: int = 0
    reds: int = 0
    """How often it was red, this time included."""

    @property
    def words(self) -> str:
        """The verdict in words: "green after 1 red"."""
        before = self.reds - (self.verdict == "red")
        return f"{self.verdict} after {before} red" if before else self.verdict


@dataclass(slots=True)
class MilestoneView:
    """One milestone as it stands. Times are microseconds since 1970, 0 where not yet."""

    id: str
    title: str
    depends: tuple[str, ...] = ()
    state: str = "planned"
    reason: str = ""
    attempts: int = 0
    repairs: int = 0
    regressions: int = 0
    steps: int = 0
    totals: Totals = field(default_factory=Totals)
    gates: dict[str, GateView] = field(default_factory=dict)
    began: int = 0
    ended: int = 0
    worked: int = 0
    """Microseconds in which a process worked on it."""
    commit: str = ""


@dataclass(slots=True)
class RunView:
    """A run as it stands after the events that were applied."""

    run: str
    opened: kinds.RunOpened | None = None
    milestones: dict[str, MilestoneView] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    limits: Limits = field(default_factory=Limits)
    model: str = ""
    outcome: str = ""
    reason: str = ""
    pid: int = 0
    sandbox: str = ""
    current: str = ""
    steps: int = 0
    began: int = 0
    seen: int = 0
    position: int = 0
    worked: int = 0
    """Microseconds in which a process had the run, without the time between sessions."""
    checkpoints: int = 0
    folds: int = 0
    rewinds: int = 0
    review: dict[str, ReviewItem] = field(default_factory=dict)
    decisions: list[kinds.DecisionRecorded] = field(default_factory=list)
    notes: list[kinds.NoteTaken] = field(default_factory=list)
    crossed: list[kinds.BudgetCrossed] = field(default_factory=list)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    """Last lines for a live view, oldest first."""
    doing: str = ""
    """What is under way now: a tool's call, a gate, or waiting for the model."""

    @property
    def waiting(self) -> tuple[ReviewItem, ...]:
        """Items that no human has decided yet."""
        return tuple(item for item in self.review.values() if not item.verdict)

    @property
    def is_complete(self) -> bool:
        """Every milestone is passed, or waived or skipped by a human."""
        return bool(self.milestones) and all(m.state in ENDED_WELL for m in self.milestones.values())

    def milestone(self, name: str) -> MilestoneView:
        """The milestone's view, made when it is first heard of."""
        return self.milestones.setdefault(name, MilestoneView(name, name))

    def apply(self, record: Record) -> None:
        """Takes in the next live event."""
        if self.seen and self.outcome == "" and not isinstance(record.event, kinds.RunStarted):
            self._worked(record.at - self.seen)
        self.seen, self.position = record.at, record.seq
        self.began = self.began or record.at
        handler = _HANDLERS.get(type(record.event))
        if handler is not None:
            handler(self, record, record.event)

    def _worked(self, microseconds: int) -> None:
        """Counts time to the run and to the milestone that it was spent on."""
        self.worked += max(0, microseconds)
        if self.current:
            self.milestones[self.current].worked += max(0, microseconds)


def load_view(log: Log, run: str) -> RunView:
    """The run's view without reading its steps: counts and sums of those come from the store."""
    view = RunView(run)
    names = tuple(sorted(_BY_KIND - set(SUMMED)))
    for record in live(log, run, names):
        view.apply(record)
    _add_sums(log, view)
    newest = log.last(run)
    if newest is not None:
        if view.outcome == "":
            view._worked(newest.at - view.seen)
        view.seen, view.position = newest.at, newest.seq
    return view


def _add_sums(log: Log, view: RunView) -> None:
    for span in live_spans(log, view.run):
        view.checkpoints += log.count(view.run, kinds.Checkpointed.kind, span)
        view.folds += log.count(view.run, kinds.ContextFolded.kind, span)
        for milestone, numbers in log.spent(view.run, span).items():
            part = Totals(*numbers)
            for totals in (view.totals, view.milestone(milestone).totals if milestone else None):
                if totals is not None:
                    _merge(totals, part)
            view.steps += part.answers
            if milestone:
                view.milestone(milestone).steps += part.answers


def _merge(into: Totals, part: Totals) -> None:
    for name in Totals.__slots__:
        setattr(into, name, getattr(into, name) + getattr(part, name))


# --- one small function an event -----------------------------------------------------------------------------------


def _opened(view: RunView, record: Record, item: kinds.RunOpened) -> None:
    view.opened, view.limits, view.model, view.began = item, item.limits, item.model, record.at


def _started(view: RunView, record: Record, item: kinds.RunStarted) -> None:
    view.pid, view.outcome, view.reason = item.pid, "", ""
    view.limits = item.limits if item.limits != Limits() else view.limits
    view.model = item.model or view.model
    view.recent.append("resumed" if item.resumed else "started")


def _sandboxed(view: RunView, record: Record, item: kinds.SandboxChosen) -> None:
    view.sandbox = item.level
    if item.level == "none":
        view.recent.append("NO SANDBOX: commands run with all your rights")


def _drifted(view: RunView, record: Record, item: kinds.EnvironmentDrifted) -> None:
    view.recent.append(f"the environment drifted: {'; '.join(item.lines[:3])}")


def _asked(view: RunView, record: Record, item: kinds.NetworkAsked) -> None:
    view.recent.append(f"network: {item.host}:{item.port} {item.verdict}{f', {item.reason}' if item.reason else ''}")


def _ended(view: RunView, record: Record, item: kinds.RunEnded) -> None:
    view.outcome, view.reason, view.doing = item.outcome, item.reason, ""
    view.recent.append(f"{item.outcome}: {item.reason}" if item.reason else item.outcome)


def _rewound(view: RunView, record: Record, item: kinds.RunRewound) -> None:
    view.rewinds += 1
    view.outcome, view.reason = "paused", f"rewound to checkpoint {item.checkpoint}"
    view.recent.append(f"rewound to checkpoint {item.checkpoint}")


def _planned(view: RunView, record: Record, item: kinds.MilestonePlanned) -> None:
    view.milestones[item.milestone] = MilestoneView(item.milestone, item.title, item.depends)


def _moved(view: RunView, record: Record, item: kinds.MilestoneMoved) -> None:
    milestone = view.milestone(item.milestone)
    milestone.state, milestone.reason = item.state, item.reason
    milestone.commit = milestone.commit if item.state == "passed" else ""
    if item.state == "active":
        milestone.repairs = milestone.regressions = 0
    if item.state == "regressed":
        milestone.repairs = 0
        milestone.regressions += 1
    view.current = item.milestone
    if item.state == "active" and not milestone.began:
        milestone.began = record.at
    if item.state == "repairing":
        milestone.repairs += 1
    milestone.ended = record.at if item.state in ENDED_WELL | {"blocked"} else 0
    view.recent.append(f"{item.milestone} is {item.state}" + (f": {item.reason}" if item.reason else ""))


def _committed(view: RunView, record: Record, item: kinds.MilestoneCommitted) -> None:
    view.milestone(item.milestone).commit = item.commit


def _attempt(view: RunView, record: Record, item: kinds.AttemptOpened) -> None:
    view.milestone(item.milestone).attempts = item.attempt


def _requested(view: RunView, record: Record, item: kinds.ModelRequested) -> None:
    view.doing = "waiting for the model"


def _responded(view: RunView, record: Record, item: kinds.ModelResponded) -> None:
    view.totals.add(item.spent)
    view.steps += 1
    view.doing = ""
    if item.milestone:
        milestone = view.milestone(item.milestone)
        milestone.totals.add(item.spent)
        milestone.steps += 1


def _failed(view: RunView, record: Record, item: kinds.ModelFailed) -> None:
    view.recent.append(f"model: {item.reason}; again in {item.wait / 1000:.1f} s")


def _called(view: RunView, record: Record, item: kinds.ToolCalled) -> None:
    view.doing = f"{item.tool} {item.about}".strip()


def _tool_ended(view: RunView, record: Record, item: kinds.ToolEnded) -> None:
    mark = {"done": "", "error": " (error)", "unknown": " (outcome unknown)"}.get(item.outcome, "")
    view.recent.append((view.doing or item.tool) + mark)
    view.doing = ""


def _checkpoint(view: RunView, record: Record, item: kinds.Checkpointed) -> None:
    view.checkpoints += 1


def _gate_started(view: RunView, record: Record, item: kinds.GateStarted) -> None:
    if item.purpose == "baseline":
        return  # what was before the work is no verdict on it
    gates = view.milestone(item.milestone).gates
    gates[item.gate] = GateView(item.gate, "running", reds=gates[item.gate].reds if item.gate in gates else 0)
    view.doing = f"gate {item.gate}"


def _gate_ended(view: RunView, record: Record, item: kinds.GateEnded) -> None:
    if item.purpose == "baseline":
        if item.verdict == "red":
            view.recent.append(f"gate {item.gate}: red before the work, {item.reason}")
        return
    gates = view.milestone(item.milestone).gates
    reds = (gates[item.gate].reds if item.gate in gates else 0) + (item.verdict == "red")
    gates[item.gate] = GateView(
        item.gate, item.verdict, item.reason, item.took, item.tests, item.failed, record.seq, reds
    )
    view.doing = ""
    view.recent.append(f"gate {item.gate}: {item.verdict}" + (f", {item.reason}" if item.reason else ""))


def _decided(view: RunView, record: Record, item: kinds.DecisionRecorded) -> None:
    view.decisions.append(item)
    view.recent.append(f"decision: {item.title}")


def _noted(view: RunView, record: Record, item: kinds.NoteTaken) -> None:
    view.notes.append(item)


def _queued(view: RunView, record: Record, item: kinds.ReviewQueued) -> None:
    queue.apply(view.review, item)
    view.recent.append(f"for review: {item.text}")


def _reviewed(view: RunView, record: Record, item: kinds.ReviewDecided) -> None:
    queue.apply(view.review, item)


def _steered(view: RunView, record: Record, item: kinds.HumanSteered) -> None:
    view.recent.append(f"human: {item.text}")


def _crossed(view: RunView, record: Record, item: kinds.BudgetCrossed) -> None:
    view.crossed.append(item)


def _folded(view: RunView, record: Record, item: kinds.ContextFolded) -> None:
    view.folds += 1
    view.recent.append(f"folded {item.before:,} → {item.after:,} tokens")


_HANDLERS: dict[type[Event], Callable[[RunView, Record, Any], None]] = {
    kinds.RunOpened: _opened,
    kinds.RunStarted: _started,
    kinds.SandboxChosen: _sandboxed,
    kinds.EnvironmentDrifted: _drifted,
    kinds.NetworkAsked: _asked,
    kinds.RunEnded: _ended,
    kinds.RunRewound: _rewound,
    kinds.MilestonePlanned: _planned,
    kinds.MilestoneMoved: _moved,
    kinds.MilestoneCommitted: _committed,
    kinds.AttemptOpened: _attempt,
    kinds.ModelRequested: _requested,
    kinds.ModelResponded: _responded,
    kinds.ModelFailed: _failed,
    kinds.ToolCalled: _called,
    kinds.ToolEnded: _tool_ended,
    kinds.Checkpointed: _checkpoint,
    kinds.GateStarted: _gate_started,
    kinds.GateEnded: _gate_ended,
    kinds.DecisionRecorded: _decided,
    kinds.NoteTaken: _noted,
    kinds.ReviewQueued: _queued,
    kinds.ReviewDecided: _reviewed,
    kinds.HumanSteered: _steered,
    kinds.BudgetCrossed: _crossed,
    kinds.ContextFolded: _folded,
}
_BY_KIND = {cls.kind for cls in _HANDLERS}
