"""All that one process holds while it works on a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from waypost.agent.budget import Meter
from waypost.context.conversation import KINDS, Conversation
from waypost.documents.model import Documents, Milestone
from waypost.environment.build import BuiltEnvironment
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import last_live, live
from waypost.events.journal import Journal
from waypost.events.kinds import Limits
from waypost.index.service import Service
from waypost.memory.knowledge import Knowledge
from waypost.models.clock import Clock
from waypost.models.model import Model
from waypost.runs.anchoring import Anchoring
from waypost.runs.baseline import Baseline
from waypost.runs.project import Project
from waypost.runs.rewinding import checkpointed
from waypost.runs.states import State, check_move
from waypost.runs.view import RunView
from waypost.runs.watching import Watch
from waypost.sandbox.sandbox import Sandbox
from waypost.sandbox.walls import SharedNetwork
from waypost.wires.conversation import Delta
from waypost.workspace.worktree import Worktree


class Observer(Protocol):
    """Somebody who watches a run: a live view, a stream of lines, a test."""

    def on_record(self, record: Record) -> None:
        """An event is in the log."""
        ...

    def on_delta(self, delta: Delta) -> None:
        """A piece of the model's answer came."""
        ...


@dataclass(slots=True)
class Bay:
    """What gates need: the run's worktree, a sandbox, the environment, the view, and the pen for verdicts."""

    project: Project
    run: str
    journal: Journal
    documents: Documents
    worktree: Worktree
    sandbox: Sandbox
    environment: BuiltEnvironment
    view: RunView
    baseline: Baseline = field(init=False)
    held_out: dict[str, Path] = field(default_factory=dict)
    """Held-out folders, laid out, by the name that the plan gives them."""
    fingerprint: str = ""
    """The digest of the pinned environment."""
    index: Service | None = None
    """Answers questions about the worktree."""

    def __post_init__(self) -> None:
        self.baseline = Baseline(self)

    def variables_in(self, folder: Path) -> dict[str, str]:
        """The environment variables of commands that run in this checkout of the repository."""
        return self.environment.variables_in(folder)

    def milestone(self, name: str) -> Milestone:
        """The milestone as it was approved. Raises KeyError."""
        return self.documents.plan.milestone(name)

    def tree(self) -> str:
        """The worktree's tree now, checkpointed."""
        taken = self.worktree.checkpoint("before gates")
        if taken.parent_tree_changed:
            self.journal.write(checkpointed(taken, self.worktree.branch_head(), self.view.current, "before gates"))
        return taken.tree


@dataclass(slots=True, kw_only=True)
class Session(Bay):
    """One process's work on one run: views that follow the journal, and the things that have effects."""

    knowledge: Knowledge
    conversation: Conversation
    model: Model
    model_name: str
    clock: Clock
    observer: Observer
    window: int
    meter: Meter
    network: SharedNetwork | None = None
    """What the target's Permissions open to the agent's commands."""
    watch: Watch = field(init=False)
    anchoring: Anchoring = field(init=False)

    def __post_init__(self) -> None:
        Bay.__post_init__(self)
        self.anchoring = Anchoring(self.project)
        self.watch = Watch(self)

    def move(self, milestone: str, after: State, reason: str = "") -> kinds.MilestoneMoved:
        """The event that moves a milestone; its caller writes it. Raises IllegalMove."""
        before = State(self.view.milestones[milestone].state)
        depends = [State(self.view.milestones[name].state) for name in self.view.milestones[milestone].depends]
        check_move(before, after, depends)
        return kinds.MilestoneMoved(milestone, after, before, reason)

    def checkpoint(self, note: str) -> kinds.Checkpointed | None:
        """Keeps the worktree's state; None where nothing changed since the last time."""
        taken = self.worktree.checkpoint(note)
        if not taken.parent_tree_changed:
            return None
        return checkpointed(taken, self.worktree.branch_head(), self.view.current, note)

    def caught_up(self, note: str) -> kinds.Checkpointed | None:
        """The worktree's state where the log does not have it: also that of a process killed just before it wrote."""
        taken = self.worktree.checkpoint(note)
        last = self.project.log.last(self.run, kinds=(kinds.Checkpointed.kind,))
        logged = last.event.number if last and isinstance(last.event, kinds.Checkpointed) else 0
        if taken.number == logged:
            return None
        return checkpointed(taken, self.worktree.branch_head(), self.view.current, note)

    def meter_for(self, milestone: str) -> Meter:
        """A meter for the milestone's own budget, with what it has spent already."""
        budget, seen = self.milestone(milestone).budget, self.view.milestones[milestone]
        limits = Limits(
            budget.steps,
            budget.tokens,
            None if budget.cost is None else int(budget.cost * 1_000_000),
            None if budget.wall is None else int(budget.wall * 1000),
        )
        totals = seen.totals
        return Meter(milestone, limits, self.clock, totals.answers, totals.tokens, totals.cost, seen.worked // 1000)


def rebuilt_conversation(session: Session) -> None:
    """Fills the session's conversation from the log: the newest attempt, from its last fold on."""
    log, run = session.project.log, session.run
    opened = last_live(log, run, (kinds.AttemptOpened.kind,))
    if opened is None:
        return
    session.conversation.apply(opened)
    folded = last_live(log, run, (kinds.ContextFolded.kind,))
    if folded is not None and folded.seq > opened.seq:
        session.conversation.apply(folded)
    after = max(opened.seq, folded.seq if folded is not None else 0)
    session.conversation.extend(live(log, run, KINDS, after=after))
