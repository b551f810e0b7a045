"""A clean clone of a finished branch: what somebody else would get, with nothing of this machine's in it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waypost.workspace.checkout import PREFIX
from waypost.workspace.git import Git
from waypost.workspace.guarded import guarded
from waypost.workspace.index import PrivateIndex, remove_folder
from waypost.workspace.lock import locked
from waypost.workspace.repository import Repository


@contextmanager
def clean_clone(repository: Repository, commit: str, root: Path) -> Iterator[Path]:
    """A clone that holds one commit and its history, checked out; gone at the end, after a kill by `prune`."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{PREFIX}{secrets.token_hex(4)}"
    lock = folder.with_name(f"{folder.name}.lock")
    with locked(lock, 0):
        try:
            _clone(repository, commit, folder)
            yield folder
        finally:
            if folder.exists():
                remove_folder(folder)
            lock.unlink(missing_ok=True)


def _clone(repository: Repository, commit: str, folder: Path) -> None:
    """Shares the objects, copies nothing else: no configuration, hook, template or ignored file comes along."""
    source = os.fspath(repository.git_dir)
    Git(folder.parent).run("clone", "--quiet", "--no-checkout", "--shared", "--template=", source, os.fspath(folder))
    clone = Git(folder)
    clone.run("update-ref", "--no-deref", "HEAD", commit)
    PrivateIndex(guarded(repository), folder, folder / ".git" / "index").fill(f"{commit}^{{tree}}")
