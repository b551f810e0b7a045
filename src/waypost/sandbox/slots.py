"""Folders of commands' own, with a place for temporary files and a home: lent to one command at a time, and emptied."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_INSIDE = ("tmp", "home")


class Slots:
    """As many folders as there are commands at once. They stay for the next ones, so that their rules can stay too."""

    def __init__(self) -> None:
        self._all: list[Path] = []
        self._free: list[Path] = []
        weakref.finalize(self, _remove, self._all)

    @contextmanager
    def one(self) -> Iterator[Path]:
        """A folder that is nobody else's meanwhile, with an empty `tmp` and `home` in it."""
        folder = self._taken()
        try:
            yield folder
        finally:
            if all(_emptied(folder / name) for name in _INSIDE):
                self._free.append(folder)
            else:
                self._all.remove(folder)
                _remove([folder])

    def _taken(self) -> Path:
        while self._free:
            folder = self._free.pop()
            if all((folder / name).is_dir() for name in _INSIDE):
                return folder  # what sweeps up temporary folders has left it
            self._all.remove(folder)
        folder = Path(tempfile.mkdtemp(prefix="waypost-")).resolve()
        self._all.append(folder)
        for name in _INSIDE:
            (folder / name).mkdir(mode=0o700)
        return folder


def _emptied(folder: Path) -> bool:
    """Whether a folder is as new."""
    try:
        os.chmod(folder, 0o700)
        for name in os.listdir(folder):
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, onerror=_open_and_retry)
            else:
                path.unlink()
    except OSError:
        return False
    return not os.listdir(folder)


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, onerror=_open_and_retry)


def _open_and_retry(function: Callable[..., object], path: str, _: object) -> None:
    """Commands leave folders that even they can't change, as Go's module cache."""
    for closed in (os.path.dirname(path), path):
        if os.path.isdir(closed) and not os.path.islink(closed):
            os.chmod(closed, 0o700)
    if function is os.rmdir or function is os.unlink:
        function(path)
    else:
        shutil.rmtree(path, ignore_errors=True)
