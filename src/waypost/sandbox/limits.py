"""What a command and its descendants may use together: set before it starts where the kernel can, else watched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from waypost.sandbox.processes import Process
from waypost.sandbox.walls import GIBIBYTE, Limits

_BLOCK = 512
_NOT_ONLY_PROCESSES = 4
"""RLIMIT_NPROC counts threads too, so the kernel's bound, a backstop, is this many times ours."""


def size(number: int) -> str:
    """A size in bytes, for people: "8 GiB"."""
    for unit, name in ((GIBIBYTE, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit} {name}"
    return f"{number} bytes"


def _at_most(wanted: int, kind: int) -> int:
    """Raising a limit above the hard one that we have ourselves would fail."""
    import resource

    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def as_shell(limits: Limits, *, own_users: bool) -> str:
    """The limits as commands for sh (POSIX: sizes of files in 512 bytes).

    `own_users`: the command has a user namespace of its own, in which RLIMIT_NPROC counts its processes alone.
    """
    import resource

    words = ["ulimit -c 0"]
    if limits.file_size is not None:
        words.append(f"ulimit -f {_at_most(limits.file_size, resource.RLIMIT_FSIZE) // _BLOCK}")
    if limits.memory is not None and sys.platform == "linux":
        words.append(f"ulimit -d {_at_most(limits.memory, resource.RLIMIT_DATA) >> 10}")
    if limits.processes is not None and own_users:
        count = _at_most(limits.processes * _NOT_ONLY_PROCESSES, resource.RLIMIT_NPROC)
        words.append(f"{{ ulimit -u {count} || ulimit -p {count}; }} 2>/dev/null")
    return "; ".join(words) + "; "


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
