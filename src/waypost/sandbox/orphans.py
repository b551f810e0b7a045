"""What the commands of a killed run left behind: found by their marks, and ended before a run goes on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from waypost.sandbox.processes import Process, Wanted, ending, find

_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process that outlived the run that started it."""

    pid: int
    command: str


def _parent(pid: int) -> int:
    import psutil

    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def _own_line() -> set[int]:
    """This process and its ancestors: a resume that an agent's own command started must not end itself."""
    line, pid = set[int](), os.getpid()
    while pid > 0 and pid not in line:
        line.add(pid)
        pid = _parent(pid)
    return line


def _search(prefix: str) -> list[Process]:
    if not prefix:
        raise ValueError("an empty prefix would find the processes of every run; give `<run>/`")
    found = find(Wanted(prefix, whole=False))
    if not found:
        return []
    spared = _own_line()
    return [process for process in found if process.pid not in spared]


def find_marked(prefix: str) -> list[Orphan]:
    """The living processes whose mark begins with `prefix` (`<run>/`), neither this one nor its ancestors."""
    return [Orphan(process.pid, process.command) for process in _search(prefix)]


def end_marked(prefix: str) -> list[Orphan]:
    """Ends all that find_marked finds (SIGTERM, two seconds, SIGKILL) and says what was ended.

    Raises SandboxError for what can't be ended.
    """
    ended: dict[int, Process] = {}
    for pause in ending(lambda: _search(prefix), _GRACE, ended):
        time.sleep(pause)
    return [Orphan(process.pid, process.command) for process in ended.values()]
