"""Running git so that nothing that an agent or a template wrote is ever run by it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from waypost.workspace.errors import DiskFull, GitFailed, WorkspaceError

QUIET: tuple[str, ...] = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "commit.gpgsign=false",
    "tag.gpgsign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
INHERITED: tuple[str, ...] = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
)
FIXED: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_ASKPASS": "true",
}
NO_ROOM: tuple[str, ...] = ("No space left on device", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Output:
    """What a git command left: its exit code and the raw bytes of both streams."""

    exit: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output without its last line end; names keep undecodable bytes as surrogates."""
        return os.fsdecode(self.stdout.removesuffix(b"\n"))

    @property
    def records(self) -> list[str]:
        """Standard output split at NUL, as `-z` writes it."""
        return [os.fsdecode(record) for record in self.stdout.split(b"\0")[:-1]]


@dataclass(frozen=True, slots=True)
class Git:
    """Git in a folder, without hooks, fsmonitor, signing, pagers, prompts and maintenance.

    `variables` are added to a clean environment (of the caller's only PATH, HOME and the choice of
    configuration files remain, so a GIT_DIR or GIT_INDEX_FILE of the caller changes nothing).
    `held` are file descriptors that the commands inherit: a lock is thus held until the last is gone.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = QUIET
    held: tuple[int, ...] = ()

    def run(self, *arguments: str, feed: bytes = b"", allowed: Sequence[int] = (0,)) -> Output:
        """Runs one command to its end.

        Raises GitFailed on an exit code that is not allowed, DiskFull where that was the reason.
        """
        command = ["git", *(part for setting in self.settings for part in ("-c", setting)), *arguments]
        try:
            ended = subprocess.run(  # nothing of it goes through a shell
                command,
                cwd=self.folder,
                env=self._environment(),
                input=feed,
                capture_output=True,
                check=False,
                pass_fds=self.held,
            )
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise WorkspaceError(f"{self.folder}: no such folder") from error
            raise WorkspaceError("git was not found; install it (Debian: apt install git)") from error
        if ended.returncode not in allowed:
            raise _failure(arguments, ended.returncode, ended.stderr.decode(errors="replace"))
        return Output(ended.returncode, ended.stdout, ended.stderr)

    def with_variables(self, **variables: str) -> Git:
        """The same git with more variables in its environment."""
        return replace(self, variables={**self.variables, **variables})

    def holding(self, descriptor: int) -> Git:
        """The same git, whose commands keep the descriptor open as long as they live."""
        return replace(self, held=(*self.held, descriptor))

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**inherited, **FIXED, **self.variables}


def _failure(arguments: tuple[str, ...], code: int, stderr: str) -> WorkspaceError:
    if any(words in stderr for words in NO_ROOM):
        return DiskFull(f"the disk is full (git {arguments[0]}); free some space and resume: {stderr.strip()}")
    return GitFailed(arguments, code, stderr)


def version(git: Git) -> tuple[int, int]:
    """Git's major and minor version."""
    words = git.run("version").text.split()
    major, minor = words[2].split(".")[:2]
    return int(major), int(minor)
