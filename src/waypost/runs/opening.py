"""From documents, or from one line, to a run that can be worked on."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from waypost.documents.approve import Pins, compare, pin
from waypost.documents.errors import Report
from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.documents.model import Documents
from waypost.documents.target import parse_target
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Record
from waypost.models.registry import check_model
from waypost.runs import heldout
from waypost.runs.folders import slug
from waypost.runs.lock import holder
from waypost.runs.project import STATE, Project, RunError
from waypost.runs.settings import Settings, has_price
from waypost.runs.view import load_view
from waypost.workspace.worktree import Worktree


class NotApproved(RunError):
    """The documents were never approved, or were changed since."""


class RunExists(RunError):
    """These documents already have a run that is not finished."""


def approve(project: Project, name: str | None, *, by: str) -> Record:
    """Pins the documents' bytes in the log. Raises DocumentsInvalid with every error in them."""
    documents = load(find(project.root, name))
    pins = pin(documents)
    contents = tuple((document.path.name, Blob.of(document.raw)) for document in documents.files)
    held_out = heldout.take(project, documents)
    folder = _relative(project, documents.folder)
    event = kinds.DocumentsApproved(folder, contents, pins.files, pins.sections, by, held_out)
    project.repository.exclude(f"/{STATE}/")  # from here on there is something in it
    return project.log.append(_approvals(documents), None, [event], actor="human")[0]


def open_run(project: Project, named: str | None, settings: Settings, *, new: bool = False) -> str:
    """Makes a run of approved documents: branch, worktree, and its first events. Returns its id."""
    documents = load(find(project.root, named))
    model = settings.checked_model()
    check_model(model, base_url=settings.base_url, environ=os.environ)
    settings.check_cost_limit(model)
    window = settings.checked_window()
    approval = _approval(project, documents)  # last, as whoever catches it asks for an approval and comes again
    _refuse_second(project, documents, new=new)
    name = documents.plan.title if documents.folder == project.root else documents.folder.name
    run = f"{slug(name)}-{secrets.token_hex(2)}"
    base = project.repository.head
    place = project.worktree_of(run)
    worktree = Worktree.create(project.repository, run, base, place)
    opened = kinds.RunOpened(
        title=documents.target.title or documents.plan.title or run,
        folder=_relative(project, documents.folder),
        approval=approval.seq,
        base=base,
        branch=worktree.branch,
        place=str(place),
        model=model,
        base_url=settings.base_url,
        window=window,
        limits=settings.limits,
        notices=(*notices(project, _relative(project, documents.folder)), *unpriced_budgets(documents, model)),
        documents_on_branch=_on_branch(project, documents),
    )
    planned = [kinds.MilestonePlanned(m.id, m.title, m.depends) for m in documents.plan.order()]
    epoch = project.log.claim(run)
    project.log.append(run, epoch, [opened, *planned])
    return run


def approved_documents(project: Project, run: str) -> Documents:
    """The documents as they were approved for the run, from the log: nobody's later edits are in them."""
    approval = approval_of(project, run)
    folder = project.place / "approved" / run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return approved_contents(project, approval, folder)


def names_environment(project: Project, approval: Record) -> bool:
    """Whether the approved target names anything to build. The plan is not read for it, which may be long."""
    assert isinstance(approval.event, kinds.DocumentsApproved)
    target = find(project.root, str(project.root / approval.event.folder)).file("target").name
    blob = dict(approval.event.contents)[target]
    environment = parse_target(project.log.content(blob), Report(target)).environment
    return bool(environment.interpreter or environment.setup)


def approved_contents(project: Project, approval: kinds.DocumentsApproved, folder: Path) -> Documents:
    """The documents of an approval, written into an empty folder."""
    for name, blob in approval.contents:
        (folder / name).write_bytes(project.log.content(blob))
    return load(find(project.root, str(folder)))


