"""Which files of a root are to be indexed, each with its stamp; the others are counted by reason.

In a git work tree these are the files that git tracks or would add; elsewhere the folders are walked, with the
meaning that git gives to `.gitignore`. `.waypostignore` weighs in both. Nothing outside of the root is looked at.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from waypost.index.contents import LARGEST, Content, Stamp, read, stamp_of
from waypost.index.ignoring import (
    DERIVED_FOLDERS,
    GIT_RULES,
    OWN_RULES,
    STATE_FOLDERS,
    Ignoring,
    is_secret,
    read_rules,
)
from waypost.index.listing import listed_by_git

LARGEST_RULES = 1_000_000
"""Bytes of an ignore file that are read."""
DEEPEST = 40
"""Folders around a submodule that is looked into."""


@dataclass(slots=True)
class Scan:
    """What was found: stamps by path, and how many files each reason left out."""

    files: dict[str, Stamp] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    by_git: bool = False


def scan(root: Path, largest: int = LARGEST) -> Scan:
    """Looks at every file once. Files that vanish meanwhile are passed over."""
    listed = listed_by_git(root)
    found = Scan(by_git=listed is not None)
    if listed is None:
        _walk(root, found, largest)
    else:
        _look_at(root, listed, found, largest)
    return found


def own_rules(root: Path, folders: set[str], *names: str) -> Ignoring:
    """The rules of the ignore files of these names in these folders."""
    ignoring = Ignoring()
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in sorted(folders):
            for name in names:
                _take_rules(place, folder, name, ignoring)
    finally:
        os.close(place)
    return ignoring


def _take_rules(root: int, folder: str, name: str, ignoring: Ignoring) -> None:
    content = read(root, f"{folder}/{name}" if folder else name, LARGEST_RULES)
    if isinstance(content, Content):
        ignoring.add(folder, read_rules(content.data.decode("utf-8", "replace")))


def around(path: str) -> Iterator[str]:
    """The folders around a path, innermost first; the last is the root, `""`."""
    while path:
        path = path.rpartition("/")[0]
        yield path


# --- a list that git made ---------------------------------------------------------------------------------------------


def _look_at(root: Path, paths: list[str], found: Scan, largest: int) -> None:
    """Looks at what git listed for the root, or for a submodule in it, whose files are a part of the tree."""
    folders = {path.rpartition("/")[0] for path in paths}
    ignoring = own_rules(root, {outer for folder in folders for outer in (folder, *around(folder))}, OWN_RULES)
    place = f"{root}/"
    for path in paths:
        reason = named_reason(path) or ("ignored" if ignoring.is_ignored(path) else None)
        if path.endswith("/"):
            reason = "repository within"
        if reason is not None:
            found.left_out[reason] += 1
            continue
        try:
            status = os.lstat(place + path)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            _look_into(root, path, found, largest)
        else:
            _take(path, status, found, largest)


def _look_into(root: Path, module: str, found: Scan, largest: int) -> None:
    place = root / module
    listed = listed_by_git(place) if (place / ".git").exists() and module.count("/") < DEEPEST else None
    if listed is None:
        found.left_out["submodule without files"] += 1
    else:
        _look_at(root, [f"{module}/{path}" for path in listed], found, largest)


def named_reason(path: str) -> str | None:
    """Why a path is left out whatever the rules say: `name`, `state` or `secrets`; else None."""
    if not path.isascii() and any("\ud800" <= character <= "\udfff" for character in path):
        return "name"
    if is_secret(path):
        return "secrets"
    if any(folder in STATE_FOLDERS for folder in path.split("/")[:-1]):
        return "state"
    return None


def _take(path: str, status: os.stat_result, found: Scan, largest: int) -> None:
    if stat.S_ISLNK(status.st_mode):
        found.left_out["symbolic link"] += 1
    elif not stat.S_ISREG(status.st_mode):
        found.left_out["not a regular file"] += 1
    elif status.st_size > largest:
        found.left_out["too large"] += 1
    else:
        found.files[path] = stamp_of(status)


# --- an own walk ----------------------------------------------------------------------------------------------------


def _walk(root: Path, found: Scan, largest: int) -> None:
    ignoring = Ignoring()
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            waiting += _walk_folder(root, place, folder, ignoring, found, largest)
    finally:
        os.close(place)


def _walk_folder(root: Path, place: int, folder: str, ignoring: Ignoring, found: Scan, largest: int) -> list[str]:
    try:
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except OSError:
        found.left_out["unreadable folder"] += 1
        return []
    names = {entry.name for entry in entries}
    for name in (GIT_RULES, OWN_RULES):
        if name in names:
            _take_rules(place, folder, name, ignoring)
    inner = []
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if _is_walked(entry, path, ignoring, found):
                inner.append(path)
            continue
        reason = named_reason(path) or ("ignored" if ignoring.names(path, is_folder=False) else None)
        if reason is not None:
            found.left_out[reason] += 1
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        _take(path, status, found, largest)
    return inner


def _is_walked(entry: os.DirEntry[str], path: str, ignoring: Ignoring, found: Scan) -> bool:
    if entry.name in STATE_FOLDERS:
        return False
    if entry.name in DERIVED_FOLDERS:
        found.left_out["derived folder"] += 1
        return False
    if ignoring.names(path, is_folder=True):
        found.left_out["ignored folder"] += 1
        return False
    return True
