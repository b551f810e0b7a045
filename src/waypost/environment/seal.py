"""A finished environment's folder is closed to writing: the second wall, behind the sandbox's own.

It holds back no root user; but one who forgot the first wall, and every ordinary one.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def seal(folder: Path) -> None:
    """Takes the right to write from every file and folder below, and from the folder. Links are left alone."""
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            _change(f"{root}/{name}", 0)
        _change(root, 0)


def unseal(folder: Path) -> None:
    """Gives its owner the right to write back to each folder, so that what is in it can be removed."""
    if not folder.is_dir() or folder.is_symlink():
        return
    _change(str(folder), stat.S_IRWXU)
    for root, folders, _ in os.walk(folder):
        for name in folders:
            _change(f"{root}/{name}", stat.S_IRWXU)


def remove(folder: Path) -> None:
    """Removes a folder, closed or not, with all that is in it; nothing where there is none."""
    unseal(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _change(path: str, given: int) -> None:
    """Sets the rights to what they are, without writing, and with those given."""
    before = os.lstat(path)
    if stat.S_ISLNK(before.st_mode):
        return
    after = (stat.S_IMODE(before.st_mode) & ~WRITE) | given
    # a file that another installation shares (uv links from its cache) would be closed there, too
    if stat.S_ISDIR(before.st_mode) or before.st_nlink == 1:
        os.chmod(path, after)  # noqa: PTH101 - tens of thousands of files
