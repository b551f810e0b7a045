"""Looking into the user's repository: commits, files of trees, blame and diffs, through guarded git."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from waypost.trace.errors import NoSuchPlace
from waypost.workspace.errors import GitFailed
from waypost.workspace.git import Git
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository

_HEADER = re.compile(r"([0-9a-f]{40,64}) (\d+) (\d+)(?: \d+)?")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Told:
    """What git's blame says of a line: the commit, and the file and line there."""

    line: int
    text: str
    commit: str
    path: str
    original: int


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """A commit as tracing needs it."""

    id: str
    tree: str
    parents: tuple[str, ...]
    message: str

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring lines of a file that a commit took out, or put in; `first` counts from 1."""

    path: str
    first: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class Objects:
    """Commits and files of one repository, each read once."""

    repository: Repository
    git: Git = field(init=False)
    _commits: dict[str, CommitFacts] = field(default_factory=dict)
    _files: dict[tuple[str, str], bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.git = guarded(self.repository)

    def commits(self, ids: Iterable[str]) -> dict[str, CommitFacts]:
        """The commits of these ids. Raises GitFailed for one that is not in the repository."""
        wanted = list(dict.fromkeys(ids))
        missing = [one for one in wanted if one not in self._commits]
        if missing:
            arguments = ("--no-walk=unsorted", "--no-show-signature", "-z", "--format=tformat:%H%x00%T%x00%P%x00%B")
            told = self.git.run("log", *arguments, *missing).records
            for commit, tree, parents, message in zip(*[iter(told)] * 4, strict=True):
                self._commits[commit] = CommitFacts(commit, tree, tuple(parents.split()), message)
        return {one: self._commits[one] for one in wanted}

    def commit(self, one: str) -> CommitFacts:
        """The commit of this id. Raises GitFailed."""
        return self.commits([one])[one]

    def fetch(self, places: Iterable[tuple[str, str]]) -> None:
        """Reads files (a commit or tree, a path) by one command, for `file` to give later."""
        missing = [place for place in dict.fromkeys(places) if place not in self._files]
        odd = [place for place in missing if "\n" in place[1]]
        self._files.update(dict.fromkeys(odd))
        asked = [place for place in missing if "\n" not in place[1]]
        if asked:
            feed = os.fsencode("".join(f"{tree}:{path}\n" for tree, path in asked))
            stream = self.git.run("cat-file", "--batch", feed=feed).stdout
            self._files.update(zip(asked, _batch(stream, len(asked)), strict=True))

    def file(self, tree: str, path: str) -> bytes | None:
        """A file's bytes in a commit or tree; None where it has none, or where the tree is gone."""
        self.fetch([(tree, path)])
        return self._files[tree, path]

    def ids(self, places: Sequence[tuple[str, str]]) -> list[str]:
        """The object ids of files (a commit or tree, a path); empty for what is not there."""
        if not places:
            return []
        feed = os.fsencode("".join(f"{tree}:{path}\n" for tree, path in places))
        told = self.git.run("cat-file", "--batch-check=%(objectname)", feed=feed).stdout.decode(errors="replace")
        return ["" if line.endswith(" missing") else line for line in told.split("\n")[:-1]]

    def holds(self, commit: str) -> bool:
        """Whether the repository still has this object."""
        return self.git.run("cat-file", "-e", commit, allowed=(0, 1, 128)).exit == 0

    def blame(self, commit: str, path: str, ranges: Sequence[tuple[int, int]]) -> list[Told]:
        """Git's own blame of these lines (counted from 1, both included), white space aside. Raises NoSuchPlace."""
        bounds = [word for first, last in ranges for word in ("-L", f"{first},{last}")]
        try:
            told = self.git.run("blame", "--porcelain", "-w", *bounds, commit, "--", path)
        except GitFailed as problem:
            raise NoSuchPlace(f"{path}: git can't blame it: {problem.stderr.strip()}") from problem
        return list(_blamed(told.stdout))

    def changes(self, commit: str) -> tuple[tuple[Hunk, ...], tuple[Hunk, ...]]:
        """What a commit took out and what it put in, against its one parent; nothing for a merge."""
        arguments = ("--root", "-r", "-p", "-U0", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")
        told = self.git.run("diff-tree", *arguments, "--no-commit-id", "--src-prefix=a/", "--dst-prefix=b/", commit)
        return _hunks(told.stdout)

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """The paths that differ between two commits or trees."""
        return tuple(self.git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after).records)


def _batch(stream: bytes, count: int) -> list[bytes | None]:
    """The objects in what `cat-file --batch` writes, in order; None for what is missing or no file."""
    found: list[bytes | None] = []
    position = 0
    while len(found) < count:
        end = stream.index(b"\n", position)
        words = stream[position:end].rsplit(b" ", 2)
        position = end + 1
        if len(words) == 3 and words[2].isdigit() and words[1] in {b"blob", b"tree", b"commit", b"tag"}:
            size = int(words[2])
            found.append(stream[position : position + size] if words[1] == b"blob" else None)
            position += size + 1
        else:
            found.append(None)
    return found


def _blamed(stream: bytes) -> Iterable[Told]:
    paths: dict[str, str] = {}
    commit, original, final = "", 0, 0
    for raw in stream.split(b"\n"):
        if raw.startswith(b"\t"):
            yield Told(final, raw[1:].decode("utf-8", "surrogateescape"), commit, paths[commit], original)
        elif raw.startswith(b"filename "):
            paths[commit] = _unquoted(os.fsdecode(raw[9:]))
        elif header := _HEADER.fullmatch(raw.decode("ascii", "replace")):
            commit, original, final = header[1], int(header[2]), int(header[3])


def _hunks(stream: bytes) -> tuple[tuple[Hunk, ...], tuple[Hunk, ...]]:
    gone: list[Hunk] = []
    put: list[Hunk] = []
    old = new = ""
    lines = iter(stream.decode("utf-8", "surrogateescape").split("\n"))
    for line in lines:
        if line.startswith("--- "):
            old, new = _named(line, "a/"), _named(next(lines), "b/")
        elif found := _HUNK.match(line):
            count_old, count_new = (int(found[number]) if found[number] is not None else 1 for number in (2, 4))
            taken = _signed(lines, "-", count_old)
            added = _signed(lines, "+", count_new)
            if taken and old:
                gone.append(Hunk(old, int(found[1]), taken))
            if added and new:
                put.append(Hunk(new, int(found[3]), added))
    return tuple(gone), tuple(put)


def _signed(lines: Iterable[str], sign: str, count: int) -> tuple[str, ...]:
    found: list[str] = []
    if not count:
        return ()
    for line in lines:
        if line.startswith(sign):
            found.append(line[1:])
        if len(found) == count:
            break
    return tuple(found)


def _named(line: str, prefix: str) -> str:
    """The path of a `---` or `+++` line; empty for none."""
    name = _unquoted(line[4:].removesuffix("\t"))
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


_ESCAPED = re.compile(r"\\([0-7]{3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _unquoted(name: str) -> str:
    """A path as it is, where git wrote it in quotes."""
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    return _ESCAPED.sub(lambda m: chr(int(m[1], 8)) if m[1][0].isdigit() else _LETTERS.get(m[1], m[1]), name[1:-1])
