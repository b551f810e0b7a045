"""Empty folders in stock: moved to where one is needed and back, which disks do quicker than to make and remove them.

On ext4, whoever makes a folder looks past all that were removed within the last minute, and where freed blocks are
handed back at once (mount option discard), each removal waits for the disk.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_TRIES = 10
_OTHER_DISK = frozenset({errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC})


class Spares:
    """A stock of empty folders of one mode below the folder for temporary files, for places on the same disk."""

    def __init__(self, mode: int) -> None:
        self._mode = mode
        self._stock: list[str] = []
        self._free: list[str] = []
        self._made = 0
        weakref.finalize(self, _remove, self._stock)

    def put(self, path: str) -> bool:
        """Moves a folder to a path; says whether it did. Raises FileExistsError.

        What puts folders there too waits meanwhile, see `_alone`: an empty folder would be replaced.
        """
        with _alone(os.path.dirname(path)) as alone:
            if not alone:
                return False
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            spare = self._taken()
            try:
                os.rename(spare, path)
            except OSError as error:
                self._free.append(spare)
                if error.errno in _OTHER_DISK:
                    return False
                raise
        return True

    def take_back(self, path: str) -> bool:
        """Moves an empty folder into the stock; says whether it did. Nobody else may need it."""
        if not self._stock:
            return False
        spare = self._name()
        try:
            os.rename(path, spare)
        except OSError as error:
            if error.errno in _OTHER_DISK:
                return False
            raise
        if os.listdir(spare):  # somebody put something in at the last moment
            os.rename(spare, path)
            return False
        self._free.append(spare)
        return True

    def _taken(self) -> str:
        if self._free:
            return self._free.pop()
        if not self._stock:
            self._stock.append(tempfile.mkdtemp(prefix="waypost-"))
        spare = self._name()
        os.mkdir(spare)
        os.chmod(spare, self._mode)
        return spare

    def _name(self) -> str:
        self._made += 1
        return f"{self._stock[0]}/{self._made}"


@contextmanager
def _alone(folder: str) -> Iterator[bool]:
    """Whether nobody else who asks so puts something into the folder meanwhile; not, if somebody holds it for long."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.001)
    return False


def _remove(stock: list[str]) -> None:
    for folder in stock:
        shutil.rmtree(folder, ignore_errors=True)
