"""Keeping paths as they are while a command runs: nothing where nothing was, links what they were."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from waypost.sandbox.mounts import PLACEHOLDER, Link, is_placeholder
from waypost.sandbox.removing import close_later
from waypost.sandbox.sandbox import SpawnError
from waypost.sandbox.spares import Spares

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Keeping:
    """Holds paths for a command: puts empty folders, for mounts, where nothing may be created.

    Git does not see empty folders, so one that a killed run leaves is harmless; the next command that has it
    among its walls knows it by its mode. They are taken away when no command needs them, and links that were replaced
    are put back.
    """

    def __init__(self, links: Iterable[Link], spares: Spares) -> None:
        self._links = tuple(links)
        self._spares = spares
        self._held: list[tuple[str, int]] = []

    def hold(self, missing: Iterable[str]) -> None:
        """Puts folders at paths. Raises SpawnError."""
        for path in missing:
            self._held += _hold(path, self._spares)

    def release(self) -> None:
        """Takes the folders away; to be called when nothing of the command lives."""
        removed = [descriptor for path, descriptor in self._held if _release(path, descriptor, self._spares)]
        self._held.clear()
        if removed:
            close_later(removed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        for link in self._links:
            _restore(link)


def _hold(path: str, spares: Spares) -> list[tuple[str, int]]:
    """Makes a placeholder and shares its lock with other commands, so that only the last one removes it."""
    for _ in range(1000):
        with suppress(FileExistsError):
            _make(path, spares)
        if not is_placeholder(path):
            if os.path.lexists(path):
                return []  # somebody made it meanwhile; it is mounted read-only as it is
            continue
        with suppress(FileNotFoundError, NotADirectoryError):
            descriptor = os.open(path, _FLAGS)
            if _is_shared(path, descriptor):
                return [(path, descriptor)]
            os.close(descriptor)
    raise SpawnError(f"{path}: is made and removed all the time, so it can't be kept from being created")


def _make(path: str, spares: Spares) -> None:
    try:
        if spares.put(path):
            return
        os.mkdir(path, PLACEHOLDER)
        if stat.S_IMODE(os.lstat(path).st_mode) != PLACEHOLDER:  # the umask took something
            os.chmod(path, PLACEHOLDER)
    except FileExistsError:
        raise
    except OSError as error:
        mend = "make the folder above it writable, or leave it out of what is protected"
        raise SpawnError(f"{path}: can't be kept from being created: {error.strerror}; {mend}") from error


def _is_shared(path: str, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False  # another command is removing it


def _release(path: str, descriptor: int, spares: Spares) -> bool:
    """Takes the folder away if nobody needs it; says whether it was removed, and its descriptor is still open."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = is_placeholder(path) and os.stat(path).st_ino == os.fstat(descriptor).st_ino
        if ours and not spares.take_back(path):
            os.rmdir(path)
            return True
    except BlockingIOError:
        pass  # another command needs it still, and removes it
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.ENOTDIR}:
            os.close(descriptor)
            raise
    os.close(descriptor)
    return False


def _restore(link: Link) -> None:
    """Puts a link back; what stands in its place is kept beside it, for people to judge."""
    with suppress(OSError):
        if os.readlink(link.path) == link.target:
            return
    if not os.path.isdir(os.path.dirname(link.path)):
        return  # its folder is gone as a whole
    if os.path.lexists(link.path):
        os.rename(link.path, f"{link.path}.replaced-{os.urandom(4).hex()}")
    os.symlink(link.target, link.path)
