"""Starting a command's first process: what is really run, and the descriptors it gets."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from shutil import which
from typing import IO, Protocol

from waypost.sandbox.control import Control
from waypost.sandbox.launcher import Child, Launcher
from waypost.sandbox.sandbox import MARK, Command, SpawnError
from waypost.sandbox.walls import Limits

_GO = b"g"  # as landlock_launcher.GO: to import that would take longer than to start a command


class NotCovered(SpawnError):
    """What is built while the holder starts failed; the command was not started."""


class Holder(Enum):
    """What stands between the runtime and the command."""

    NOBODY = "nobody"  # the first process is the command's
    NAMESPACE = "namespace"  # bubblewrap's processes, then sh
    FIRST = "first"  # a launcher, and the first process of a namespace that it made
    ADOPTER = "adopter"  # a launcher that adopts what the command leaves


class Meanwhile(Protocol):
    """What else is done for a command while its holder starts."""

    def begin(self, first: int, control: Control) -> None:
        """Called when the first process has been started. Raises SpawnError."""
        ...

    def finish(self) -> None:
        """Called when the holder is ready and waits: has it told to go, or not to."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """What is started for a command: its own argv, or that of what holds it.

    With a holder, standard error is the Control's other end. `private` are folders of memory that only the
    command sees. With a `launcher` it is asked to hold the command as `request` says. `walls` are what is built
    meanwhile.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str]
    holder: Holder = Holder.NOBODY
    limits: Limits | None = None
    private: tuple[str, ...] = ()
    launcher: Launcher | None = None
    request: Mapping[str, object] = field(default_factory=dict)
    walls: Meanwhile | None = None


def program(command: Command) -> str:
    """The command's program as a path. Raises SpawnError where there is none."""
    name = command.argv[0]
    found = which(name, path=command.variables.get("PATH", "/usr/bin:/bin"))
    if found is None and "/" not in name:
        raise SpawnError(f"{name}: not started: No such file or directory on PATH")
    return found or name


def spawn(
    start: Start, command: Command, mark: str, output: int, control: Control | None
) -> subprocess.Popen[bytes] | Child:
    """Starts it in a session of its own. Raises SpawnError."""
    if not command.folder.is_dir():
        raise SpawnError(f"{command.folder}: no such folder to run a command in")
    with ExitStack() as stack:
        if command.stdin:
            import tempfile

            # A file and not a pipe: nothing to pump, and a command that never reads can't block us.
            file: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            file.write(command.stdin)
            file.seek(0)
        else:
            file = stack.enter_context(open(os.devnull, "rb"))
        variables = {**start.variables, MARK: mark}
        if start.launcher is not None and control is not None:
            return _launched(start, start.launcher, command, variables, (control, file.fileno(), output))
        try:
            return subprocess.Popen(
                start.argv,
                # A holder enters the folder itself, behind the walls.
                cwd=command.folder if start.holder is Holder.NOBODY else "/",
                env=variables,
                stdin=file,
                stdout=output,
                stderr=control.theirs if control else output,
                start_new_session=True,
                pass_fds=command.pass_fds,
            )
        except OSError as error:
            mend = "; put the long text into a file and name the file" if error.errno == 7 else ""
            raise SpawnError(f"{start.argv[0]}: not started: {error.strerror}{mend}") from error
        except ValueError as error:  # a NUL in an argument or a variable
            raise SpawnError(f"{start.argv[0]}: not started: {error}") from error


def _launched(
    start: Start, launcher: Launcher, command: Command, variables: Mapping[str, str], line: tuple[Control, int, int]
) -> Child:
    control, standard_input, output = line
    request = {
        **start.request,
        "argv": list(start.argv),
        "variables": dict(variables),
        "folder": str(command.folder),
        "pass": list(command.pass_fds),
    }
    descriptors = (control.theirs, standard_input, output, *command.pass_fds)
    child = Child(launcher.ask("hold", request, descriptors))
    control.tell(_GO)
    return child
