"""At approval the environment is built and captured: what was approved is also where it was approved to run."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from waypost.documents.model import Documents
from waypost.environment.build import BuiltEnvironment
from waypost.environment.drift import difference
from waypost.environment.errors import BuildError
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.environment.pinfile import NAME, read_lock, write_lock
from waypost.events import kinds
from waypost.events.event import Record
from waypost.runs import drift
from waypost.runs.opening import approved_contents
from waypost.runs.project import Project
from waypost.runs.sandboxing import take_up_sandbox
from waypost.runs.setting_up import OPEN
from waypost.runs.surroundings import environment
from waypost.sandbox.sandbox import SandboxError
from waypost.sandbox.walls import Level
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.errors import WorkspaceError

LATER = "the environment is built and captured when the run starts"


@dataclass(frozen=True, slots=True)
class Captured:
    """What approval found of the environment. `pinned` is what runs are held to; None where it could not be built.

    `problem` says why not. `lines` is how the environment differs from an env.lock.json that lay there; `notes` are
    what a person should know.
    """

    pinned: Fingerprint | None
    built: BuiltEnvironment | None
    problem: BuildError | SandboxError | WorkspaceError | None = None
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def capture(project: Project, approval: Record, *, unsafe: bool = False) -> Captured:
    """Builds what the approved target names, from HEAD, and keeps its fingerprint in the log and as env.lock.json.

    A file that lies beside the documents already is the pin, and stays. Nothing is raised for what the environment
    lacks: an approval stands without it.
    """
    documents = _documents(project, approval)
    event = approval.event
    assert isinstance(event, kinds.DocumentsApproved)
    folder = project.root / event.folder
    try:
        built, found, level = await _look(project, documents, approval, unsafe=unsafe)
        pinned = read_lock(folder)
    except (BuildError, SandboxError, WorkspaceError) as problem:
        return Captured(None, None, problem)
    reason = "approved with the documents" if pinned else "captured at approval"
    project.log.append(approval.run, None, [drift.capture(pinned or found, built.key, reason=reason)])
    if pinned is None:
        write_lock(folder, found)
    lines = difference(pinned, found) if pinned else ()
    is_open = documents.target.environment.hosts is None and level is not Level.NONE
    notes = (*built.warnings, *([OPEN] if is_open and documents.target.environment.setup else []))
    return Captured(pinned or found, built, None, lines, notes)


async def _look(
    project: Project, documents: Documents, approval: Record, *, unsafe: bool
) -> tuple[BuiltEnvironment, Fingerprint, Level]:
    chosen = await take_up_sandbox(project, unsafe=unsafe)
    head = project.repository.head
    built = await environment(project, documents, head, chosen.sandbox, approval.run)
    spec = drift.spec_of(documents.target.environment)
    # another checkout than the one that the set-up may have changed
    with clean_checkout(project.repository, head, head, project.checkouts) as clean:
        return built, fingerprint(spec, clean.folder, built), chosen.sandbox.level


def _documents(project: Project, approval: Record) -> Documents:
    assert isinstance(approval.event, kinds.DocumentsApproved)
    with tempfile.TemporaryDirectory(prefix="waypost-") as folder:
        return approved_contents(project, approval.event, Path(folder))


def told(captured: Captured) -> tuple[str, ...]:
    """The findings as lines for a person: what failed or differs, and the mend."""
    if captured.problem is not None:
        return (*str(captured.problem).splitlines(), f"the approval stands; {LATER}")
    mend = f"delete {NAME} and approve again to capture this one, or the run stops for it"
    return (*(f"not as in {NAME}: {line}" for line in captured.lines), *([mend] if captured.lines else []))
