"""A deep look: every installed file hashed again, and compared with what its package recorded."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from waypost.environment.packages import STARTUP, metadata_folders, record_lines

# What changes how a program runs, and lies there without being anybody's.
LOADED = (".py", ".pth", ".so", ".dylib", ".pyd")
SHOWN = 200


def damaged(folders: Sequence[Path]) -> tuple[str, ...]:
    """A line for each file that is missing, modified, or extra: Python source and libraries of no package.

    What Python reads at its start and no package installed is in the fingerprint itself, by hash. Only RECORD's
    SHA-256 (and stronger) hashes count. Compiled `.pyc` files have none: they are not looked at.
    """
    lines: list[str] = []
    known: set[str] = set()
    for metadata in metadata_folders(folders):
        record = metadata / "RECORD"
        if record.is_file():
            lines += _mismatches(metadata, record.read_text("utf-8", errors="replace"), known)
    for folder in filter(_is_recorded, folders):
        lines += [f"{path} belongs to no package" for path in _extra(folder, known)]
    more = len(lines) - SHOWN
    return (*lines[:SHOWN], f"and {more} more files") if more > 0 else tuple(lines)


def _mismatches(metadata: Path, record: str, known: set[str]) -> Iterator[str]:
    name = _label(metadata)
    for path, digest in record_lines(record):
        file = os.path.normpath(metadata.parent / path)
        known.add(file)
        if path.endswith(".pyc") or not digest:
            continue
        if not os.path.isfile(file):  # noqa: PTH113 - tens of thousands of files
            yield f"{name}: {path} is missing"
        elif not _is_as_recorded(file, digest):
            yield f"{name}: {path} was modified"


def _is_recorded(folder: Path) -> bool:
    """Whether every package there says which files are its own; a distribution's Python has few that do."""
    metadata = list(metadata_folders([folder]))
    return bool(metadata) and all((each / "RECORD").is_file() for each in metadata)


def _label(metadata: Path) -> str:
    name, _, version = metadata.stem.rpartition("-")
    return f"{name} {version}"


def _is_as_recorded(file: str, digest: str) -> bool:
    algorithm, _, expected = digest.partition("=")
    if algorithm not in {"sha256", "sha384", "sha512"}:
        return False
    with Path(file).open("rb") as opened:
        found = hashlib.file_digest(opened, algorithm).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == expected


def _extra(folder: Path, known: set[str]) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            # a .pyc outside of __pycache__ is imported without its source
            path = os.path.relpath(f"{root}/{name}", folder)
            if name.endswith((*LOADED, ".pyc")) and f"{root}/{name}" not in known and not STARTUP.fullmatch(path):
                yield path
