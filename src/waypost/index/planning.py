"""What an update has to look at: found by comparing stamps, so that nothing is read that has not changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from waypost.index.analysing import Task
from waypost.index.contents import Stamp, is_racy, stamp_of
from waypost.index.errors import BadQuestion, BadRoot
from waypost.index.ignoring import DERIVED_FOLDERS, GIT_RULES, OWN_RULES
from waypost.index.keeping import kept_digests
from waypost.index.listing import listed_by_git
from waypost.index.rows import Storage
from waypost.index.scanning import around, named_reason, own_rules, scan

FEW = 16
"""Paths that are looked at by themselves; for more of them all files are compared."""


@dataclass(slots=True)
class Plan:
    """Files to look at with the stamps seen, files that are gone, and what the update knows of the whole."""

    tasks: list[Task] = field(default_factory=list)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    wanted: int | None = None  # files that the index should hold; None: it was complete, and only some were looked at
    left_out: Counter[str] | None = None
    by_git: bool = False


def plan_for_all(root: Path, store: Storage, largest: int) -> Plan:
    """Compares every file of the root with what is stored. Raises BadRoot."""
    try:
        found = scan(root, largest)
    except OSError as problem:
        raise BadRoot(f"{root}: can't be read: {problem.strerror}") from problem
    plan = Plan(wanted=len(found.files), left_out=found.left_out, by_git=found.by_git)
    stored = store.connection.execute(
        "SELECT path, mtime_ns, ctime_ns, size, inode, read_ns, digest, left_out FROM files"
    )
    unseen = dict(found.files)
    for path, mtime, ctime, size, inode, read_ns, digest, left_out in stored:
        stamp = unseen.pop(path, None)
        if stamp is None:
            plan.gone.append(path)
        elif is_racy(stamp, read_ns) or stamp != (mtime, ctime, size, inode):
            plan.tasks.append(Task(path, digest if left_out is None else b""))
            plan.stamps[path] = stamp
    plan.tasks += [Task(path) for path in sorted(unseen)]
    plan.stamps.update(unseen)
    return _with_kept(plan, store)


def _with_kept(plan: Plan, store: Storage) -> Plan:
    if plan.tasks:
        kept = kept_digests(store.connection)
        if kept:
            plan.tasks = [task._replace(kept=kept.get(task.path, ())) for task in plan.tasks]
    return plan


def plan_for(root: Path, store: Storage, largest: int, paths: Sequence[str]) -> Plan | None:
    """Looks at these paths only; None where that can't tell all that changed, and everything has to be compared."""
    if len(paths) > FEW or not store.meta("complete"):
        return None
    plan = Plan()
    new = []
    for path in dict.fromkeys(paths):
        if path.rpartition("/")[2] in {GIT_RULES, OWN_RULES}:
            return None
        row = store.connection.execute("SELECT digest, left_out FROM files WHERE path = ?", (path,)).fetchone()
        found = _found(root, path)
        if isinstance(found, str) or (row is None and _is_folder_of_some(store, path)):
            return None
        if found is None:
            plan.gone += [path] if row else []
        elif row is None:
            new.append(path)
            plan.stamps[path] = found
        else:
            plan.tasks.append(_task(store, path, row[0] if row[1] is None else b""))
            plan.stamps[path] = found
    if new:
        wanted = _wanted(root, new, bool(store.meta("by_git")))
        if wanted is None:
            return None
        plan.tasks += [_task(store, path) for path in wanted if plan.stamps[path].size <= largest]
    return plan


def _task(store: Storage, path: str, digest: bytes = b"") -> Task:
    kept = store.connection.execute("SELECT digest FROM kept WHERE path = ?", (path,))
    return Task(path, digest, tuple(row[0] for row in kept))


def _found(root: Path, path: str) -> Stamp | str | None:
    """A regular file's stamp, None for what is no file of the tree, and `folder` for a folder."""
    import stat

    for folder in around(path):
        if folder and (root / folder).is_symlink():
            return None
    try:
        status = os.lstat(f"{root}/{path}")
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    return stamp_of(status) if stat.S_ISREG(status.st_mode) else None


def _is_folder_of_some(store: Storage, path: str) -> bool:
    return store.connection.execute("SELECT 1 FROM directories WHERE path = ?", (path,)).fetchone() is not None


def _wanted(root: Path, paths: list[str], by_git: bool) -> list[str] | None:
    """Those of the new paths that belong to the index; None where another repository has a say."""
    paths = [path for path in paths if named_reason(path) is None]
    folders = {folder for path in paths for folder in around(path)}
    if any(folder and os.path.lexists(f"{root}/{folder}/.git") for folder in folders):
        return None
    if by_git and paths:
        paths = [path for path in listed_by_git(root, paths) or [] if path in set(paths)]
        rules = own_rules(root, folders, OWN_RULES)
    else:
        paths = [path for path in paths if not DERIVED_FOLDERS.intersection(path.split("/")[:-1])]
        rules = own_rules(root, folders, GIT_RULES, OWN_RULES)
    return [path for path in paths if not rules.is_ignored(path)]


def relative(root: Path, paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Paths as the index names them. Raises BadQuestion for one that lies outside of the root."""
    found = []
    for path in paths:
        whole = os.path.normpath(root / path)
        if not whole.startswith(f"{str(root).rstrip('/')}/"):
            raise BadQuestion(f"{path}: lies outside of {root}, which is what is indexed")
        found.append(whole[len(str(root).rstrip("/")) + 1 :])
    return found
