"""Gates by hand: the verdicts on the worktree as it is, with nothing ticked and nothing repaired."""

from __future__ import annotations

from collections.abc import Callable

from waypost.environment.fingerprint import fingerprint
from waypost.events import kinds
from waypost.events.event import Event, Record
from waypost.events.journal import Journal
from waypost.runs.drift import DRIFTED, check, load_pin, spec_of
from waypost.runs.heldout import lay_out
from waypost.runs.lock import RunLock
from waypost.runs.opening import approval_of, approved_documents
from waypost.runs.project import Project, RunError
from waypost.runs.rewinding import recovered_worktree
from waypost.runs.sandboxing import chosen_event, take_up_sandbox
from waypost.runs.session import Bay, Observer
from waypost.runs.surroundings import environment
from waypost.runs.verifying import verify_by_hand
from waypost.runs.view import load_view
from waypost.wires.conversation import Delta
from waypost.workspace.checkout import prune


def _drifted(bay: Bay, milestone: str) -> tuple[Event, ...]:
    """Looks at the environment before the gates; by hand they run also where it drifted, and the log says so."""
    found = fingerprint(spec_of(bay.documents.target.environment), bay.worktree.place, bay.environment)
    bay.fingerprint = found.digest
    pin = load_pin(bay.project.log, bay.run)
    drifted = check(pin.fingerprint, found, milestone) if pin else None
    return (drifted,) if drifted else ()


class Progress:
    """An observer that tells of each gate as it starts and ends, in a line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def on_record(self, record: Record) -> None:
        """Tells of gates, and of a sandbox that could not be had."""
        match record.event:
            case kinds.GateStarted(gate=name, purpose=purpose):
                self._say(f"{name} runs{' on the last green commit' if purpose == 'baseline' else ''} …")
            case kinds.SandboxChosen(level="none"):
                self._say("NO SANDBOX: commands run with all your rights")
            case kinds.EnvironmentDrifted(lines=lines):
                self._say(f"{DRIFTED}: {'; '.join(lines)}")
            case _:
                pass

    def on_delta(self, delta: Delta) -> None:
        """Nothing is streamed."""


async def gate(
    project: Project, run: str, milestone: str | None, observer: Observer, *, unsafe: bool = False
) -> tuple[kinds.GateEnded, ...]:
    """Runs a milestone's gates (without one: the current milestone's) and returns their verdicts.

    Raises RunBusy while a process works on the run, and RunError for a milestone that the plan does not have.
    """
    lock = RunLock(project.root, run)
    try:
        documents = approved_documents(project, run)
        view = load_view(project.log, run)
        name = milestone or view.current or next(iter(view.milestones))
        if name not in view.milestones:
            raise RunError(f"run {run} has no milestone {name!r}; there are: {', '.join(view.milestones)}")
        prune(project.repository, project.checkouts)
        worktree = recovered_worktree(project, run)
        epoch = project.log.claim(run)
        ended: list[kinds.GateEnded] = []

        def keep(record: Record) -> None:
            if isinstance(record.event, kinds.GateEnded) and record.event.purpose == "hand":
                ended.append(record.event)

        journal = Journal(project.log, run, epoch, (view.apply, keep, observer.on_record))
        chosen = await take_up_sandbox(project, unsafe=unsafe)
        bay = Bay(
            project=project,
            run=run,
            journal=journal,
            documents=documents,
            worktree=worktree,
            sandbox=chosen.sandbox,
            environment=await environment(project, documents, worktree.branch_head(), chosen.sandbox, run),
            view=view,
            held_out=lay_out(project, approval_of(project, run)),
        )
        journal.write(chosen_event(chosen), *_drifted(bay, name))
        try:
            await verify_by_hand(bay, documents.plan.milestone(name))
        finally:
            await bay.baseline.stop()
        return tuple(ended)
    finally:
        lock.release()
