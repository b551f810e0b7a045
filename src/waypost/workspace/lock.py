"""A lock that dies with its holders: an orphaned git command keeps it until it ends itself."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waypost.workspace.errors import WorkspaceBusy

PAUSE = 0.005


@contextmanager
def locked(file: Path, patience: float) -> Iterator[int]:
    """Holds the file's lock and gives its descriptor; whoever inherits that holds the lock as well.

    Raises WorkspaceBusy where another still holds it after `patience` seconds.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise WorkspaceBusy(f"{file}: another process works on this worktree; wait for it or end it")
            time.sleep(PAUSE)
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
