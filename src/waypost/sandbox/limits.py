"""What a command and its descendants may use together: set before it starts where the kernel can, else watched."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from waypost.sandbox.processes import Process
from waypost.sandbox.walls import GIBIBYTE, Limits

_BLOCK = 512
_NOT_ONLY_PROCESSES = 4
"""RLIMIT_NPROC counts threads too, so the kernel's bound, a backstop, is this many times ours."""
_NOT_ONLY_RESIDENT = 2
"""RLIMIT_DATA counts what was never touched, so the kernel's bound, for each process, is this many times ours."""
_BETWEEN_LOOKS = 0.3


def size(number: int) -> str:
    """A size in bytes, for people: "8 GiB"."""
    for unit, name in ((GIBIBYTE, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit} {name}"
    return f"{number} bytes"


def for_kernel(limits: Limits, user_has: int | None) -> dict[int, int]:
    """The limits that the kernel holds for each process, by resource: those that a process may still set here.

    `user_has` is how many processes and threads its user has already in this user namespace, None where that is not
    known: RLIMIT_NPROC counts them all, and does not bind root.
    """
    import resource

    wanted = {resource.RLIMIT_CORE: 0}
    if limits.file_size is not None:
        wanted[resource.RLIMIT_FSIZE] = limits.file_size
    if limits.memory is not None and sys.platform == "linux":
        wanted[resource.RLIMIT_DATA] = _NOT_ONLY_RESIDENT * limits.memory
    if limits.processes is not None and user_has is not None:
        wanted[resource.RLIMIT_NPROC] = user_has + _NOT_ONLY_PROCESSES * limits.processes
    return {kind: _at_most(value, kind) for kind, value in wanted.items()}


def _at_most(wanted: int, kind: int) -> int:
    """Raising a limit above the hard one that we have ourselves would fail."""
    import resource

    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def users_threads() -> int:
    """How many processes and threads this user has on the machine."""
    if sys.platform != "linux":
        return _users_processes()
    user, total = os.getuid(), 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            try:
                if entry.name.isdigit() and entry.stat().st_uid == user:
                    total += int(Path(f"/proc/{entry.name}/stat").read_bytes().rpartition(b")")[2].split()[17])
            except (OSError, IndexError):
                continue  # gone meanwhile
    return total


def _users_processes() -> int:
    import psutil

    total = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # gone meanwhile
            total += process.uids().real == os.getuid()
    return total


def as_shell(limits: Limits, user_has: int | None) -> str:
    """The limits as commands for sh (POSIX: sizes of files in 512 bytes); see `for_kernel`."""
    import resource

    held = for_kernel(limits, user_has)
    words = ["ulimit -c 0"]
    if (file_size := held.get(resource.RLIMIT_FSIZE)) is not None:
        words.append(f"ulimit -f {file_size // _BLOCK}")
    if (data := held.get(resource.RLIMIT_DATA)) is not None:
        words.append(f"ulimit -d {data >> 10}")
    if (count := held.get(resource.RLIMIT_NPROC)) is not None:
        words.append(f"{{ ulimit -u {count} || ulimit -p {count}; }} 2>/dev/null")
    return "; ".join(words) + "; "


def limited_by_shell(limits: Limits) -> tuple[str, ...]:
    """The words that hold the command after them to the limits, in the machine's sh and for this user."""
    user_has = users_threads() if os.geteuid() else None
    return ("/bin/sh", "-c", as_shell(limits, user_has) + 'exec "$@"', "sh")


class Watch:
    """Looks now and then whether a command breaks its limits.

    Often asked, it looks rarely: at all processes of the command every 0.3 s, and whenever the machine has got more
    of them than the command may have.
    """

    def __init__(
        self, limits: Limits, living: Callable[[int | None], list[Process]], private: Iterable[str] = ()
    ) -> None:
        self._limits = limits
        self._living = living
        self._private = tuple(private)
        self._most = None if limits.processes is None else limits.processes + 1
        self._at_start = _of_machine()
        self._looked = time.monotonic()

    def broken(self, *, now: bool = False) -> str:
        """See `exceeded`; with `now` it looks in any case."""
        most = self._limits.processes
        crowded = most is not None and _of_machine() - self._at_start > most // 2
        if not (now or crowded) and time.monotonic() - self._looked < _BETWEEN_LOOKS:
            return ""
        found = exceeded(self._limits, self._living(self._most), self._private)
        self._looked = time.monotonic()
        return found


def _of_machine() -> int:
    """How many processes and threads the machine has; 0 where that is not told."""
    if sys.platform != "linux":
        return 0
    fields = Path("/proc/loadavg").read_bytes().split()
    return int(fields[3].rpartition(b"/")[2])


def exceeded(limits: Limits, found: list[Process], private: Iterable[str] = ()) -> str:
    """Which limit the processes break, as in "memory (8 GiB)"; empty if none.

    Memory is the sum of what each holds alone and its share of the rest (PSS, swap), and what lies in the
    `private` folders of memory that only they see.
    """
    if limits.processes is not None and len(found) > limits.processes:
        return f"processes ({limits.processes})"
    if limits.memory is not None and _uses_more(limits.memory, found, private):
        return f"memory ({size(limits.memory)})"
    return ""


def _uses_more(limit: int, found: list[Process], private: Iterable[str]) -> bool:
    stored = _stored(found[0].pid, private) if found else 0
    resident = sum(_resident(process.pid) for process in found)
    # Exact sums cost milliseconds a process; sums of resident pages, never too small but for swap, cost nothing.
    if stored + resident <= limit // 2:
        return False
    return stored + sum(_share(process.pid) for process in found) > limit


def _resident(pid: int) -> int:
    if sys.platform != "linux":
        return _resident_elsewhere(pid)
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0  # gone meanwhile


def _resident_elsewhere(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0  # gone meanwhile


def _share(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
    except OSError:
        return _resident(pid)
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith((b"Pss:", b"SwapPss:")))


def _stored(pid: int, private: Iterable[str]) -> int:
    total = 0
    for folder in private:
        try:
            status = os.statvfs(f"/proc/{pid}/root{folder}")
        except OSError:
            continue  # the process is gone, or the folder is not in its view
        total += (status.f_blocks - status.f_bfree) * status.f_frsize
    return total
