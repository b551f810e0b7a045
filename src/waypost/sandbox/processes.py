"""Finding a command's processes by its mark or session, and ending them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from waypost.sandbox.sandbox import MARK, SandboxError

_PROC = Path("/proc")
_GIVE_UP_AFTER = 30.0
_LONGEST_NAME = 120
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Process:
    """A living process; `started` tells it from a later one with the same id. `group` and `session` are ids."""

    pid: int
    started: float
    command: str
    group: int = field(default=0, compare=False)
    session: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose processes are looked for: those whose mark equals (or begins with) `mark`, or of a session."""

    mark: str
    whole: bool = True
    sessions: frozenset[int] = frozenset()

    def holds(self, environ: bytes) -> bool:
        """Whether an environment block (`name=value`, each ended by NUL) carries the mark."""
        wanted = f"\0{MARK}={self.mark}".encode(errors="surrogateescape")
        return wanted + (b"\0" if self.whole else b"") in b"\0" + environ + b"\0"


def _read(pid: int, name: str) -> bytes:
    """A file of a process; empty if the process is gone or somebody else's."""
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def living(pid: int) -> Process | None:
    """A process by its id, as /proc tells it; None if it has ended."""
    stat = _alive(pid)
    return _told(pid, stat) if stat else None


def _alive(pid: int) -> list[bytes]:
    """What /proc/PID/stat says behind the name (proc_pid_stat(5)); nothing of what is dead or a zombie."""
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return [] if len(stat) < 20 or stat[0] in {b"Z", b"X"} else stat


def _told(pid: int, stat: list[bytes]) -> Process:
    return Process(pid, float(stat[19]), _command(pid), int(stat[2]), int(stat[3]))


def _command(pid: int) -> str:
    command = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
    return command[:_LONGEST_NAME] or _read(pid, "comm").decode(errors="replace").strip()


def _look(pid: int, wanted: Wanted) -> Process | None:
    stat = _alive(pid)
    if not stat or not (int(stat[3]) in wanted.sessions or wanted.holds(_read(pid, "environ"))):
        return None
    return _told(pid, stat)


def _look_elsewhere(wanted: Wanted) -> Iterator[Process]:
    """The same without /proc."""
    import psutil

    for process in psutil.process_iter():
        try:
            environ = "".join(f"{name}={value}\0" for name, value in process.environ().items())
            group, session = os.getpgid(process.pid), os.getsid(process.pid)
            found = session in wanted.sessions or wanted.holds(environ.encode())
            if process.status() == psutil.STATUS_ZOMBIE or not found:
                continue
            command = " ".join(process.cmdline())[:_LONGEST_NAME] or process.name()
            yield Process(process.pid, process.create_time(), command, group, session)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or somebody else's


def every_pid() -> list[int]:
    """The ids of all processes that /proc shows."""
    with os.scandir(_PROC) as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]


def find(wanted: Wanted, pids: Iterable[int] | None = None, most: int | None = None) -> list[Process]:
    """The wanted processes among `pids` (without them: among all), never this one; the first `most` of them."""
    if sys.platform != "linux":
        return list(islice((one for one in _look_elsewhere(wanted) if one.pid != os.getpid()), most))
    looked = (_look(pid, wanted) for pid in (every_pid() if pids is None else pids) if pid != os.getpid())
    return list(islice((one for one in looked if one is not None), most))


def send(process: Process, number: signal.Signals) -> None:
    """Signals a process, and surely not a later one with the same id."""
    try:
        if sys.platform != "linux":
            os.kill(process.pid, number)
            return
        descriptor = os.pidfd_open(process.pid)
        try:
            stat = _read(process.pid, "stat").rpartition(b")")[2].split()
            if len(stat) > 19 and float(stat[19]) == process.started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
    except (ProcessLookupError, PermissionError):
        return  # gone meanwhile, or no longer ours (setuid): nothing more can be done about it


def kill_each(found: list[Process]) -> None:
    """SIGKILL to each. All are stopped first: who stands still can't fork."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in found:
            send(process, number)


def kill_groups(found: list[Process], spared: int = 0) -> None:
    """SIGKILL to each and to their groups but `spared`: at one blow, also to what was not found yet."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for group in {process.group for process in found} - {0, os.getpgrp(), spared}:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
    kill_each(found)


def ending(
    search: Callable[[], list[Process]],
    grace: float,
    ended: dict[int, Process] | None = None,
    kill: Callable[[list[Process]], None] = kill_each,
) -> Iterator[float]:
    """Ends all that `search` finds, again and again until it finds none: SIGTERM, after `grace` `kill`.

    Yields the seconds to wait between two looks, so that callers wait in their own way; `ended` collects
    what was found. Raises SandboxError after half a minute more, for what even SIGKILL doesn't end.
    """
    begun, pause, asked = time.monotonic(), 0.001, set[Process]()
    while found := search():
        waited = time.monotonic() - begun
        if waited > grace + _GIVE_UP_AFTER:
            named = "; ".join(f"{process.pid} ({process.command})" for process in found[:_MOST_NAMED])
            raise SandboxError(
                f"{len(found)} processes are not ended by SIGKILL, for {_GIVE_UP_AFTER:.0f} s: {named}; they wait for "
                "a device, or are another user's: end them by hand"
            )
        if ended is not None:
            ended.update((process.pid, process) for process in found)
        if waited >= grace:
            kill(found)
        else:
            for process in found:
                if process not in asked:
                    send(process, signal.SIGTERM)
            asked.update(found)
        yield pause
        pause = min(2 * pause, 0.05)