def approval_of(project: Project, run: str) -> kinds.DocumentsApproved:
    """The approval that the run works by."""
    opened = load_opened(project, run)
    record = next(project.log.read(after=opened.approval - 1, until=opened.approval))
    if not isinstance(record.event, kinds.DocumentsApproved):
        raise RunError(f"run {run}: position {opened.approval} of the log holds no approval")
    return record.event


def load_opened(project: Project, run: str) -> kinds.RunOpened:
    """The run's first event."""
    record = project.log.last(run, kinds=(kinds.RunOpened.kind,))
    if record is None or not isinstance(record.event, kinds.RunOpened):
        raise RunError(f"run {run} was never opened")
    return record.event


def notices(project: Project, folder: str) -> tuple[str, ...]:
    """What a person should know of the repository's state before a run starts from HEAD.

    The documents' own folder does not count as uncommitted work.
    """
    found = []
    dirty = project.repository.dirty()
    own = sum(folder.startswith(path) or path.startswith(f"{folder}/") for path in dirty.paths)
    if dirty.count > own:
        found.append(f"{dirty.count - own} uncommitted changes are not part of the run: it starts from HEAD")
    if project.repository.branch is None:
        found.append(f"HEAD is detached at {project.repository.head[:12]}: the run starts there")
    if submodules := project.repository.submodules():
        found.append(f"submodules are not checked out in the run's worktree: {', '.join(submodules)}")
    return tuple(found)


def unpriced_budgets(documents: Documents, model: str) -> tuple[str, ...]:
    """What the plan limits in money although the model's price is unknown."""
    limited = [milestone.id for milestone in documents.plan.milestones if milestone.budget.cost is not None]
    if not limited or has_price(model):
        return ()
    return (f"no price is known for {model}: the cost budgets of {', '.join(limited)} can't be kept",)


def _relative(project: Project, folder: Path) -> str:
    return str(folder.relative_to(project.root)) if folder.is_relative_to(project.root) else str(folder)


def _approvals(documents: Documents) -> str:
    """Approvals stand under the documents' own name: they are older than any run."""
    return f"documents:{documents.folder.name}"


def _approval(project: Project, documents: Documents) -> Record:
    folder = _relative(project, documents.folder)
    record = next(
        (
            found
            for found in project.log.read(_approvals(documents), newest_first=True)
            if isinstance(found.event, kinds.DocumentsApproved) and found.event.folder == folder
        ),
        None,
    )
    if record is None:
        raise NotApproved(f"{folder}: not approved yet; read them, then `waypost approve {documents.folder.name}`")
    assert isinstance(record.event, kinds.DocumentsApproved)
    changed = compare(Pins(record.event.files, record.event.sections), documents)
    if changed:
        raise NotApproved(
            f"{folder}: changed since the approval: {'; '.join(changed)}. "
            f"Approve them again: `waypost approve {documents.folder.name}`"
        )
    return record


def _refuse_second(project: Project, documents: Documents, *, new: bool) -> None:
    folder = _relative(project, documents.folder)
    for record in project.log.read(kinds=(kinds.RunOpened.kind,), newest_first=True):
        if not isinstance(record.event, kinds.RunOpened) or record.event.folder != folder:
            continue
        pid = holder(project.root, record.run)
        if pid is not None:
            raise RunExists(f"run {record.run} of these documents is being worked on by process {pid}")
        if not new and not load_view(project.log, record.run).is_complete:
            raise RunExists(
                f"run {record.run} of these documents is not finished: `waypost resume {record.run}` goes on, "
                "`--new` starts another"
            )
        return


def _on_branch(project: Project, documents: Documents) -> bool:
    """Whether HEAD holds these documents: then the branch's copies are the live ones, and the checkout's stay."""
    if not documents.folder.is_relative_to(project.root):
        return False
    plan = documents.document("plan").path.relative_to(project.root)
    return project.repository.git.run("ls-tree", "--name-only", "HEAD", "--", str(plan)).text.strip() != ""
