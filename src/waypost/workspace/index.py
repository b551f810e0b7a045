"""A private index over a work folder: the folder becomes a tree, and a tree becomes the folder.

The folder's own index, HEAD and `.git` play no part, so nothing that happens to them matters here.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from waypost.workspace.errors import GitFailed
from waypost.workspace.git import Git

LARGEST = 50 * 1024 * 1024
TRIES = 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that a checkpoint can't hold, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A folder as a tree: `embedded` are repositories in it that were met for the first time."""

    tree: str
    embedded: tuple[str, ...]
    skipped: tuple[Skipped, ...]


@dataclass(slots=True)
class Found:
    """What differs from the index, sorted by what has to be done about it."""

    update: list[str] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(slots=True)
class PrivateIndex:
    """The index file at `file` for the folder `place`; `git` is guarded git. The caller holds the lock."""

    git: Git
    place: Path
    file: Path
    largest: int = LARGEST
    _known: tuple[tuple[int, int, int], str] | None = None

    def __post_init__(self) -> None:
        variables = {"GIT_WORK_TREE": str(self.place), "GIT_INDEX_FILE": str(self.file)}
        self.git = replace(self.git.with_variables(**variables), folder=self.place)

    def capture(self) -> Captured:
        """Takes the folder's present state, untracked files included and ignored ones left out.

        Files of embedded repositories are taken as plain files (their `.git` is not); submodules that
        `.gitmodules` names stay links. A file that vanishes meanwhile is looked at again.
        """
        embedded: list[str] = []
        for attempt in range(TRIES):
            found = self._look(embedded)
            try:
                self._apply(found)
                break
            except GitFailed:
                if attempt + 1 == TRIES:
                    raise
        return Captured(self.tree(), tuple(path[:-1] for path in embedded), tuple(found.skipped))

    def tree(self) -> str:
        """The tree that the index holds; written only where the index changed since it was last asked."""
        if self._known is None or self._known[0] != self._stamp():
            tree = self.git.run("write-tree").text
            self._known = (self._stamp(), tree)
        return self._known[1]

    def load(self, tree: str) -> None:
        """Makes the index hold a tree, without touching files."""
        self.git.run("read-tree", "--reset", tree)

    def fill(self, tree: str) -> None:
        """Writes a tree into an empty folder, and the index with it."""
        self.git.run("read-tree", "--reset", "-u", tree)

    def check_out(self, tree: str) -> tuple[str, ...]:
        """Makes folder and index equal to a tree; the index must hold the folder's state before.

        Returns the paths that went although no checkpoint held them: they were ignored until now, and are
        not by the tree's own `.gitignore`. What a checkpoint can't hold (too large, unreadable) stays.
        """
        self.git.run("read-tree", "--reset", "-u", tree)
        gone: list[str] = []
        while extra := self._extra():
            for path in extra:
                remove(self.place, path)
            gone.extend(extra)
        return tuple(gone)

    def _extra(self) -> list[str]:
        found = _Sorter(self.place, self.largest).sort(self._list("--others"), set())
        return found.update + [path + ".git" for path in found.embedded]

    def _look(self, admitted: list[str]) -> Found:
        """What has changed, after each embedded repository got a placeholder in the index.

        Git looks into a folder that its index knows, whether it is a repository or not. The placeholder,
        being no file, is listed as deleted by the next look and leaves the index with it.
        """
        sorter, links = _Sorter(self.place, self.largest), self._submodules
        while True:
            listed = self._list("--modified", "--deleted", "--others")
            found = sorter.sort(listed, links() if any(path.endswith("/") for path in listed) else set())
            fresh = [path for path in found.embedded if path not in admitted]
            if not fresh:
                return found
            admitted.extend(fresh)
            blob = "1" * self._id_length()
            lines = (f"100644 {blob}\t{path}.waypost-placeholder" for path in fresh)
            self.git.run("update-index", "-z", "--replace", "--index-info", feed=_joined(lines))

    def _apply(self, found: Found) -> None:
        if found.forget:
            nothing = "0" * self._id_length()
            lines = (f"0 {nothing}\t{path}" for path in found.forget)
            self.git.run("update-index", "-z", "--index-info", feed=_joined(lines))
        if found.update:
            flags = ("-q", "--refresh", "--add", "--remove", "--replace", "-z", "--stdin")
            self.git.run("update-index", *flags, feed=_joined(found.update))
        for path in found.links:
            added = self.git.run("update-index", "--add", "--replace", "--", path, allowed=(0, 1, 128))
            if added.exit:
                found.skipped.append(Skipped(path, "a submodule without a commit"))

    def _submodules(self) -> set[str]:
        if not (self.place / ".gitmodules").is_file():
            return set()
        arguments = ("--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
        records = self.git.run("config", *arguments, allowed=(0, 1, 128)).records
        return {record.partition("\n")[2].rstrip("/") + "/" for record in records}

    def _list(self, *kinds: str) -> list[str]:
        """Paths that differ from the index or that it does not know; an embedded repository ends in "/"."""
        return list(dict.fromkeys(self.git.run("ls-files", "-z", *kinds, "--exclude-standard").records))

    def _id_length(self) -> int:
        return len(self.git.run("hash-object", "--stdin").text)

    def _stamp(self) -> tuple[int, int, int]:
        status = self.file.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size


@dataclass(frozen=True, slots=True)
class _Sorter:
    """Decides, path by path, what a difference means."""

    place: Path
    largest: int

    def sort(self, listed: Iterable[str], submodules: set[str]) -> Found:
        """Sorts what `ls-files` listed."""
        found, linked = Found(), {"": False}
        for path in listed:
            if path.endswith("/"):
                if path in submodules:
                    found.links.append(path[:-1])
                else:
                    found.embedded.append(path)
            elif self._is_beyond_a_link(path.rpartition("/")[0], linked):
                found.forget.append(path)
            else:
                self._sort_file(path, found)
        return found

    def _sort_file(self, path: str, found: Found) -> None:
        try:
            status = os.lstat(self.place / path)
        except (FileNotFoundError, NotADirectoryError):
            found.update.append(path)
            return
        except PermissionError:
            found.skipped.append(Skipped(path, "unreadable"))
            return
        if stat.S_ISDIR(status.st_mode):
            is_repository = os.path.lexists(self.place / path / ".git")
            (found.links if is_repository else found.forget).append(path)
            return
        reason = self._reason_to_skip(path, status)
        if reason:
            found.skipped.append(Skipped(path, reason))
        else:
            found.update.append(path)
        if reason == "no regular file":
            found.forget.append(path)

    def _reason_to_skip(self, path: str, status: os.stat_result) -> str | None:
        if any(part.lower() == ".git" for part in path.split("/")):
            return "a name that git reserves"
        if stat.S_ISLNK(status.st_mode):
            return None
        if not stat.S_ISREG(status.st_mode):
            return "no regular file"
        if status.st_size > self.largest:
            return f"larger than {self.largest // 1024**2} MB"
        return None if os.access(self.place / path, os.R_OK) else "unreadable"

    def _is_beyond_a_link(self, folder: str, linked: dict[str, bool]) -> bool:
        if folder not in linked:
            above = self._is_beyond_a_link(folder.rpartition("/")[0], linked)
            linked[folder] = above or (self.place / folder).is_symlink()
        return linked[folder]


def remove(place: Path, path: str) -> None:
    """Removes a file or a folder under `place`, and the folders that become empty by it."""
    target = place / path
    if not os.access(target.parent, os.W_OK):
        target.parent.chmod(0o755)
    if target.is_dir() and not target.is_symlink():
        remove_folder(target)
    else:
        target.unlink(missing_ok=True)
    for folder in target.parents:
        if folder == place or any(folder.iterdir()):
            return
        folder.rmdir()


def remove_folder(folder: Path) -> None:
    """Removes a folder with all that is in it, read-only folders too."""
    for below, _, _ in os.walk(folder):
        if not os.access(below, os.W_OK | os.X_OK):
            Path(below).chmod(0o755)
    shutil.rmtree(folder)


def _joined(records: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(record) + b"\0" for record in records)
