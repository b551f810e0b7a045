"""The seam between the runtime and the machine that commands run on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Protocol

from waypost.sandbox.walls import Level, Walls

if TYPE_CHECKING:
    import asyncio

MARK = "WAYPOST_MARK"
"""The environment variable by which a command's processes are found again."""

MEBIBYTE = 1 << 20


class SandboxError(Exception):
    """A command could not be run at all; the text says what happened and the mend."""


class SpawnError(SandboxError):
    """The command's first process could not be started, so nothing ran."""


class ShellMissingError(SandboxError):
    """The machine has no bash."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where, and within which limits.

    `variables` are the whole environment, to which only the mark is added. `timeout` is in seconds.
    Of the output at most `output_limit` bytes are kept. `mark` is `<run>/<call>`; without one the
    command gets a mark of its own. `walls` are what the command may touch: without them it runs as it is.
    `pass_fds` are descriptors that stay open in it. Setting `stop` ends the command early: SIGTERM to all that
    it started, SIGKILL three seconds later; its outcome comes as ever, with the output until then.
    """

    argv: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    timeout: float
    output_limit: int = MEBIBYTE
    stdin: bytes = b""
    mark: str = ""
    walls: Walls | None = None
    pass_fds: tuple[int, ...] = ()
    stop: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. Either `exit` or `signal` is set; neither, if its end could not be seen.

    `output` is standard output and standard error as they came. Where `dropped` bytes were cut out of
    its middle, the cut is at `output[:cut_at]`. `left_running` names the background processes that the
    command left and that were ended. `limit` names the limit that ended it, as in "memory (8 GiB)".
    """

    exit: int | None
    signal: int | None
    timed_out: bool
    seconds: float
    output: bytes
    dropped: int = 0
    cut_at: int = 0
    left_running: tuple[str, ...] = ()
    limit: str = ""


class Sandbox(Protocol):
    """Runs commands, each to its end, and leaves no process behind."""

    @property
    def level(self) -> Level:
        """How commands with walls are held."""
        ...

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """Runs a command; `on_started` gets the process id before any of the output is read.

        Cancelling ends all that the command started. Raises SandboxError where nothing could be run.
        """
        ...


@cache
def _bash() -> str:
    found = which("bash")
    if found is None:
        raise ShellMissingError("no bash on PATH; install bash (Debian: apt install bash)")
    return found


def shell(text: str) -> tuple[str, ...]:
    """The argv that runs a text in bash, untouched by start-up files; a pipe fails if any part fails.

    Raises ShellMissingError.
    """
    return (_bash(), "--noprofile", "--norc", "-o", "pipefail", "-c", text)
