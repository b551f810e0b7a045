"""Runs commands in namespaces of their own, with bubblewrap.

What is shown lies read-only under the machine's own root. All of homes, /tmp, /var/tmp, /run and /dev/shm is empty
and the command's alone. When its first process ends, what else it started is named and ended: nothing leaves the
process namespace, and the namespace dies with this runtime.

bubblewrap makes the namespaces and mounts what comes from outside. What only covers something that is shown already,
which is most, the warm launcher mounts after it (see `covering`), before the command starts: bubblewrap reads the table
of all mounts again for every bind. Where the kernel does not let it, bubblewrap does that too.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from shutil import which

from waypost.sandbox import places
from waypost.sandbox.control import Control, started_by_shell
from waypost.sandbox.keeping import Keeping
from waypost.sandbox.launcher import Launcher
from waypost.sandbox.limits import as_shell
from waypost.sandbox.mounts import PLACEHOLDER, Defaults, Kind, Mount, View, parted, view
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.running import run_to_its_end
from waypost.sandbox.sandbox import Command, Outcome, SandboxError, SpawnError
from waypost.sandbox.spares import Spares
from waypost.sandbox.starting import Holder, NotCovered, Start, program
from waypost.sandbox.walls import Level, Walls

_NEEDS = (0, 5)
_HAS_SIZES = (0, 7)
_HAS_ATTRIBUTES = (5, 12)
_SHARED_MEMORY = "/dev/shm"
_FOR_LOADERS = ("LD_", "GCONV_PATH", "LOCPATH")
_COVERS = {Kind.ANCHOR: "shown", Kind.VISIBLE: "closed", Kind.READ_ONLY: "closed", Kind.HIDDEN: "hidden"}


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

    def __init__(self, tool: Tool | None = None, launcher: Launcher | None = None) -> None:
        # First: it starts while the rest is looked at.
        self.launcher = (launcher or Launcher()) if _can_cover() else None
        self._tool = tool or find_tool()
        self._plain = PlainSandbox()
        self._spares = Spares(PLACEHOLDER)

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
        seen = view(command.walls, _defaults(command, command.walls))
        with Keeping(seen.links, self._spares) as keeping:
            if self.launcher is not None:
                with suppress(NotCovered):
                    return await self._covered(self.launcher, command, seen, keeping, on_started)
                self.launcher = None  # the kernel, or what confines this process, does not let it
            keeping.hold(seen.missing)
            return await run_to_its_end(command, self._start(command, seen, seen.mounts, None), on_started)

    async def _covered(
        self,
        launcher: Launcher,
        command: Command,
        seen: View,
        keeping: Keeping,
        on_started: Callable[[int], None] | None,
    ) -> Outcome:
        first, later = parted(seen)
        keeping.hold(mount.path for mount in first if mount.path in seen.missing)
        with ExitStack() as stack:
            covering = None
            if later:
                covering = Covering(launcher, keeping, later, frozenset(seen.missing))
                stack.callback(covering.close)
            return await run_to_its_end(command, self._start(command, seen, first, covering), on_started)

    def _start(self, command: Command, seen: View, mounts: tuple[Mount, ...], covering: Covering | None) -> Start:
        walls = command.walls or Walls(())
        network = walls.network
        variables = {**command.variables, **(network.variables if network else {})}
        # What tells the loader to take other libraries is for the command alone, not for what builds its walls.
        loading = {name: variables.pop(name) for name in tuple(variables) if name.startswith(_FOR_LOADERS)}
        limits = as_shell(walls.limits, user_has=0)
        return Start(
            argv=(
                *(network.enter if network else ()),
                self._tool.path,
                *_namespaces(walls),
                *self._mounts(mounts, frozenset(seen.missing), walls),
                *("--chdir", "/", "--"),
                *started_by_shell(os.path.realpath(command.folder), limits, waits=covering is not None),
                *(("/usr/bin/env", *(f"{name}={value}" for name, value in loading.items())) if loading else ()),
                program(command),
                *command.argv[1:],
            ),
            variables=variables,
            holder=Holder.NAMESPACE,
            limits=walls.limits,
            private=(*(mount.path for mount in seen.mounts if mount.kind is Kind.EMPTY), _SHARED_MEMORY),
            walls=covering,
        )

    def _mounts(self, mounts: tuple[Mount, ...], missing: frozenset[str], walls: Walls) -> Iterator[str]:
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc")
        yield from self._memory(_SHARED_MEMORY, walls.limits.memory, "1777")
        for mount in mounts:
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


class Covering:
    """The mounts that the launcher makes in bubblewrap's namespace, see Meanwhile."""

    def __init__(
        self, launcher: Launcher, keeping: Keeping, mounts: tuple[Mount, ...], missing: frozenset[str]
    ) -> None:
        self._launcher = launcher
        self._keeping = keeping
        self._mounts = mounts
        self._missing = missing
        self._wake = -1
        self._control: Control | None = None

    def begin(self, first: int, control: Control) -> None:
        """See Meanwhile.begin: puts what is missing, and has a process wait that will mount."""
        self._keeping.hold(mount.path for mount in self._mounts if mount.path in self._missing)
        asked = [(mount.path, _COVERS[mount.kind]) for mount in self._mounts]
        read_end, self._wake = os.pipe()
        self._control = control
        try:
            self._launcher.ask("cover", {"outer": first, "mounts": asked}, (control.theirs, control.ours, read_end))
        finally:
            os.close(read_end)

    def finish(self) -> None:
        """See Meanwhile.finish."""
        try:
            os.write(self._wake, b"g")
        except BrokenPipeError:
            if self._control is not None:
                self._control.refuse("covering: what was to mount was killed")

    def close(self) -> None:
        """Lets go of a process that still waits."""
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1


def _can_cover() -> bool:
    """Whether the kernel is new enough for `covering`."""
    version = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return sys.platform == "linux" and version >= _HAS_ATTRIBUTES


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
