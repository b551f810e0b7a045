"""Verification: the runtime runs a milestone's gates in a clean checkout, and only that ticks a box."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.documents.model import Gate, GateKind, Milestone
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.gates.select import gates_for
from waypost.gates.verdict import Verdict
from waypost.review.queue import MANUAL
from waypost.runs.session import Bay, Session
from waypost.workspace.changes import numstat
from waypost.workspace.checkout import clean_checkout

ESSENCE = 4000


@dataclass(frozen=True, slots=True)
class Verified:
    """What the gates said of a tree. `red` are the verdicts that stop the milestone."""

    tree: str
    verdicts: tuple[Verdict, ...]
    over_diff: str = ""

    @property
    def red(self) -> tuple[Verdict, ...]:
        """Verdicts that stop the milestone."""
        return tuple(verdict for verdict in self.verdicts if verdict.verdict == "red")

    @property
    def is_green(self) -> bool:
        """Nothing is red, at least one gate is green, and the diff keeps its budget."""
        return not self.red and not self.over_diff and any(v.verdict == "green" for v in self.verdicts)

    @property
    def essence(self) -> str:
        """What a repair needs to know of the red gates, in a few thousand characters."""
        share = ESSENCE // max(1, len(self.red))
        parts = [f"### {v.gate}: {v.reason}\n{_fitted(v, share)}".rstrip() for v in self.red]
        return "\n\n".join([*([self.over_diff] if self.over_diff else []), *parts])


def _fitted(verdict: Verdict, characters: int) -> str:
    """The verdict's essence within so many characters: drawn anew from the output where it is longer."""
    if len(verdict.essence) <= characters:
        return verdict.essence
    from waypost.gates.essence import essence

    return essence(verdict.output, verdict.exit, None, characters)


async def verify(session: Session, milestone: Milestone) -> Verified:
    """Runs the milestone's gates on the worktree as it is now."""
    return await verify_tree(session, milestone, gates_for(session.documents.plan, milestone), session.tree())


async def verify_tree(session: Bay, milestone: Milestone, gates: Sequence[Gate], tree: str) -> Verified:
    """Runs gates on a tree in a clean checkout of it; every verdict is an event."""
    from waypost.gates.run import run_gates  # here, as a run's start should not wait for what its end needs

    async def started(gate: Gate) -> None:
        session.journal.write(kinds.GateStarted(milestone.id, gate.name, gate.kind, tree, gate.command))

    async def ended(verdict: Verdict) -> None:
        session.journal.write(ended_event(milestone.id, verdict))

    repository, head = session.project.repository, session.worktree.branch_head()
    with clean_checkout(repository, tree, head, session.project.checkouts) as clean:
        verdicts = await run_gates(
            [gate for gate in gates if gate.kind is not GateKind.MANUAL],
            checkout=clean.folder,
            tree=tree,
            sandbox=session.sandbox,
            variables=session.variables_in(clean.folder),
            mark=lambda name: f"{session.run}/gate-{milestone.id}-{tree[:12]}-{name}",
            secrets=os.environ,
            on_started=started,
            on_ended=ended,
        )
    return Verified(tree, tuple(verdicts), _over_diff(session, milestone, tree))


def manual_items(session: Session, milestone: Milestone) -> list[kinds.ReviewQueued]:
    """Events that queue manual criteria and gates for a human; those that wait or were accepted already are not."""
    known = {name for name, item in session.view.review.items() if item.verdict != "reject"}
    events = [
        kinds.ReviewQueued(milestone.id, criterion.id, MANUAL, criterion.text)
        for criterion in milestone.criteria
        if criterion.manual and criterion.id not in known
    ]
    return events + [
        kinds.ReviewQueued(milestone.id, f"{milestone.id}.{gate.name}", MANUAL, gate.command)
        for gate in milestone.gates
        if gate.kind is GateKind.MANUAL and f"{milestone.id}.{gate.name}" not in known
    ]


def ended_event(milestone: str, verdict: Verdict) -> kinds.GateEnded:
    """The event for a verdict."""
    return kinds.GateEnded(
        milestone,
        verdict.gate,
        verdict.verdict,
        verdict.reason,
        verdict.tree,
        verdict.took_ms,
        verdict.exit,
        Blob.of(verdict.output) if verdict.output else None,
        Blob.of(verdict.essence) if verdict.essence else None,
        verdict.tests,
        verdict.failed,
        verdict.skipped,
    )


def _over_diff(session: Bay, milestone: Milestone, tree: str) -> str:
    limit = milestone.budget.diff
    if limit is None:
        return ""
    changes = numstat(session.project.repository.git, session.worktree.branch_head(), tree)
    lines = sum((change.added or 0) + (change.removed or 0) for change in changes)
    if lines <= limit:
        return ""
    return f"The diff has {lines:,} changed lines; the milestone's budget is {limit:,}. Make it smaller."
