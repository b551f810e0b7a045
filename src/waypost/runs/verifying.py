"""Verification: the runtime runs a milestone's gates in clean checkouts, and only that ticks a box."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.documents.model import Gate, GateKind, Milestone
from waypost.environment.build import BuiltEnvironment
from waypost.environment.errors import SetupFailed
from waypost.environment.fingerprint import fingerprint
from waypost.events import kinds
from waypost.events.history import live
from waypost.gates.integrity import INTEGRITY
from waypost.gates.select import gates_for
from waypost.gates.verdict import Finding, Verdict
from waypost.review.queue import MANUAL
from waypost.runs import heldout, regression
from waypost.runs.baseline import green_commit
from waypost.runs.drift import spec_of
from waypost.runs.evidence import ended_event
from waypost.runs.examining import Examined, examined, integrity_verdict, questions
from waypost.runs.indexing import reached, reached_first
from waypost.runs.proving import passes_only_changed, prove_nothing
from waypost.runs.session import Bay, Session
from waypost.runs.states import State
from waypost.runs.surroundings import environment
from waypost.runs.trial import Trial
from waypost.workspace.changes import changed_paths, numstat

ESSENCE = 4000


@dataclass(frozen=True, slots=True)
class Verified:
    """What the gates said of a tree. `stopping` are the red verdicts that stop the milestone.

    `regressed` are passed milestones that are red now, with the reason.
    """

    tree: str
    verdicts: tuple[Verdict, ...]
    stopping: tuple[Verdict, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    """For red held-out gates what the agent may know of them."""
    over_diff: str = ""
    regressed: tuple[tuple[str, str], ...] = ()

    @property
    def red(self) -> tuple[Verdict, ...]:
        """Verdicts that stop the milestone."""
        return self.stopping

    @property
    def is_green(self) -> bool:
        """Nothing is red, at least one gate is green, and the diff keeps its budget."""
        return not self.red and not self.over_diff and any(v.verdict == "green" for v in self.verdicts)

    @property
    def essence(self) -> str:
        """What a repair needs to know of the red gates, in a few thousand characters."""
        share = ESSENCE // max(1, len(self.red))
        told = dict(self.hidden)
        parts = [
            f"### {told[v.gate]}" if v.gate in told else f"### {v.gate}: {v.reason}\n{_fitted(v, share)}".rstrip()
            for v in self.red
        ]
        return "\n\n".join([*([self.over_diff] if self.over_diff else []), *parts])


def _fitted(verdict: Verdict, characters: int) -> str:
    """The verdict's essence within so many characters: drawn anew from the output where it is longer."""
    if len(verdict.essence) <= characters:
        return verdict.essence
    if not verdict.output:
        return verdict.essence[:characters]
    from waypost.gates.essence import essence

    return essence(verdict.output, verdict.exit, None, characters)


async def verify(session: Bay, milestone: Milestone) -> Verified:
    """Runs the milestone's gates, and those of passed milestones that the change touches, on the worktree as it is."""
    tree, green = session.tree(), green_commit(session)
    reach = await reached(session, green, tree)
    gates = reached_first(gates_for(session.documents.plan, milestone), reach)
    changed = changed_paths(session.project.repository.git, green, tree)
    states = {name: State(seen.state) for name, seen in session.view.milestones.items()}
    try:
        trial, found = await _trial(session, milestone, gates, tree, green)
    except SetupFailed as problem:
        unbuilt = _unbuilt(session, milestone, tree, problem)
        return Verified(tree, (unbuilt,), (unbuilt,))
    verdicts = await trial.run(milestone, gates)
    findings = (
        *found.integrity.findings,
        *await prove_nothing(trial, milestone, gates, verdicts, changed),
        *await passes_only_changed(trial, milestone, gates, verdicts, found),
    )
    integrity = _integrity(trial, milestone, findings)
    if asked := questions(session.view, milestone.id, findings):
        session.journal.write(*asked)
    regressed = []
    for passed, theirs in regression.due(session.documents.plan, milestone, states, {*changed, *reach}):
        again, _ = await _trial(session, passed, theirs, tree, green, purpose="regression", found=found)
        red = [verdict for verdict in await again.run(passed, theirs) if _stops(passed, verdict)]
        if red:
            regressed.append((passed.id, ", ".join(f"{verdict.gate}: {verdict.reason}" for verdict in red)))
    everything = (*integrity, *verdicts)
    stopping = tuple(verdict for verdict in everything if _stops(milestone, verdict))
    hidden = tuple(
        (gate.name, heldout.criteria_of(session.documents, milestone.id, gate.name)) for gate in gates if gate.held_out
    )
    if not stopping:
        session.environment = trial.environment
    return Verified(tree, everything, stopping, hidden, _over_diff(session, milestone, tree), tuple(regressed))


