"""Runs commands inside Landlock and seccomp, where user namespaces are closed.

Landlock only allows, and what it allows holds for all below: rights to a folder can't be taken back for something in
it. So a folder that holds something protected gets no rights to create, remove or rename, and its other entries get
theirs one by one: next to a protected path nothing new can be made. Emptied folders are closed instead; each command
gets a temporary folder of its own, and a home in it. While the network is off there are Unix sockets alone, so no
loopback inside a command either.

Semaphores and shared memory lie in /dev/shm: root's commands get one of their own, those of an ordinary user the
machine's, if it is empty when they start.

What a command starts can't get away. As root it has a process namespace, which ends as a whole; an ordinary user's
launcher adopts all orphans, and RLIMIT_NPROC keeps a fork bomb from outrunning it. That limit does not bind root, so
root without CAP_SYS_ADMIN does not get this level.

Not kept from commands: times, modes and owners of files that this user owns anywhere; to an ordinary user's, names
(not environments) of the machine's processes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from waypost.sandbox import landlock_rules, places
from waypost.sandbox.launcher import Launcher
from waypost.sandbox.limits import for_kernel, users_threads
from waypost.sandbox.mounts import Defaults, Kind, View, view
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.running import run_to_its_end
from waypost.sandbox.sandbox import Command, Outcome, SandboxError, SpawnError
from waypost.sandbox.slots import Slots
from waypost.sandbox.starting import Holder, Start, program
from waypost.sandbox.walls import Level, Walls

_HAS_SCOPES = 6
_ACCEPTS = "00010000"
"""In /proc/net/unix (unix(7)): the flags of a socket that listens."""
_NEEDS = 3
"""The first version that keeps files outside from being truncated (Linux 6.2)."""
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DEVICES = 1 << 6 | 1 << 11
_TRUNCATE, _CONTROL_DEVICES = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _CONTROL_DEVICES
_SHARED_MEMORY = "/dev/shm"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")


class LandlockMissing(SandboxError):
    """The kernel has no Landlock, or one that is too old."""


class Right(IntEnum):
    """What is allowed below a path."""

    NOTHING = 0
    READ = 1
    WRITE = 2


_RIGHTS = {Kind.EMPTY: Right.NOTHING, Kind.HIDDEN: Right.NOTHING, Kind.WRITABLE: Right.WRITE, Kind.ANCHOR: Right.WRITE}


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allowed at a path and, if it is a folder, below it."""

    path: str
    right: Right
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What is allowed at each thing in a folder, and below it, but for those with the names in `without`."""

    folder: str
    right: Right
    without: tuple[str, ...]


def grants(seen: View) -> Iterator[Grant | Listing]:
    """The view as allowances that add up downwards: each folder gets what all below it may have."""
    marked = {mount.path: _RIGHTS.get(mount.kind, Right.READ) for mount in seen.mounts}
    marked |= {link.path: min(Right.READ, marked.get(link.path, Right.READ)) for link in seen.links}
    yield from _cover("/", marked.pop("/", Right.READ), Right.NOTHING, marked)


def _cover(path: str, right: Right, inherited: Right, below: dict[str, Right]) -> Iterator[Grant | Listing]:
    least = min(right, *below.values()) if below else right
    is_folder = os.path.isdir(path)
    if least > inherited:
        yield Grant(path, least, is_folder)
    if not below or not is_folder:
        return
    inside, inherited = path.rstrip("/") + "/", max(least, inherited)
    ways: dict[str, dict[str, Right]] = {}
    for place, one in below.items():
        child = inside + place[len(inside) :].split("/", 1)[0]
        ways.setdefault(child, {})[place] = one
    for child, marked in ways.items():
        if os.path.lexists(child) and not os.path.islink(child):
            yield from _cover(child, marked.pop(child, right), inherited, marked)
    if right > inherited:
        yield Listing(path, right, tuple(child[len(inside) :] for child in ways))


class LandlockSandbox:
    """Runs each command with walls inside Landlock, and each without them plainly. Raises LandlockMissing."""

    def __init__(self, launcher: Launcher | None = None) -> None:
        if sys.platform != "linux":
            raise LandlockMissing("Landlock is for Linux")
        # First: it starts while the rest is looked at.
        self.launcher = launcher or Launcher()
        self._abi = landlock_rules.abi()
        if self._abi < _NEEDS:
            raise LandlockMissing(f"the kernel's Landlock has version {self._abi}; at least {_NEEDS} is needed")
        # What newer kernels could hold back besides is not asked of them until it was tried.
        self._handled = (1 << 15) - 1 | (_CONTROL_DEVICES if self._abi >= 5 else 0)
        self._space = os.geteuid() == 0
        if self._space and not _may_set_apart():
            raise LandlockMissing("as root it needs CAP_SYS_ADMIN, for a process namespace; or run as an ordinary user")
        self._plain = PlainSandbox()
        self._slots = Slots()

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.LANDLOCK

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run. HOME and TMPDIR are a folder of the command's own, removed when it has ended."""
        if command.walls is None:
            return await self._plain.run(command, on_started)
        if not command.folder.is_dir():
            raise SpawnError(f"{command.folder}: no such folder to run a command in")
        with self._slots.one() as private:
            walls = replace(command.walls, writable=(*command.walls.writable, private / "tmp", private / "home"))
            start = Start(
                argv=(program(command), *command.argv[1:]),
                variables=_variables(command, walls, private),
                holder=Holder.FIRST if self._space else Holder.ADOPTER,
                limits=walls.limits,
                private=(_SHARED_MEMORY,) if self._space else (),
                launcher=self.launcher,
                request={"slot": str(private), **self._request(command, walls)},
            )
            return await run_to_its_end(command, start, on_started)

    def _request(self, command: Command, walls: Walls) -> dict[str, object]:
        granted: list[tuple[str, int]] = []
        listed: list[tuple[str, int, int, list[str]]] = []
        for one in grants(view(walls, _defaults(command))):
            if isinstance(one, Grant):
                granted.append((one.path, self._bits(one.right, is_folder=one.is_folder)))
            else:
                of_folders, of_others = (self._bits(one.right, is_folder=is_folder) for is_folder in (True, False))
                listed.append((one.folder, of_folders, of_others, list(one.without)))
        devices = _READ_FILE | _WRITE_FILE | _READ_FOLDER | (self._handled & _CONTROL_DEVICES)
        for name in _DEVICES:
            path = f"/dev/{name}"
            granted.append((path, devices if os.path.isdir(path) else devices & ~_READ_FOLDER))
        shared = self._handled & ~(_MAKE_DEVICES | _CONTROL_DEVICES)
        if not self._space and _is_nobodys(_SHARED_MEMORY):
            granted.append((_SHARED_MEMORY, shared))
        network = walls.network is not None or walls.host_network
        return {
            "grants": granted,
            "listed": listed,
            "handled": self._handled,
            "network": network,
            "connect": network or not _may_be_asked(self._abi, walls),
            "abi": self._abi,
            "limits": list(for_kernel(walls.limits, None if self._space else users_threads()).items()),
            "space": self._space,
            "mounts": [
                ("proc", "/proc", "", _READ),
                ("tmpfs", _SHARED_MEMORY, f"mode=1777,size={walls.limits.memory or 0}", shared),
            ],
        }

    def _bits(self, right: Right, *, is_folder: bool) -> int:
        wanted = _READ if right is Right.READ else self._handled & ~(_MAKE_DEVICES | _CONTROL_DEVICES)
        return wanted if is_folder else wanted & _OF_FILES & ~_CONTROL_DEVICES


