"""Hashes of files, kept for as long as the files stay what they are."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when a file does: its identity, size and times (nanoseconds; `changed` can't be set by hand)."""

    device: int
    inode: int
    kind: int
    size: int
    modified: int
    changed: int


def mark(path: str | Path) -> Mark | None:
    """The mark of what lies there, a link's own and not its aim's; None where nothing does."""
    try:
        seen = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    kind = stat.S_IFMT(seen.st_mode)
    return Mark(seen.st_dev, seen.st_ino, kind, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a regular file, or of where a link points; "" where there is neither.

    Links are not followed and pipes not opened: the file may lie where an agent writes.
    """
    found = mark(path)
    return _sha256(str(path), found) if found else ""


@lru_cache(maxsize=REMEMBERED)
def _sha256(path: str, found: Mark) -> str:
    if found.kind == stat.S_IFLNK:
        return hashlib.sha256(b"link:" + bytes(Path(path).readlink())).hexdigest()
    if found.kind != stat.S_IFREG:
        return ""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - pathlib opens no descriptor
        return hashlib.file_digest(file, "sha256").hexdigest()
