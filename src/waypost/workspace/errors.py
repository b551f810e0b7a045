"""What can go wrong with a repository or a worktree, each with the mend."""

from __future__ import annotations

from dataclasses import dataclass


class WorkspaceError(Exception):
    """Something about the repository or the worktree; the text says what, where and the mend."""


class BadRepository(WorkspaceError):
    """The folder can't carry a run: no repository, no commit, or no work tree."""


class BadName(WorkspaceError):
    """A run's name, a trailer or a revision that can't be used as such."""


class WorkspaceBusy(WorkspaceError):
    """Another process works on the same worktree."""


class DiskFull(WorkspaceError):
    """The disk has no room; what was checkpointed before is kept."""


@dataclass
class GitFailed(WorkspaceError):
    """Git ended with an exit code that was not expected."""

    command: tuple[str, ...]
    exit: int
    stderr: str

    def __str__(self) -> str:
        said = self.stderr.strip() or "it said nothing"
        return f"git {' '.join(self.command[:4])} ended with {self.exit}: {said}"
