"""Finding a command's processes by its mark or session, and ending them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from waypost.sandbox.sandbox import MARK

_PROC = Path("/proc")
_GIVE_UP_AFTER = 5.0
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Process:
    """A living process; `started` tells it from a later one with the same id."""

    pid: int
    started: float
    command: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose processes are looked for: those whose mark equals (or begins with) `mark`, or of a session."""

    mark: str
    whole: bool = True
    session: int | None = None

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
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    if len(stat) < 20 or stat[0] in {b"Z", b"X"}:
        return None
    return Process(pid, float(stat[19]), _command(pid))


def _command(pid: int) -> str:
    command = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
    return command[:_LONGEST_NAME] or _read(pid, "comm").decode(errors="replace").strip()


def _look(pid: int, wanted: Wanted) -> Process | None:
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    if len(stat) < 20 or stat[0] in {b"Z", b"X"}:
        return None
    of_session = wanted.session is not None and int(stat[3]) == wanted.session
    if not of_session and not wanted.holds(_read(pid, "environ")):
        return None
    return Process(pid, float(stat[19]), _command(pid))


def _look_elsewhere(wanted: Wanted) -> Iterator[Process]:
    """The same without /proc."""
    import psutil

    for process in psutil.process_iter():
        try:
            environ = "".join(f"{name}={value}\0" for name, value in process.environ().items())
            of_session = wanted.session is not None and os.getsid(process.pid) == wanted.session
            if process.status() == psutil.STATUS_ZOMBIE or not (of_session or wanted.holds(environ.encode())):
                continue
            command = " ".join(process.cmdline())[:_LONGEST_NAME] or process.name()
            yield Process(process.pid, process.create_time(), command)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or somebody else's


def every_pid() -> list[int]:
    """The ids of all processes that /proc shows."""
    with os.scandir(_PROC) as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]


def find(wanted: Wanted, pids: Iterable[int] | None = None) -> list[Process]:
    """The wanted processes among `pids` (without them: among all), never this one."""
    if sys.platform != "linux":
        return [process for process in _look_elsewhere(wanted) if process.pid != os.getpid()]
    looked = (_look(pid, wanted) for pid in (every_pid() if pids is None else pids) if pid != os.getpid())
    return [process for process in looked if process is not None]


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
    """SIGKILL to each."""
    for process in found:
        send(process, signal.SIGKILL)


def ending(
    search: Callable[[], list[Process]],
    grace: float,
    ended: dict[int, Process] | None = None,
    kill: Callable[[list[Process]], None] = kill_each,
) -> Iterator[float]:
    """Ends all that `search` finds, again and again until it finds none: SIGTERM, after `grace` `kill`.

    Yields the seconds to wait between two looks, so that callers wait in their own way; `ended` collects
    what was found. Gives up after five seconds more, on what even SIGKILL doesn't end.
    """
    begun, pause, asked = time.monotonic(), 0.001, set[Process]()
    while found := search():
        waited = time.monotonic() - begun
        if waited > grace + _GIVE_UP_AFTER:
            return
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
