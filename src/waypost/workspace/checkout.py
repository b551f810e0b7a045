"""Clean checkouts in which gates run, gone when they have run, whatever happened meanwhile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waypost.workspace.guarded import guarded
from waypost.workspace.index import PrivateIndex
from waypost.workspace.lock import locked, try_lock
from waypost.workspace.registration import forget, register
from waypost.workspace.repository import Repository

PREFIX = "clean-"
MESSAGE = b"State under verification\n"


@dataclass(frozen=True, slots=True)
class CleanCheckout:
    """A folder that holds exactly one tree, as a detached worktree at a real commit."""

    folder: Path
    commit: str


@contextmanager
def clean_checkout(repository: Repository, tree: str, parent: str, root: Path) -> Iterator[CleanCheckout]:
    """A clean checkout of a tree under `root`, at a commit whose parent is the given one.

    The parent is the last milestone, so `git diff HEAD~1` shows what is being verified, and tags are
    reached. Where the parent has that very tree, it is the commit. The folder goes at the end; after a kill
    `prune` removes it.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{PREFIX}{secrets.token_hex(4)}"
    with locked(_lock_file(folder), 0):
        try:
            commit = _commit(repository, tree, parent)
            own = register(repository, folder, commit)
            PrivateIndex(guarded(repository), folder, own / "index").fill(tree)
            yield CleanCheckout(folder, commit)
        finally:
            forget(repository, folder)
            _lock_file(folder).unlink(missing_ok=True)


def prune(repository: Repository, root: Path) -> tuple[Path, ...]:
    """Removes the clean checkouts under `root` whose process is gone; returns them."""
    gone: list[Path] = []
    for file in sorted(root.glob(f"{PREFIX}*.lock")):
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            if not try_lock(descriptor):
                continue
            folder = file.with_suffix("")
            forget(repository, folder)
            file.unlink(missing_ok=True)
            gone.append(folder)
        finally:
            os.close(descriptor)
    return tuple(gone)


def _commit(repository: Repository, tree: str, parent: str) -> str:
    git = guarded(repository)
    found = git.run("rev-parse", f"{parent}^{{commit}}", f"{parent}^{{tree}}", f"{tree}^{{tree}}").text
    commit, parent_tree, wanted = found.split()
    if parent_tree == wanted:
        return commit
    return git.run("commit-tree", wanted, "-p", commit, "-F", "-", feed=MESSAGE).text


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