def _defaults(command: Command) -> Defaults:
    homes = places.homes(command.variables.get("HOME", ""))
    emptied = [os.path.realpath(path) for path in (*places.temporary(), "/dev")]
    shown = [*places.toolchains(command.variables.get("PATH", ""), homes)]
    resolver = os.path.realpath("/etc/resolv.conf")
    if command.walls and command.walls.host_network and os.path.isfile(resolver):
        shown.append(resolver)
    hidden = (*places.machine_secrets(), *places.home_secrets(homes))
    return Defaults((*emptied, *homes), hidden, tuple(shown))


def _may_set_apart() -> bool:
    """Whether this process has CAP_SYS_ADMIN (capabilities(7))."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> 21 & 1)
    return False


def _is_nobodys(folder: str) -> bool:
    """Whether a folder is empty, so that nothing of others is shown with it."""
    try:
        return not os.listdir(folder)
    except OSError:
        return False


def _may_be_asked(abi: int, walls: Walls) -> bool:
    """Whether something on this machine listens on Unix sockets that the command could connect to.

    Landlock does not hold connections to paths: a session bus or a container service would do for the command what it
    may not do itself. Those with names that are no paths are held since version 6.
    """
    inside = [os.path.realpath(path) for path in walls.writable]
    for line in Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if len(fields) < 8 or fields[3] != _ACCEPTS:
            continue
        path = fields[7]
        if path.startswith("@"):
            if abi < _HAS_SCOPES:
                return True
        elif os.access(path, os.W_OK) and not any(places.is_within(os.path.realpath(path), one) for one in inside):
            return True
    return False


def _variables(command: Command, walls: Walls, private: Path) -> dict[str, str]:
    variables = {**command.variables, **(walls.network.variables if walls.network else {})}
    home = variables.get("HOME", "")
    if not any(places.is_within(os.path.realpath(home), os.path.realpath(path)) for path in walls.writable):
        for name, folder in (("RUSTUP_HOME", ".rustup"), ("PYENV_ROOT", ".pyenv"), ("NVM_DIR", ".nvm")):
            if os.path.isdir(f"{home}/{folder}"):
                variables.setdefault(name, f"{home}/{folder}")  # shown, but no longer found from the new home
        variables["HOME"] = str(private / "home")
    return {**variables, "TMPDIR": str(private / "tmp")}
