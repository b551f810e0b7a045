"""Held-out checks: taken into the log at approval, laid out where only gates can read them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from waypost.documents.model import Documents, Gate
from waypost.events.blob import Blob
from waypost.events.kinds import DocumentsApproved, HeldOut
from waypost.runs.project import Project, RunError

LARGEST = 64 << 20
"""Bytes of one held-out folder."""


def take(project: Project, documents: Documents) -> tuple[HeldOut, ...]:
    """All held-out folders that the plan names, with their files. Raises RunError with file, line and the mend."""
    named = {gate.held_out: gate for gate in _gates(documents) if gate.held_out}
    return tuple(HeldOut(name, _files(project, documents, gate, name)) for name, gate in named.items())


def lay_out(project: Project, approved: DocumentsApproved) -> dict[str, Path]:
    """The approved held-out folders by the name that the plan gives them, laid out from the log's copies."""
    return {item.folder: _laid_out(project, item) for item in approved.held_out}


def sources(project: Project, documents: Documents) -> tuple[Path, ...]:
    """The folders themselves, which nobody but the human may look into: approved copies are laid out elsewhere."""
    return tuple(dict.fromkeys(_folder(project, gate.held_out) for gate in _gates(documents) if gate.held_out))


def criteria_of(documents: Documents, milestone: str, gate: str) -> str:
    """What the agent may know of a red held-out gate: the criteria that name it, and nothing else."""
    named = [c for c in documents.plan.milestone(milestone).criteria if gate in c.gates]
    texts = "; ".join(f"{criterion.id} {criterion.text}" for criterion in named)
    return f"not met: {texts}" if texts else "a held-out check is not met"


def _gates(documents: Documents) -> list[Gate]:
    plan = documents.plan
    return [*plan.checklist, *(gate for milestone in plan.milestones for gate in milestone.gates)]


def _folder(project: Project, name: str) -> Path:
    return (project.root / Path(name).expanduser()).resolve()


def _files(project: Project, documents: Documents, gate: Gate, name: str) -> tuple[tuple[str, int, Blob], ...]:
    where = f"{documents.document('plan').path.name}:{gate.line}: gate {gate.name}: held_out={name}"
    folder = _folder(project, name)
    if folder.is_relative_to(project.root):
        raise RunError(f"{where} lies inside the repository, where the agent reads; move it outside")
    if not folder.is_dir():
        raise RunError(f"{where} is no folder; name the folder that holds the held-out checks")
    files: list[tuple[str, int, Blob]] = []
    size = 0
    for path in sorted(folder.rglob("*")):
        if (path.is_dir() and not path.is_symlink()) or "__pycache__" in path.parts or ".git" in path.parts:
            continue
        if path.is_symlink() or not path.is_file():
            raise RunError(f"{where}: {path.relative_to(folder)} is no plain file; copy what it stands for")
        size += path.stat().st_size
        if size > LARGEST:
            raise RunError(f"{where} is larger than {LARGEST >> 20} MiB; hold out less")
        executable = 0o755 if path.stat().st_mode & 0o100 else 0o644
        files.append((path.relative_to(folder).as_posix(), executable, Blob.of(path.read_bytes())))
    if not files:
        raise RunError(f"{where} is empty; put the held-out checks there")
    return tuple(files)


def _laid_out(project: Project, item: HeldOut) -> Path:
    listing = "\n".join(f"{mode:o} {blob.sha256} {path}" for path, mode, blob in item.files)
    folder = project.place / "held-out" / hashlib.sha256(listing.encode()).hexdigest()[:32]
    if folder.is_dir():
        return folder
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    for path, mode, blob in item.files:
        target = draft / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(project.log.content(blob))
        target.chmod(mode)
    draft.chmod(0o700)
    try:
        draft.rename(folder)
    except OSError:  # another process laid it out meanwhile
        shutil.rmtree(draft, ignore_errors=True)
    return folder
