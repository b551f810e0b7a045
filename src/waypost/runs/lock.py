"""One process a run: a lock that the kernel lets go of when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from waypost.runs.project import STATE, RunError


class RunBusy(RunError):
    """Another process works on the run."""


class RunLock:
    """Held while a process works on a run."""

    def __init__(self, root: Path, run: str) -> None:
        """Takes the lock. Raises RunBusy with the holder's process id."""
        folder = root / STATE / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / f"{run}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 20, 0).decode() or "?"
            os.close(self._file)
            raise RunBusy(
                f"run {run} is being worked on by process {holder}; watch it with `waypost status {run} --watch`, "
                f"end it with `waypost stop {run}`"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Lets go of the run."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def holder(root: Path, run: str) -> int | None:
    """The process that works on the run, if one does."""
    path = root / STATE / "runs" / f"{run}.lock"
    if not path.exists():
        return None
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read().decode()
            return int(text) if text.isdigit() else 0
        return None
