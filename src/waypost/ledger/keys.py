"""A project's key: made once, in a folder that the agent can't reach, for its owner's eyes only."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waypost.ledger.errors import BadKey
from waypost.ledger.signatures import Algorithm, Signer, Verifier

FILE = "ledger.key"
ANCHORS_FILE = "anchors.json"
"""Beside the key: who is asked to vouch for the log."""
LARGEST_FILE = 4096


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A project's signing key and where it lies. Its name is the log's origin."""

    signer: Signer
    path: Path

    @property
    def origin(self) -> str:
        """The log's name in every checkpoint."""
        return self.signer.name

    @property
    def verifier(self) -> Verifier:
        """What others need to check receipts; it may be published."""
        return self.signer.verifier


def new_origin(project: str) -> str:
    """A name for a project's log that no other has: `waypost.invalid/tabulate-1f0c…`; the domain belongs to nobody."""
    plain = unicodedata.normalize("NFKD", project).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "project"
    return f"waypost.invalid/{slug}-{os.urandom(8).hex()}"


def make_key(folder: Path, project: str) -> ProjectKey:
    """Makes the project's key; the file gets mode 0600. Raises BadKey where there is one already, or none can be."""
    signer = Signer.new(new_origin(project))
    path, fresh = folder / FILE, folder / f".{FILE}.{os.urandom(8).hex()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_folder(folder)
        _write_secret(fresh, f"{signer.text()}\n".encode())
        try:
            os.link(fresh, path)  # unlike a rename, it never replaces a key
        finally:
            fresh.unlink()
        _sync(folder)
    except FileExistsError as problem:
        raise BadKey(
            f"{path}: there is a key already; with another one its checkpoints could not be told as its own"
        ) from (problem)
    except OSError as problem:
        raise BadKey(f"{path}: can't be made: {problem.strerror}") from problem
    return ProjectKey(signer, path)


def load_key(folder: Path) -> ProjectKey:
    """The project's key. Raises BadKey where there is none, it is damaged, or others could read or replace it."""
    path = folder / FILE
    try:
        _check_folder(folder)
        text = _read_secret(path).decode("utf-8")
    except FileNotFoundError as problem:
        raise BadKey(f"{path}: no key here; `waypost init` makes one") from problem
    except UnicodeDecodeError as problem:
        raise BadKey(f"{path}: not a key; put back a copy") from problem
    except OSError as problem:
        reason = "a link, not a file" if problem.errno == errno.ELOOP else problem.strerror
        raise BadKey(f"{path}: can't be read: {reason}") from problem
    try:
        signer = Signer.parse(text.removesuffix("\n"))
    except BadKey as problem:
        raise BadKey(f"{path}: {problem}") from problem
    if signer.algorithm is not Algorithm.ED25519:
        raise BadKey(f"{path}: a cosigner's key; a log signs with a plain one")
    return ProjectKey(signer, path)


def _check_folder(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid not in {os.geteuid(), 0} or found.st_mode & 0o022:
        raise BadKey(f"{folder}: others can write here and could replace the key; chmod 700, and own the folder")


def _write_secret(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _read_secret(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BadKey(f"{path}: not a file")
        if found.st_mode & 0o077:
            raise BadKey(f"{path}: others can read the key (mode {found.st_mode & 0o777:o}); chmod 600 {path}")
        if found.st_uid != os.geteuid():
            raise BadKey(f"{path}: belongs to another user ({found.st_uid}); a key is its owner's alone")
        return file.read(LARGEST_FILE)


def _sync(folder: Path) -> None:
    """Makes the new name last through a power cut, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
