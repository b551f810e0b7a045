"""How git knows a linked worktree: its `.git` file, and its entry in the common directory."""

from __future__ import annotations

import os
from pathlib import Path

from waypost.workspace.errors import WorkspaceError
from waypost.workspace.index import remove_folder
from waypost.workspace.repository import Repository


def register(repository: Repository, place: Path, commit: str) -> Path:
    """Makes an empty worktree at a commit with a detached HEAD; returns its git directory.

    Raises GitFailed where the place is taken.
    """
    arguments = ("--detach", "--no-checkout", "--force", "--force", str(place), commit)
    repository.git.run("worktree", "add", *arguments)
    found = _pointed(place)
    if found is None:
        raise WorkspaceError(f"{place}: git made no worktree here")
    return found


def mend(repository: Repository, place: Path, commit: str) -> Path:
    """The worktree's git directory; made anew where an agent removed it or its entry."""
    found = _pointed(place)
    if found and found.parent == repository.git_dir / "worktrees" and (found / "HEAD").exists():
        return found
    entry = _entry(repository, place)
    if entry is None:
        draft = place.with_name(f"{place.name}.{os.getpid()}")
        entry = register(repository, draft, commit)
        remove_folder(draft)
        (entry / "gitdir").write_bytes(os.fsencode(place / ".git") + b"\n")
    _set_aside(place / ".git")
    (place / ".git").write_bytes(b"gitdir: " + os.fsencode(entry) + b"\n")
    return entry


def forget(repository: Repository, place: Path) -> None:
    """Removes a worktree's folder and entry; other worktrees, lost ones too, are left alone."""
    entry = _entry(repository, place)
    if place.exists():
        remove_folder(place)
    if entry is not None:
        remove_folder(entry)


def _pointed(place: Path) -> Path | None:
    file = place / ".git"
    if not file.is_file():
        return None
    content = file.read_bytes().removesuffix(b"\n")
    return Path(os.fsdecode(content.removeprefix(b"gitdir: ")))


def _entry(repository: Repository, place: Path) -> Path | None:
    wanted = os.fsencode(place / ".git")
    for file in sorted((repository.git_dir / "worktrees").glob("*/gitdir")):
        if file.read_bytes().removesuffix(b"\n") == wanted and (file.parent / "HEAD").exists():
            return file.parent
    return None


def _set_aside(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f".git.{os.getpid()}"))
    else:
        path.unlink(missing_ok=True)
