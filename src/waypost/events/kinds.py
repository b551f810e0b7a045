"""Every kind of event. Times are in milliseconds, money in micro-dollars: no floats, so that bytes are canonical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from waypost.events.anchoring import AnchorMissed as AnchorMissed
from waypost.events.anchoring import CheckpointCosigned as CheckpointCosigned
from waypost.events.anchoring import CheckpointStamped as CheckpointStamped
from waypost.events.answers import ModelFailed as ModelFailed
from waypost.events.answers import ModelRequested as ModelRequested
from waypost.events.answers import ModelResponded as ModelResponded
from waypost.events.answers import PromptSegment as PromptSegment
from waypost.events.answers import Spent as Spent
from waypost.events.answers import Tokens as Tokens
from waypost.events.blob import Blob
from waypost.events.event import Event, event
from waypost.events.evidence import EnvironmentCaptured as EnvironmentCaptured
from waypost.events.evidence import EnvironmentDrifted as EnvironmentDrifted
from waypost.events.evidence import GateEnded as GateEnded
from waypost.events.evidence import GateStarted as GateStarted
from waypost.events.evidence import LedgerRestarted as LedgerRestarted
from waypost.events.evidence import NetworkAsked as NetworkAsked
from waypost.events.evidence import PayloadErased as PayloadErased
from waypost.events.evidence import SandboxChosen as SandboxChosen


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget as state; None is no limit. `wall` is in milliseconds, `cost` in micro-dollars."""

    steps: int | None = None
    tokens: int | None = None
    cost: int | None = None
    wall: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One changed file; line counts are None for binary files."""

    path: str
    status: str
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A folder of held-out checks under the name that the plan gives it: path, mode and bytes of each file."""

    folder: str
    files: tuple[tuple[str, int, Blob], ...]


# --- the run ---------------------------------------------------------------------------------------------------------


@event("documents.approved")
@dataclass(frozen=True, slots=True)
class DocumentsApproved(Event):
    """A human approved these bytes. `files` and `sections` pair a name with a SHA-256."""

    folder: str
    contents: tuple[tuple[str, Blob], ...]
    files: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, str], ...] = ()
    by: str = ""
    held_out: tuple[HeldOut, ...] = ()


@event("run.opened")
@dataclass(frozen=True, slots=True)
class RunOpened(Event):
    """A run exists: what it works on, from where, with what."""

    title: str
    folder: str
    approval: int
    base: str
    branch: str
    place: str
    model: str
    base_url: str | None = None
    window: int = 32_000
    limits: Limits = Limits()
    notices: tuple[str, ...] = ()
    documents_on_branch: bool = False


@event("run.started")
@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A process took the run up, first or again."""

    pid: int
    version: str
    resumed: bool = False
    model: str = ""
    limits: Limits = Limits()
    ended_orphans: tuple[str, ...] = ()
    torn: bool = False
    """Whether an append that was torn when a process or the machine ended was taken back."""


@event("run.ended")
@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The process let go of the run: complete, blocked, budget, waiting, stopped, paused, interrupted or failed."""

    outcome: str
    reason: str = ""


@event("run.rewound")
@dataclass(frozen=True, slots=True)
class RunRewound(Event):
    """History goes on from position `to`; what lies between is hidden, not gone. Undone by rewinding to before it."""

    to: int
    checkpoint: int
    saved: int
    tree: str


# --- milestones ------------------------------------------------------------------------------------------------------


@event("milestone.planned")
@dataclass(frozen=True, slots=True)
class MilestonePlanned(Event):
    """The approved plan has this milestone."""

    milestone: str
    title: str
    depends: tuple[str, ...] = ()


@event("milestone.moved")
@dataclass(frozen=True, slots=True)
class MilestoneMoved(Event):
    """A milestone changed its state."""

    milestone: str
    state: str
    before: str
    reason: str = ""


@event("milestone.committed")
@dataclass(frozen=True, slots=True)
class MilestoneCommitted(Event):
    """A passed milestone's commit is on the run's branch."""

    milestone: str
    commit: str
    tree: str


