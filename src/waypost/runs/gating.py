"""Gates by hand: the verdicts on the worktree as it is, with nothing ticked and nothing repaired."""

from __future__ import annotations

from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.journal import Journal
from waypost.gates.select import gates_for
from waypost.runs.lock import RunLock
from waypost.runs.opening import approved_documents
from waypost.runs.project import Project, RunError
from waypost.runs.rewinding import recovered_worktree, save
from waypost.runs.session import Bay, Observer
from waypost.runs.surroundings import environment
from waypost.runs.verifying import verify_tree
from waypost.runs.view import load_view
from waypost.sandbox.plain import PlainSandbox
from waypost.workspace.checkout import prune


async def gate(project: Project, run: str, milestone: str | None, observer: Observer) -> tuple[kinds.GateEnded, ...]:
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
            if isinstance(record.event, kinds.GateEnded):
                ended.append(record.event)

        journal = Journal(project.log, run, epoch, (keep, observer.on_record))
        saved = save(project, worktree, run, epoch, "before gates by hand")
        assert isinstance(saved.event, kinds.Checkpointed)
        built = await environment(project, documents, worktree)
        bay = Bay(project, run, journal, documents, worktree, PlainSandbox(), built)
        chosen = documents.plan.milestone(name)
        await verify_tree(bay, chosen, gates_for(documents.plan, chosen), saved.event.tree)
        return tuple(ended)
    finally:
        lock.release()
