"""All the processes of one command: found, and ended together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from waypost.sandbox.processes import Process, Wanted, every_pid, find, kill_each, kill_groups, living

_LOOK_AT_ALL_AFTER = 1.0


class Family(Protocol):
    """The processes that a command started."""

    def living(self, most: int | None = None) -> list[Process]:
        """Those that live, without what only holds them (bubblewrap, a launcher); no more than about `most`."""
        ...

    def kill(self, found: list[Process]) -> None:
        """SIGKILL to `found` and, where one blow reaches all, to all."""
        ...


class Marked:
    """Found by session and environment mark: all but those that both leave the session and wipe the mark."""

    def __init__(self, first: int, mark: str, has_ended: Callable[[], bool]) -> None:
        self._first = first
        self._wanted = Wanted(mark, sessions=frozenset({first}))
        self._has_ended = has_ended
        self._begun = time.monotonic()

    def remember(self, sessions: set[int]) -> None:
        """Sessions that belong to the command too."""
        if not sessions <= self._wanted.sessions:
            self._wanted = replace(self._wanted, sessions=self._wanted.sessions | sessions)

    def living(self, most: int | None = None) -> list[Process]:
        """See Family.living."""
        if sys.platform != "linux":
            return find(self._wanted, most=most)
        # Ids are given in turn, so in a short time all descendants' lie between the first one and the last
        # one given; in a longer time they may have gone round.
        if time.monotonic() - self._begun > _LOOK_AT_ALL_AFTER:
            return find(self._wanted, most=most)
        first, last = self._first, _last_pid()
        if self._has_ended() and last == first:
            return []
        if last < first:
            return find(self._wanted, [pid for pid in every_pid() if pid >= first or pid <= last], most)
        return find(self._wanted, [pid for pid in every_pid() if first <= pid], most)

    def kill(self, found: list[Process]) -> None:
        """See Family.kill."""
        kill_groups(found)


class Spaced:
    """The processes of a process namespace: none can leave it, and all end with its first.

    `outer` is the process outside that made it. If it is `guarded`, the first child of its first process is not the
    command but what waits for it.
    """

    def __init__(self, outer: int, *, guarded: bool) -> None:
        self._outer = outer
        self._first = 0
        self._guard = 0
        self._guarded = guarded

    def living(self, most: int | None = None) -> list[Process]:
        """See Family.living."""
        if not self._find_first():
            return []
        found = (living(pid) for pid in descendants(self._first, most) if pid != self._guard)
        return [process for process in found if process is not None]

    @property
    def first(self) -> int:
        """The namespace's first process; 0 if there is none."""
        return self._first if self._find_first() else 0

    def _find_first(self) -> bool:
        if not self._first:
            self._first = next(iter(children(self._outer)), 0)
        if self._first and self._guarded and not self._guard:
            # Later children of the namespace's first process are orphans of others.
            self._guard = min(children(self._first), default=0, key=_age)
        return bool(self._first)

    def kill(self, found: list[Process]) -> None:
        """See Family.kill. The kernel ends a namespace whose first process was killed, and lets none be forked."""
        target = living(self._first) if self._find_first() else None
        target = target or living(self._outer)
        kill_each([target] if target else found)


class Adopted:
    """The descendants of a launcher that adopts orphans (PR_SET_CHILD_SUBREAPER): no fork gets out of its sight.

    Should the launcher itself be killed, they are found by mark and by the sessions that they were seen in.
    """

    def __init__(self, launcher: int, marked: Marked) -> None:
        self._launcher = launcher
        self._marked = marked

    def living(self, most: int | None = None) -> list[Process]:
        """See Family.living."""
        if living(self._launcher) is None:
            return [process for process in self._marked.living(most) if process.pid != self._launcher]
        looked = (living(pid) for pid in descendants(self._launcher, most))
        found = [process for process in looked if process is not None]
        self._marked.remember({process.session for process in found})
        return found

    def kill(self, found: list[Process]) -> None:
        """See Family.kill."""
        kill_groups(found, spared=self._launcher)


def children(pid: int) -> list[int]:
    """The children of all of a process's threads; empty if it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_bytes().split())
    except OSError:
        return found if Path("/proc/self/task").is_dir() else _children_elsewhere(pid)
    return found


def _children_elsewhere(pid: int) -> list[int]:
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def descendants(pid: int, most: int | None = None) -> list[int]:
    """All that descend from a process, those nearest to it first; the walk ends when more than `most` are found."""
    found: list[int] = children(pid)
    seen = set(found)
    for one in found:  # grows while it is walked
        if most is not None and len(found) > most:
            break
        fresh = [child for child in children(one) if child not in seen]
        seen.update(fresh)
        found += fresh
    return found


def _age(pid: int) -> tuple[float, int]:
    process = living(pid)
    return (process.started if process else float("inf"), pid)


def _last_pid() -> int:
    """The id that was given last, as /proc tells it; 0 if it doesn't."""
    fields = Path("/proc/loadavg").read_bytes().split()
    return int(fields[-1]) if fields else 0
