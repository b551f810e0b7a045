"""What a report tells, gathered from the live log in one pass over the kinds that matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waypost.events import kinds
from waypost.events.history import live
from waypost.events.log import Log
from waypost.runs.view import load_view

if TYPE_CHECKING:
    from waypost.events.blob import Blob
    from waypost.events.event import Record
    from waypost.runs.view import RunView

EXCERPT = 3000
"""Characters of a gate's output that the page shows."""
KINDS = (
    kinds.RunStarted.kind,
    kinds.RunEnded.kind,
    kinds.MilestoneMoved.kind,
    kinds.MilestoneCommitted.kind,
    kinds.Checkpointed.kind,
    kinds.GateStarted.kind,
    kinds.GateEnded.kind,
    kinds.ContextFolded.kind,
    kinds.BudgetCrossed.kind,
    kinds.HumanSteered.kind,
    kinds.HumanAsked.kind,
    kinds.RunRewound.kind,
)
IDLE = frozenset({"planned", "passed", "waived", "skipped", "stale", "rolled back"})


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch in which a process worked on the run; microseconds since 1970."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Phase:
    """A milestone in one state; microseconds since 1970."""

    milestone: str
    state: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class GateStory:
    """All runs of one gate for one milestone: the newest verdict's evidence, and every verdict in order."""

    milestone: str
    gate: str
    command: str
    verdicts: tuple[str, ...]
    last: kinds.GateEnded
    seq: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class FileStory:
    """A file's lines over all checkpoints of the run."""

    path: str
    status: str
    added: int
    removed: int
    is_binary: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that stands out in the run's course."""

    at: int
    sort: str
    text: str


@dataclass(slots=True)
class Facts:
    """Everything that the page, the Markdown and the JSON say."""

    view: RunView
    pid: int | None = None
    approval: kinds.DocumentsApproved | None = None
    sessions: list[Session] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    gates: list[GateStory] = field(default_factory=list)
    gate_marks: list[tuple[int, str, str]] = field(default_factory=list)
    """(microseconds, milestone, verdict) of every gate run."""
    files: list[FileStory] = field(default_factory=list)
    unlisted: int = 0
    notes: list[Note] = field(default_factory=list)
    commits: list[tuple[str, str]] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """Lines added and removed, over all checkpoints."""
        return sum(file.added + file.removed for file in self.files)

    @property
    def tokens_per_line(self) -> float | None:
        """Tokens in and out for each changed line; None where no line changed."""
        return self.view.totals.tokens / self.lines if self.lines else None


def gather(log: Log, run: str, pid: int | None = None) -> Facts:
    """Reads the run's facts; `pid` is the process that works on it now, if one does."""
    facts = Facts(load_view(log, run), pid)
    records = list(live(log, run, KINDS))
    end = facts.view.seen
    facts.approval = _approval(log, facts.view)
    facts.sessions = _sessions(records, end)
    facts.phases = _phases(records, end)
    facts.gates = _gates(log, records)
    facts.gate_marks = [
        (r.at, r.event.milestone, r.event.verdict) for r in records if isinstance(r.event, kinds.GateEnded)
    ]
    checkpoints = [r.event for r in records if isinstance(r.event, kinds.Checkpointed)]
    facts.files, facts.unlisted = _files(checkpoints)
    facts.notes = [note for record in records if (note := _note(record)) is not None]
    facts.commits = _commits(records)
    return facts


def _approval(log: Log, view: RunView) -> kinds.DocumentsApproved | None:
    if view.opened is None:
        return None
    for record in log.read(after=view.opened.approval - 1, until=view.opened.approval):
        if isinstance(record.event, kinds.DocumentsApproved):
            return record.event
    return None


def _sessions(records: Iterable[Record], end: int) -> list[Session]:
    """Stretches of work. A process that was killed said nothing: its stretch lasts to its last event that is known."""
    found: list[Session] = []
    start = last = 0
    for record in records:
        if isinstance(record.event, kinds.RunStarted):
            if start:
                found.append(Session(start, last))
            start = record.at
        elif isinstance(record.event, kinds.RunEnded) and start:
            found.append(Session(start, record.at))
            start = 0
        last = record.at
    if start:
        found.append(Session(start, max(end, start)))
    return found


def _phases(records: Iterable[Record], end: int) -> list[Phase]:
    found: list[Phase] = []
    now: dict[str, tuple[str, int]] = {}
    for record in records:
        item = record.event
        if not isinstance(item, kinds.MilestoneMoved):
            continue
        state, since = now.get(item.milestone, ("planned", record.at))
        if state not in IDLE:
            found.append(Phase(item.milestone, state, since, record.at))
        now[item.milestone] = (item.state, record.at)
    found += [Phase(name, state, since, end) for name, (state, since) in now.items() if state not in IDLE]
    return found


def _gates(log: Log, records: Iterable[Record]) -> list[GateStory]:
    commands: dict[tuple[str, str], str] = {}
    runs: dict[tuple[str, str], list[tuple[int, kinds.GateEnded]]] = {}
    for record in records:
        if isinstance(record.event, kinds.GateStarted):
            commands[record.event.milestone, record.event.gate] = record.event.command
        elif isinstance(record.event, kinds.GateEnded):
            runs.setdefault((record.event.milestone, record.event.gate), []).append((record.seq, record.event))
    stories = []
    for (milestone, gate), ended in runs.items():
        seq, last = ended[-1]
        excerpt = _excerpt(log, last.essence or last.output)
        verdicts = tuple(item.verdict for _, item in ended)
        stories.append(GateStory(milestone, gate, commands.get((milestone, gate), ""), verdicts, last, seq, excerpt))
    return stories


def _excerpt(log: Log, blob: Blob | None) -> str:
    if blob is None:
        return ""
    text = log.text(blob)
    return text if len(text) <= EXCERPT else "…\n" + text[-EXCERPT:]


def _files(checkpoints: Iterable[kinds.Checkpointed]) -> tuple[list[FileStory], int]:
    stories: dict[str, FileStory] = {}
    unlisted = 0
    for checkpoint in checkpoints:
        unlisted += max(0, checkpoint.changed - len(checkpoint.changes))
        for change in checkpoint.changes:
            known = stories.get(change.path)
            first = known.status if known is not None and known.status.startswith("A") else change.status
            stories[change.path] = FileStory(
                change.path,
                change.status if change.status.startswith("D") else first,
                (known.added if known else 0) + (change.added or 0),
                (known.removed if known else 0) + (change.removed or 0),
                change.added is None,
            )
    return sorted(stories.values(), key=lambda file: file.path), unlisted


def _note(record: Record) -> Note | None:
    from waypost.cli.plain import describe

    sorts: dict[type, str] = {
        kinds.ContextFolded: "fold",
        kinds.BudgetCrossed: "budget",
        kinds.RunRewound: "rewind",
        kinds.HumanSteered: "human",
        kinds.HumanAsked: "human",
        kinds.RunStarted: "session",
        kinds.RunEnded: "session",
    }
    sort = sorts.get(type(record.event))
    return Note(record.at, sort, describe(record.event)) if sort is not None else None


def _commits(records: Iterable[Record]) -> list[tuple[str, str]]:
    """The newest commit of each milestone, in the order in which they came."""
    found: dict[str, str] = {}
    for record in records:
        if isinstance(record.event, kinds.MilestoneCommitted):
            found.pop(record.event.milestone, None)
            found[record.event.milestone] = record.event.commit
    return list(found.items())
