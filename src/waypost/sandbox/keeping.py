"""Keeping paths as they are while a command runs: nothing where nothing was, links what they were."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from waypost.sandbox.mounts import PLACEHOLDER, Link, is_placeholder
from waypost.sandbox.sandbox import SpawnError

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def kept(missing: Iterable[str], links: Iterable[Link]) -> Iterator[None]:
    """Puts empty folders, for mounts, where nothing may be created; takes them away when no command needs them.

    Git does not see empty folders, so one that a killed run leaves is harmless; the next command that has it
    among its walls knows it by its mode. Links that were replaced are put back. Raises SpawnError.
    """
    links = tuple(links)
    held: list[tuple[str, int]] = []
    try:
        for path in missing:
            held += _hold(path)
        yield
    finally:
        for path, descriptor in held:
            _release(path, descriptor)
        for link in links:
            _restore(link)


def _hold(path: str) -> list[tuple[str, int]]:
    """Makes a placeholder and shares its lock with other commands, so that only the last one removes it."""
    for _ in range(1000):
        with suppress(FileExistsError):
            _make(path)
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


def _make(path: str) -> None:
    try:
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


def _release(path: str, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_placeholder(path) and os.stat(path).st_ino == os.fstat(descriptor).st_ino:
            os.rmdir(path)
    except BlockingIOError:
        return  # another command needs it still, and removes it
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.ENOTDIR}:
            raise
    finally:
        os.close(descriptor)


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
