"""Removing folders without waiting for the disk, which works when the last one who knows them lets go of them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

_KNOW = getattr(os, "O_PATH", os.O_RDONLY | os.O_NONBLOCK) | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: Path) -> None:
    """Removes a small folder with all that is in it, which must be readable. Raises OSError."""
    held: list[int] = []
    try:
        for place, _, names in os.walk(folder):
            held.append(os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            above = held[-1]
            held += (os.open(name, _KNOW, dir_fd=above) for name in names)
        shutil.rmtree(folder)
    finally:
        close_later(held)


def close_later(descriptors: Iterable[int]) -> None:
    """Closes descriptors in a thread: with what was removed, some disks take two milliseconds each."""
    threading.Thread(target=_close, args=(tuple(descriptors),), daemon=True).start()


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
