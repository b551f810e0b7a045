"""A project's ledger: its key, what is checked before work goes on, and when the log is sealed."""

from __future__ import annotations

import base64
from pathlib import Path

from waypost.events.journal import HUMAN
from waypost.events.kinds import LedgerRestarted
from waypost.ledger.checkpoint import Checkpoint
from waypost.ledger.errors import BadKey, DamagedLog, LedgerError
from waypost.ledger.keys import FILE, ProjectKey, load_key, make_key
from waypost.ledger.seal import CHECKPOINT, RolledBack, Sealer, check_end, newest_unverified
from waypost.runs.project import Project, RunError

TRAILER = "Waypost-Ledger"
LEDGER = "ledger"
"""Whose events those are that are about the log itself."""


class LogNotTrusted(RunError):
    """The log is not what was signed: work does not go on with it as if nothing had happened."""

    exit_code = 1


def key_folder(project: Project) -> Path:
    """Where the project's key lies: below the state home, which no command of an agent or a gate sees."""
    return project.place / "ledger"


def project_key(project: Project) -> ProjectKey:
    """The project's key, made where there is none yet. Raises RunError."""
    folder = key_folder(project)
    try:
        if not (folder / FILE).exists():
            return _made(folder, project)
        return load_key(folder)
    except BadKey as problem:
        raise RunError(f"the ledger's key: {problem}") from problem


def _made(folder: Path, project: Project) -> ProjectKey:
    try:
        return make_key(folder, project.root.name)
    except BadKey:
        if (folder / FILE).exists():  # another process was quicker
            return load_key(folder)
        raise


def check(project: Project) -> None:
    """Sees before work that the log's end is what was signed last. Raises LogNotTrusted."""
    try:
        signed = newest_unverified(key_folder(project))
        if signed is not None:
            check_end(project.log.leaves, signed, project.log.position)
    except (RolledBack, DamagedLog) as problem:
        raise LogNotTrusted(str(problem)) from problem
    except LedgerError as problem:
        raise LogNotTrusted(f"the ledger: {problem}") from problem


def seal(project: Project) -> Checkpoint:
    """Signs what the log holds by now. Raises LogNotTrusted, RunError."""
    key = project_key(project)
    try:
        return Sealer(project.log.leaves, key).seal(project.log.position)
    except LedgerError as problem:
        raise LogNotTrusted(f"the log can't be sealed: {problem}; see `waypost ledger verify`") from problem


def trailer(checkpoint: Checkpoint) -> tuple[str, str]:
    """What a milestone's commit says of the ledger, so that whoever is pushed to is a witness of it."""
    return TRAILER, f"{checkpoint.size} {base64.b64encode(checkpoint.root).decode()}"


def restart(project: Project, why: str, by: str) -> tuple[Path, int] | None:
    """Goes on with a log that is not what was signed: puts the newest checkpoint aside, and logs that it did.

    Returns where it lies now, and the event that says so; None where nothing was signed yet.
    """
    folder = key_folder(project)
    outside, position = folder / CHECKPOINT, project.log.position
    try:
        signed = newest_unverified(folder)
    except LedgerError:
        signed = None  # unreadable, which may be why somebody asks for this
    if not outside.exists():
        return None
    told = LedgerRestarted(by, why, signed.size if signed else 0, position)
    record = project.log.append(LEDGER, None, [told], HUMAN)[0]
    aside = outside.with_name(f"{CHECKPOINT}.given-up-at-{position}")
    outside.rename(aside)
    project.log.leaves.forget()
    seal(project)
    return aside, record.seq