@event("attempt.opened")
@dataclass(frozen=True, slots=True)
class AttemptOpened(Event):
    """A fresh conversation on a milestone begins with this briefing; `tools` are those it can call, as JSON."""

    milestone: str
    attempt: int
    system: Blob
    briefing: Blob
    tools: Blob | None = None


@event("attempt.closed")
@dataclass(frozen=True, slots=True)
class AttemptClosed(Event):
    """The attempt's checkpoint report."""

    milestone: str
    attempt: int
    outcome: str
    report: Blob


# --- a step ----------------------------------------------------------------------------------------------------------


@event("tool.called")
@dataclass(frozen=True, slots=True)
class ToolCalled(Event):
    """A call is about to be carried out; its arguments stand in the answer that asked for it."""

    milestone: str
    call: str
    tool: str
    ordinal: int
    about: str = ""


@event("tool.ended")
@dataclass(frozen=True, slots=True)
class ToolEnded(Event):
    """A call ended. `shown` is what the model reads, `full` the whole output where that is longer.

    `called` is the position of its ToolCalled, and so its handle (0: it was refused before it began).
    `outcome` is done, error, or unknown (the process died while the call ran).
    """

    milestone: str
    call: str
    tool: str
    outcome: str
    shown: Blob
    called: int = 0
    full: Blob | None = None
    took: int = 0
    facts: tuple[tuple[str, Any], ...] = ()


@event("note.told")
@dataclass(frozen=True, slots=True)
class NoteTold(Event):
    """The runtime, or a human through it, said something to the model."""

    milestone: str
    text: Blob
    topic: str = ""


@event("context.folded")
@dataclass(frozen=True, slots=True)
class ContextFolded(Event):
    """The working set was rewritten. `messages` is the new one; sizes are estimated tokens."""

    milestone: str
    messages: Blob
    before: int
    after: int
    folded_steps: int
    kept_steps: int
    why: str = "window"


# --- the workspace ---------------------------------------------------------------------------------------------------


@event("workspace.checkpointed")
@dataclass(frozen=True, slots=True)
class Checkpointed(Event):
    """The work folder as it was. `head` is the branch's head at that time."""

    number: int
    milestone: str
    commit: str
    tree: str
    head: str
    changes: tuple[Change, ...] = ()
    changed: int = 0
    note: str = ""
    notices: tuple[str, ...] = ()


# --- knowledge, people, budgets --------------------------------------------------------------------------------------


@event("decision.recorded")
@dataclass(frozen=True, slots=True)
class DecisionRecorded(Event):
    """A decision with what was rejected for it: (option, because) pairs."""

    milestone: str
    title: str
    decision: str
    because: str = ""
    rejected: tuple[tuple[str, str], ...] = ()


@event("note.taken")
@dataclass(frozen=True, slots=True)
class NoteTaken(Event):
    """Something that the model wants remembered."""

    milestone: str
    text: str


@event("review.queued")
@dataclass(frozen=True, slots=True)
class ReviewQueued(Event):
    """Something waits for a human; work goes on. `item` is its name: a question or a manual criterion."""

    milestone: str
    item: str
    topic: str
    text: str


@event("review.decided")
@dataclass(frozen=True, slots=True)
class ReviewDecided(Event):
    """A human's word on an item: accept, reject or answer."""

    item: str
    verdict: str
    text: str = ""
    by: str = ""


@event("human.steered")
@dataclass(frozen=True, slots=True)
class HumanSteered(Event):
    """A human said something to the running agent."""

    text: str
    by: str = ""


@event("human.asked")
@dataclass(frozen=True, slots=True)
class HumanAsked(Event):
    """A human asked the runtime to pause, stop, or to unblock, waive or skip a milestone."""

    wish: str
    milestone: str = ""
    text: str = ""
    by: str = ""


@event("budget.crossed")
@dataclass(frozen=True, slots=True)
class BudgetCrossed(Event):
    """A limit was reached: which, whose, how much was spent of how much."""

    scope: str
    budget: str
    spent: int
    limit: int
