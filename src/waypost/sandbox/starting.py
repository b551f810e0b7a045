"""Starting a command's first process: what is really run, and the descriptors it gets."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from shutil import which

from waypost.sandbox.sandbox import MARK, Command, SpawnError
from waypost.sandbox.walls import Limits


class Holder(Enum):
    """What stands between the runtime and the command."""

    NOBODY = "nobody"  # the first process is the command's
    NAMESPACE = "namespace"  # bubblewrap's processes, then sh
    FIRST = "first"  # a launcher, and the first process of a namespace that it made
    ADOPTER = "adopter"  # a launcher that adopts what the command leaves


@dataclass(frozen=True, slots=True)
class Start:
    """What is started for a command: its own argv, or that of what holds it.

    With a holder, standard error is the Control's other end. `private` are folders of memory that only the
    command sees.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str]
    holder: Holder = Holder.NOBODY
    limits: Limits | None = None
    private: tuple[str, ...] = ()


def program(command: Command) -> str:
    """The command's program as a path. Raises SpawnError where there is none."""
    name = command.argv[0]
    found = which(name, path=command.variables.get("PATH", "/usr/bin:/bin"))
    if found is None and "/" not in name:
        raise SpawnError(f"{name}: not started: No such file or directory on PATH")
    return found or name


def spawn(start: Start, command: Command, mark: str, output: int, errors: int) -> subprocess.Popen[bytes]:
    """Starts it in a session of its own. Raises SpawnError."""
    if not command.folder.is_dir():
        raise SpawnError(f"{command.folder}: no such folder to run a command in")
    with ExitStack() as stack:
        standard_input: int = subprocess.DEVNULL
        if command.stdin:
            import tempfile

            # A file and not a pipe: nothing to pump, and a command that never reads can't block us.
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(command.stdin)
            file.seek(0)
            standard_input = file.fileno()
        try:
            return subprocess.Popen(
                start.argv,
                cwd=command.folder,
                env={**start.variables, MARK: mark},
                stdin=standard_input,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                pass_fds=command.pass_fds,
            )
        except OSError as error:
            mend = "; put the long text into a file and name the file" if error.errno == 7 else ""
            raise SpawnError(f"{start.argv[0]}: not started: {error.strerror}{mend}") from error
        except ValueError as error:  # a NUL in an argument or a variable
            raise SpawnError(f"{start.argv[0]}: not started: {error}") from error
