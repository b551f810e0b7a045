"""Rewind: files, conversation and plan go back together, to any checkpoint; and forth again."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live, live_spans
from waypost.events.journal import HUMAN
from waypost.events.kinds import Change
from waypost.runs import desk
from waypost.runs.lock import RunLock
from waypost.runs.opening import approved_documents
from waypost.runs.project import Project, RunError
from waypost.runs.view import load_view
from waypost.workspace.worktree import Checkpoint, Worktree

SHOWN_CHANGES = 200
TURNS = (kinds.RunStarted.kind, kinds.RunEnded.kind, kinds.RunRewound.kind)
"""Where one of these is the newest and a rewind, that rewind was not finished."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rewind would do."""

    files: tuple[Change, ...]
    hidden_steps: int
    milestones: tuple[str, ...]


def checkpoints(project: Project, run: str) -> tuple[Record, ...]:
    """The run's live checkpoints, oldest first."""
    return tuple(live(project.log, run, (kinds.Checkpointed.kind,)))


def preview(project: Project, run: str, number: int) -> Preview:
    """Tells what would change, and changes nothing."""
    target, checkpoint = _checkpoint(project, run, number)
    worktree = open_worktree(project, run)
    files = tuple(
        Change(change.path, change.status, change.added, change.removed) for change in worktree.preview(checkpoint.tree)
    )
    steps = sum(1 for _ in live(project.log, run, (kinds.ModelResponded.kind,), after=target.seq))
    states: dict[str, tuple[str, str]] = {}
    for record in live(project.log, run, (kinds.MilestoneMoved.kind,), after=target.seq):
        if isinstance(record.event, kinds.MilestoneMoved):
            now = record.event.state
            before = states.get(record.event.milestone, (record.event.before, ""))[0]
            states[record.event.milestone] = (before, now)
    lines = tuple(f"{name}: {now} → {before}" for name, (before, now) in states.items() if now != before)
    return Preview(files, steps, lines)


def rewind(project: Project, run: str, number: int) -> Record:
    """Goes back to a checkpoint. What is there now is kept in a checkpoint of its own, so that it can be undone."""
    target, checkpoint = _checkpoint(project, run, number)
    return _go(project, run, target.seq, checkpoint)


def undo(project: Project, run: str) -> Record:
    """Undoes the newest live rewind: history goes on from just before it."""
    spans = live_spans(project.log, run)
    for span in reversed(spans):
        for record in project.log.read(run, after=span.first - 1, until=span.last, kinds=("run.rewound",)):
            if isinstance(record.event, kinds.RunRewound):
                saved = next(project.log.read(run, after=record.event.saved - 1, until=record.event.saved)).event
                assert isinstance(saved, kinds.Checkpointed)
                return _go(project, run, record.seq - 1, saved)
    raise RunError(f"run {run}: nothing was rewound")


def open_worktree(project: Project, run: str) -> Worktree:
    """The run's worktree, made anew from its last checkpoint if its folder was lost."""
    return Worktree.open(project.repository, run, project.worktree_of(run))


def _checkpoint(project: Project, run: str, number: int) -> tuple[Record, kinds.Checkpointed]:
    found = checkpoints(project, run)
    for record in found:
        if isinstance(record.event, kinds.Checkpointed) and record.event.number == number:
            return record, record.event
    numbers = [r.event.number for r in found if isinstance(r.event, kinds.Checkpointed)]
    known = f"{numbers[0]} to {numbers[-1]}" if numbers else "none yet"
    raise RunError(f"run {run} has no checkpoint {number}; there are: {known} (waypost checkpoints {run})")


def _go(project: Project, run: str, to: int, checkpoint: kinds.Checkpointed) -> Record:
    lock = RunLock(project.root, run)
    try:
        worktree = recovered_worktree(project, run)
        epoch = project.log.claim(run)
        saved = save(project, worktree, run, epoch, "before a rewind")
        event = kinds.RunRewound(to, checkpoint.number, saved.seq, checkpoint.tree)
        record = project.log.append(run, epoch, [event], actor=HUMAN)[0]
        carry_out(worktree, checkpoint)
        _finish(project, run, epoch, event)
        return record
    finally:
        lock.release()


def save(project: Project, worktree: Worktree, run: str, epoch: int, note: str) -> Record:
    """Keeps the worktree as it is now in a checkpoint event."""
    taken = worktree.checkpoint(note)
    view = load_view(project.log, run)
    event = checkpointed(taken, worktree.branch_head(), view.current, note)
    return project.log.append(run, epoch, [event])[0]


def checkpointed(taken: Checkpoint, head: str, milestone: str, note: str) -> kinds.Checkpointed:
    """The event for a checkpoint that was taken."""
    shown = taken.files_changed[:SHOWN_CHANGES]
    return kinds.Checkpointed(
        taken.number,
        milestone,
        taken.commit,
        taken.tree,
        head,
        tuple(Change(change.path, change.status, change.added, change.removed) for change in shown),
        len(taken.files_changed),
        note,
        (
            *(f"{path}: a repository of its own; its files are kept, its history is not" for path in taken.embedded),
            *(f"{skipped.path}: not kept, {skipped.reason}" for skipped in taken.skipped),
        ),
    )


def carry_out(worktree: Worktree, checkpoint: kinds.Checkpointed) -> None:
    """Brings files and branch to where the checkpoint had them; doing it twice changes nothing."""
    worktree.move_branch(checkpoint.head)
    worktree.restore(checkpoint.commit)


def recovered_worktree(project: Project, run: str) -> Worktree:
    """The run's worktree; a rewind that a killed process had begun is carried out first. The run's lock is held."""
    worktree = open_worktree(project, run)
    last = project.log.last(run, kinds=TURNS)
    if last is not None and isinstance(last.event, kinds.RunRewound):
        carry_out(worktree, _target(project, run, last.event))
        _finish(project, run, project.log.claim(run), last.event)
    return worktree


def _finish(project: Project, run: str, epoch: int, rewound: kinds.RunRewound) -> None:
    """Says in the log that files and branch are back, so that nobody brings them back over later changes."""
    project.log.append(run, epoch, [kinds.RunEnded("paused", f"rewound to checkpoint {rewound.checkpoint}")])
    view = load_view(project.log, run)
    if view.opened is not None and not view.opened.documents_on_branch:
        desk.sync(project, run, view, approved_documents(project, run))


def _target(project: Project, run: str, rewound: kinds.RunRewound) -> kinds.Checkpointed:
    """The checkpoint that a rewind goes back to, be it live or hidden by now."""
    for record in project.log.read(run, kinds=(kinds.Checkpointed.kind,), newest_first=True):
        found = record.event
        if isinstance(found, kinds.Checkpointed) and (found.number, found.tree) == (rewound.checkpoint, rewound.tree):
            return found
    raise RunError(f"run {run}: checkpoint {rewound.checkpoint}, to which it was rewound, is not in the log")
