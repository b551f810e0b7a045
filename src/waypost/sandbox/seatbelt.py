"""Runs commands inside macOS' sandbox-exec, by a profile made for each (sandbox-exec(1), sandbox(7)).

Not kept from commands: names of the machine's processes; what the system's own services do for everybody. There is no
namespace, so what both leaves its session and wipes its environment outlives the command.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from waypost.sandbox import places
from waypost.sandbox.limits import limited_by_shell
from waypost.sandbox.mounts import Defaults, Kind, View, view
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.running import run_to_its_end
from waypost.sandbox.sandbox import Command, Outcome, SandboxError, SpawnError
from waypost.sandbox.starting import Start, program
from waypost.sandbox.walls import Level, Walls

_TOOL = "/usr/bin/sandbox-exec"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx")
_HEAD = """(version 1)
(deny default)
(allow process-exec process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow ipc-posix-sem ipc-posix-shm)
(allow pseudo-tty)
(allow file-read*)"""


class SeatbeltMissing(SandboxError):
    """The machine has no sandbox-exec."""


def profile(seen: View, network: bool) -> str:
    """The profile's text: later rules win, so those for deeper paths come later."""
    lines = [_HEAD, *(f"(allow file-write-data file-ioctl (literal {_quoted(device)}))" for device in _DEVICES)]
    for mount in seen.mounts:
        lines += _rules(mount.path, mount.kind)
    # A protected path must not be moved away with a folder above it, nor a link on the way be replaced.
    pinned = [mount.path for mount in seen.mounts if mount.kind is Kind.ANCHOR]
    for path in (*pinned, *(link.path for link in seen.links)):
        lines.append(f"(deny file-write-unlink file-write-create (literal {_quoted(path)}))")
    if network:
        lines.append("(allow network*)")
        lines.append('(allow mach-lookup (global-name "com.apple.dnssd.service" "com.apple.trustd.agent"))')
    else:
        lines.append("(allow network* (local unix-socket) (remote unix-socket))")
        lines.append('(deny network-outbound (subpath "/private/var/run") (subpath "/private/tmp"))')
    return "\n".join(lines) + "\n"


def _quoted(path: str) -> str:
    return json.dumps(path, ensure_ascii=False)


def _rules(path: str, kind: Kind) -> Iterator[str]:
    place = f"(subpath {_quoted(path)})"
    if kind in {Kind.EMPTY, Kind.HIDDEN}:
        yield f"(deny file-read* file-write* {place})"
        # Without a look at the folder itself, programs can't find the way to what is shown below it.
        yield f"(allow file-read-metadata (literal {_quoted(path)}))"
    elif kind is Kind.WRITABLE:
        yield f"(allow file-read* file-write* {place})"
    elif kind in {Kind.VISIBLE, Kind.READ_ONLY}:
        yield f"(allow file-read* {place})"
        yield f"(deny file-write* {place})"


class SeatbeltSandbox:
    """Runs each command with walls in sandbox-exec, and each without them plainly. Raises SeatbeltMissing."""

    def __init__(self) -> None:
        if not os.access(_TOOL, os.X_OK):
            raise SeatbeltMissing(f"no {_TOOL}: it is part of macOS alone")
        self._plain = PlainSandbox()

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.SEATBELT

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run. TMPDIR and HOME are folders of the command's own, removed when it has ended."""
        if command.walls is None:
            return await self._plain.run(command, on_started)
        if not command.folder.is_dir():
            raise SpawnError(f"{command.folder}: no such folder to run a command in")
        private = Path(tempfile.mkdtemp(prefix="waypost-")).resolve()
        try:
            walls = replace(command.walls, writable=(*command.walls.writable, private))
            network = walls.network is not None or walls.host_network
            text = profile(view(walls, _defaults(command)), network)
            start = Start(
                argv=(_TOOL, "-p", text, *limited_by_shell(walls.limits), program(command), *command.argv[1:]),
                variables=_variables(command, walls, private),
                limits=walls.limits,
            )
            return await run_to_its_end(command, start, on_started)
        finally:
            shutil.rmtree(private, ignore_errors=True)


def _variables(command: Command, walls: Walls, private: Path) -> dict[str, str]:
    shared = walls.network.variables if walls.network else {}
    return {**command.variables, **shared, "TMPDIR": str(private), "HOME": str(private)}


def _defaults(command: Command) -> Defaults:
    homes = places.homes(command.variables.get("HOME", ""))
    temporary = (os.path.realpath(path) for path in (*places.temporary(), "/private/var/folders", "/Volumes"))
    emptied = tuple(dict.fromkeys(path for path in (*temporary, *homes) if os.path.isdir(path)))
    shown = places.toolchains(command.variables.get("PATH", ""), homes)
    return Defaults(emptied, (*places.machine_secrets(), *places.home_secrets(homes)), shown)
