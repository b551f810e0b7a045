"""A git tree as values: which files it has, what is in them, and new trees made from it without a work folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from waypost.workspace.errors import GitFailed, WorkspaceError
from waypost.workspace.git import Git
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository

LINK = "120000"
SUBMODULE = "160000"

Difference = tuple["Entry | None", "Entry | None"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree: git's mode (`100644`, `100755`, `120000` a link, `160000` a submodule) and object id."""

    mode: str
    id: str


class Tree(Protocol):
    """All files of a tree by path (relative, with slashes), and their bytes."""

    @property
    def id(self) -> str:
        """The tree's object id."""
        ...

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The files by path."""
        ...

    def read(self, path: str) -> bytes:
        """A file's bytes, a link's target. Raises KeyError for a path that the tree does not have."""
        ...


@dataclass(slots=True)
class GitTree:
    """A tree of a repository, listed once when first asked; `git` is guarded git, `name` a commit or a tree.

    A submodule has no bytes here: it reads as its commit's id. Names that are not UTF-8 hold surrogate
    escapes (PEP 383).
    """

    git: Git
    name: str
    _id: str = ""
    _entries: dict[str, Entry] | None = None
    _read: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The tree's object id. Raises GitFailed where the name means no tree."""
        if not self._id:
            self._id = self.git.run("rev-parse", "--verify", "--end-of-options", f"{self.name}^{{tree}}").text
        return self._id

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The files by path. Raises GitFailed where the name means no tree."""
        if self._entries is None:
            name = f"{self.name}^{{tree}}"
            self._entries = _listed(self.git.run("ls-tree", "-r", "-z", "--full-tree", name).records)
        return self._entries

    def read(self, path: str) -> bytes:
        """A file's bytes, a link's target. Raises KeyError for a path that the tree does not have."""
        entry = self.entries[path]
        if entry.id not in self._read:
            self.fetch((path,))
        return self._read[entry.id]

    def follow(self, other: GitTree) -> None:
        """Lists itself by what differs from another tree of the same repository, and shares what that one has read."""
        self._read = other._read
        if self._entries is None:
            names = [f"{name}^{{tree}}" for name in (other.name, self.name)]
            raw = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", *names).records
            found = {**other.entries, **_altered(raw)}
            self._entries = {path: entry for path, entry in found.items() if entry is not None}

    def fetch(self, paths: Iterable[str]) -> None:
        """Reads several files by one command, for `read` to give later; unknown paths are passed over."""
        wanted = {entry.id: entry for path in paths if (entry := self.entries.get(path))}
        for entry in wanted.values():
            if entry.mode == SUBMODULE:
                self._read[entry.id] = entry.id.encode()
        missing = [one for one in wanted if one not in self._read]
        if missing:
            feed = "".join(f"{one}\n" for one in missing).encode()
            self._read.update(_contents(self.git.run("cat-file", "--batch", feed=feed).stdout))
        if lost := [one for one in missing if one not in self._read]:
            raise GitFailed(("cat-file", "--batch"), 0, f"object {lost[0]} is missing; run `git fsck`")


def fetch(tree: Tree, paths: Iterable[str]) -> None:
    """Tells a tree which files will be read next: one that can, reads them at once."""
    if isinstance(tree, GitTree):
        tree.fetch(paths)


def changed(before: Tree, after: Tree) -> dict[str, Difference]:
    """The paths whose mode or content differs, sorted, each as it was and as it is; None for none."""
    if isinstance(before, GitTree) and isinstance(after, GitTree) and before.git == after.git:
        after.follow(before)
    old, new = before.entries, after.entries
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return {path: (old.get(path), new.get(path)) for path in paths}


def with_entries(repository: Repository, tree: str, entries: Mapping[str, Entry | None]) -> str:
    """The id of a tree that has these entries in place of its own; None takes one out.

    What is in the way of an entry goes: a file where a folder is needed, a folder where a file is.
    Raises GitFailed where git can't hold a path or an object is missing.
    """
    git = guarded(repository)
    file = repository.private_folder / f"entries-{secrets.token_hex(6)}.index"
    private = git.with_variables(GIT_INDEX_FILE=str(file))
    gone = [path for path, entry in entries.items() if entry is None]
    put = {path: entry for path, entry in entries.items() if entry is not None}
    if clash := _clash(put):
        raise WorkspaceError(f"{clash[0]} can't be a file, for {clash[1]} lies in it; name only one of them")
    try:
        private.run("read-tree", tree)
        nothing = "0" * len(git.run("hash-object", "--stdin").text)
        lines = [f"0 {nothing}\t{path}" for path in gone] + [f"{put[path].mode} {put[path].id}\t{path}" for path in put]
        feed = b"".join(os.fsencode(line) + b"\0" for line in lines)
        private.run("update-index", "-z", "--add", "--replace", "--index-info", feed=feed)
        return private.run("write-tree").text
    finally:
        file.unlink(missing_ok=True)


def _clash(paths: Iterable[str]) -> tuple[str, str] | None:
    known = set(paths)
    for path in sorted(known):
        parts = path.split("/")
        above = next((folder for count in range(1, len(parts)) if (folder := "/".join(parts[:count])) in known), None)
        if above:
            return above, path
    return None


def _listed(lines: Iterable[str]) -> dict[str, Entry]:
    """The entries in what `ls-tree` writes: mode, type and id, a tab, the path. Equal ones are one object."""
    known: dict[str, Entry] = {}
    found: dict[str, Entry] = {}
    for line in lines:
        facts, _, path = line.partition("\t")
        if facts not in known:
            known[facts] = Entry(facts[:6], facts.rpartition(" ")[2])
        found[path] = known[facts]
    return found


def _altered(records: Sequence[str]) -> dict[str, Entry | None]:
    """The new entries in what `diff-tree --raw -z` writes: modes, ids and a letter, then the path; None if gone."""
    found: dict[str, Entry | None] = {}
    for facts, path in zip(records[::2], records[1::2], strict=True):
        _, mode, _, identity, _ = facts.split(" ")
        found[path] = Entry(mode, identity) if mode.strip("0") else None
    return found


def _contents(stream: bytes) -> dict[str, bytes]:
    """The objects in what `cat-file --batch` writes: a line with id, type and size, the bytes, a line end."""
    found: dict[str, bytes] = {}
    position = 0
    while position < len(stream):
        end = stream.index(b"\n", position)
        words = stream[position:end].split(b" ")
        position = end + 1
        if len(words) == 3:
            size = int(words[2])
            found[words[0].decode()] = stream[position : position + size]
            position += size + 1
    return found
