"""Runs commands in namespaces of their own, with bubblewrap.

What is shown lies read-only under the machine's own root. All of homes, /tmp, /var/tmp, /run and /dev/shm is empty
and the command's alone. When its first process ends, what else it started is named and ended: nothing leaves the
process namespace, and the namespace dies with this runtime.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from shutil import which

from waypost.sandbox import places
from waypost.sandbox.control import started_by_shell
from waypost.sandbox.keeping import kept
from waypost.sandbox.limits import as_shell
from waypost.sandbox.mounts import Defaults, Kind, View, view
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.running import run_to_its_end
from waypost.sandbox.sandbox import Command, Outcome, SandboxError, SpawnError
from waypost.sandbox.starting import Holder, Start, program
from waypost.sandbox.walls import Level, Walls

_NEEDS = (0, 5)
_HAS_SIZES = (0, 7)
_SHARED_MEMORY = "/dev/shm"


class BubblewrapMissing(SandboxError):
    """The machine has no bubblewrap, or one that is too old."""


@dataclass(frozen=True, slots=True)
class Tool:
    """The bubblewrap of this machine."""

    path: str
    version: tuple[int, ...]


def find_tool(path: str | None = None) -> Tool:
    """The bubblewrap on PATH. Raises BubblewrapMissing."""
    if sys.platform != "linux":
        raise BubblewrapMissing("bubblewrap is for Linux")
    found = which("bwrap", path=path)
    if found is None:
        raise BubblewrapMissing("no bwrap on PATH; install bubblewrap (Debian: apt install bubblewrap)")
    told = subprocess.run((found, "--version"), capture_output=True, text=True, check=False, timeout=10).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:3])
    if version < _NEEDS:
        raise BubblewrapMissing(f"{found}: {told.strip() or 'no version'}; at least 0.5 is needed")
    return Tool(found, version)


class BubblewrapSandbox:
    """Runs each command with walls behind bubblewrap, and each without them plainly. Raises BubblewrapMissing."""

    def __init__(self, tool: Tool | None = None) -> None:
        self._tool = tool or find_tool()
        self._plain = PlainSandbox()

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.BUBBLEWRAP

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run.

        An end by signal n and an exit with 128 + n look alike through bubblewrap; both are told as the signal.
        """
        if command.walls is None:
            return await self._plain.run(command, on_started)
        if not command.folder.is_dir():
            raise SpawnError(f"{command.folder}: no such folder to run a command in")
        walls = command.walls
        seen = view(walls, _defaults(command, walls))
        inner = (*started_by_shell(as_shell(walls.limits, user_has=0)), program(command), *command.argv[1:])
        network = walls.network
        start = Start(
            argv=(
                *(network.enter if network else ()),
                self._tool.path,
                *_namespaces(walls),
                *self._mounts(seen, walls),
                "--chdir",
                os.path.realpath(command.folder),
                "--",
                *inner,
            ),
            variables={**command.variables, **(network.variables if network else {})},
            holder=Holder.NAMESPACE,
            limits=walls.limits,
            private=(*(mount.path for mount in seen.mounts if mount.kind is Kind.EMPTY), _SHARED_MEMORY),
        )
        with ExitStack() as stack:
            stack.enter_context(kept(seen.missing, seen.links))
            return await run_to_its_end(replace(command, argv=inner[-len(command.argv) :]), start, on_started)

    def _mounts(self, seen: View, walls: Walls) -> Iterator[str]:
        missing = frozenset(seen.missing)
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc")
        yield from self._memory(_SHARED_MEMORY, walls.limits.memory, "1777")
        for mount in seen.mounts:
            path, kind = mount.path, mount.kind
            if kind is Kind.EMPTY:
                shared = path in places.temporary()
                yield from self._memory(path, walls.limits.memory, "1777" if shared else "0755")
            elif path in missing:
                yield from self._memory(path, 4096, "0555")  # quicker than a bind, and what is put there is lost
            elif kind in {Kind.WRITABLE, Kind.ANCHOR}:
                yield from ("--bind", path, path)
            elif kind in {Kind.VISIBLE, Kind.READ_ONLY}:
                yield from ("--ro-bind", path, path)
            elif os.path.isdir(path):
                yield from (*self._memory(path, 4096, "0555"), "--remount-ro", path)
            else:
                yield from ("--dev-bind", "/dev/null", path)

    def _memory(self, path: str, size: int | None, mode: str) -> Iterator[str]:
        yield from ("--perms", mode)
        if size is not None and self._tool.version >= _HAS_SIZES:
            yield from ("--size", str(size))
        yield from ("--tmpfs", path)


def _namespaces(walls: Walls) -> Iterator[str]:
    # Root may do without: where user namespaces are closed, only root gets the others.
    yield "--unshare-user-try" if os.geteuid() == 0 else "--unshare-user"
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    if walls.network is None and not walls.host_network:
        yield "--unshare-net"
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")


def _defaults(command: Command, walls: Walls) -> Defaults:
    homes = places.homes(command.variables.get("HOME", ""))
    temporary = (os.path.realpath(path) for path in places.temporary())
    emptied = tuple(path for path in (*temporary, *homes) if os.path.isdir(path))
    resolver = os.path.realpath("/etc/resolv.conf")
    shown = places.toolchains(command.variables.get("PATH", ""), homes)
    if walls.host_network and os.path.isfile(resolver):
        shown = (*shown, resolver)
    return Defaults(emptied, (*places.machine_secrets(), *places.home_secrets(homes)), shown)