async def verify_end(session: Bay, passed: Sequence[Milestone]) -> tuple[tuple[str, str], ...]:
    """All gates of the passed milestones in a clean clone of the finished branch; names those that are red now.

    Each gate runs once, for the last milestone that it verifies. What was green there before a kill is not run again.
    """
    commit = green_commit(session)
    tree = session.project.repository.git.run("rev-parse", f"{commit}^{{tree}}").text
    done, red = _green_at_end(session, tree), list[tuple[str, str]]()
    for milestone in reversed(passed):
        wanted = gates_for(session.documents.plan, milestone)
        gates = [gate for gate in wanted if gate.kind is not GateKind.MANUAL and gate not in done]
        done.update(gates)
        if not any(gate.kind is not GateKind.SERVICE for gate in gates):
            gates = [gate for gate in gates if gate in milestone.gates]
        if not gates:
            continue
        before = session.baseline.latest(gates)
        trial = Trial(session, tree, tree, commit, session.environment, "end", (), before, session.held_out, True)
        stopping = [verdict for verdict in await trial.run(milestone, gates) if _stops(milestone, verdict)]
        if stopping:
            red.append((milestone.id, ", ".join(f"{verdict.gate}: {verdict.reason}" for verdict in stopping)))
    return tuple(red)


def _green_at_end(session: Bay, tree: str) -> set[Gate]:
    plan = session.documents.plan
    green = {
        (record.event.milestone, record.event.gate)
        for record in live(session.project.log, session.run, (kinds.GateEnded.kind,))
        if isinstance(record.event, kinds.GateEnded)
        and (record.event.purpose, record.event.tree) == ("end", tree)
        and record.event.verdict != "red"
    }
    found = set[Gate]()
    for milestone, name in green:
        found.add(plan.gate(milestone, name))
    return found


async def verify_by_hand(session: Bay, milestone: Milestone) -> tuple[Verdict, ...]:
    """The milestone's verdicts on the worktree as it is, for a person: nothing is ticked or repaired."""
    tree, green = session.tree(), green_commit(session)
    gates = gates_for(session.documents.plan, milestone)
    trial, found = await _trial(session, milestone, gates, tree, green, purpose="hand")
    integrity = _integrity(trial, milestone, found.integrity.findings)
    return (*integrity, *await trial.run(milestone, gates))


async def _trial(
    session: Bay,
    milestone: Milestone,
    gates: Sequence[Gate],
    tree: str,
    green: str,
    *,
    purpose: str = "milestone",
    found: Examined | None = None,
) -> tuple[Trial, Examined]:
    before = await session.baseline.before(milestone, gates)
    found = found or examined(session, session.view, tree, green)
    built = await environment(session.project, session.documents, found.shown, session.sandbox, session.run, green)
    trial = Trial(
        session,
        tree,
        found.shown,
        green,
        built,
        purpose=purpose,
        restored=tuple(found.integrity.restore),
        before=before,
        held_out=session.held_out,
        fingerprint=await _digest_of(session, built),
    )
    return trial, found


async def _digest_of(session: Bay, built: BuiltEnvironment) -> str:
    """The digest of an environment that is not the pinned one: built anew for this tree, or never looked at."""
    if built.key == session.environment.key and session.fingerprint:
        return ""
    spec = spec_of(session.documents.target.environment)
    return (await asyncio.to_thread(fingerprint, spec, session.worktree.place, built)).digest


def _unbuilt(session: Bay, milestone: Milestone, tree: str, problem: SetupFailed) -> Verdict:
    """The red verdict on a tree whose lock files no environment can be built from: no gate can run."""
    text = f"the environment's set-up {problem.reason} with this tree's files, and no gate could run"
    told = "\n".join([f"{text}. It wrote at last:", "", *problem.tail])
    verdict = replace(integrity_verdict((Finding("set-up", "", text, True),), tree), essence=told)
    session.journal.write(
        kinds.GateStarted(milestone.id, verdict.gate, "check", tree, "", purpose="milestone"),
        ended_event(milestone.id, verdict, purpose="milestone"),
    )
    return verdict


def _integrity(trial: Trial, milestone: Milestone, findings: Sequence[Finding]) -> tuple[Verdict, ...]:
    """The verdict on the change itself, where there is something to say, or was the last time."""
    last = trial.bay.view.milestones[milestone.id].gates.get(INTEGRITY)
    if not findings and (last is None or last.verdict != "red"):
        return ()
    verdict = integrity_verdict(findings, trial.tree)
    trial.bay.journal.write(
        kinds.GateStarted(milestone.id, verdict.gate, "check", trial.tree, "", purpose=trial.purpose),
        ended_event(milestone.id, verdict, purpose=trial.purpose, restored=trial.restored),
    )
    return (verdict,)


def _stops(milestone: Milestone, verdict: Verdict) -> bool:
    """Whether a verdict keeps a milestone from passing.

    A gate that was red before the work for the same tests, and is none of the milestone's own, does not.
    """
    if verdict.verdict != "red":
        return False
    own = {gate.name for gate in milestone.gates} | {name for c in milestone.criteria for name in c.gates}
    return not verdict.only_baseline or verdict.gate in own


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


def _over_diff(session: Bay, milestone: Milestone, tree: str) -> str:
    limit = milestone.budget.diff
    if limit is None:
        return ""
    changes = numstat(session.project.repository.git, session.worktree.branch_head(), tree)
    lines = sum((change.added or 0) + (change.removed or 0) for change in changes)
    if lines <= limit:
        return ""
    return f"The diff has {lines:,} changed lines; the milestone's budget is {limit:,}. Make it smaller."
