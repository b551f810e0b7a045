"""What differs between two trees, as values and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from waypost.workspace.git import Git

Status = Literal["added", "modified", "deleted", "retyped"]
STATUSES: dict[str, Status] = {"A": "added", "M": "modified", "D": "deleted", "T": "retyped"}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path that differs. Lines added and removed are None for binary files.

    "retyped" means that a file became a symbolic link, a submodule, or the reverse. A rename is a deletion
    and an addition. Names that are not UTF-8 hold surrogate escapes (PEP 383).
    """

    path: str
    status: Status
    added: int | None
    removed: int | None


def numstat(git: Git, before: str, after: str) -> tuple[FileChange, ...]:
    """The paths that differ between two commits or trees, in git's order."""
    arguments = ("-r", "-z", "--raw", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv")
    records = iter(git.run("diff-tree", *arguments, before, after).records)
    statuses: dict[str, Status] = {}
    lines: dict[str, tuple[int | None, int | None]] = {}
    for record in records:
        if record.startswith(":"):
            statuses[next(records)] = STATUSES[record.split(" ")[4][0]]
        else:
            added, removed, path = record.split("\t", 2)
            lines[path] = (_count(added), _count(removed))
    return tuple(FileChange(path, status, *lines.get(path, (None, None))) for path, status in statuses.items())


def changed_paths(git: Git, before: str, after: str) -> tuple[str, ...]:
    """Only the names of the paths that differ, without counting lines."""
    return tuple(git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after).records)


def diff(git: Git, before: str, after: str, paths: Sequence[str] = ()) -> str:
    """A unified diff of two commits or trees, renames found; bytes that are not UTF-8 are replaced.

    Paths are taken literally and name files or folders from the top.
    """
    arguments = ("-r", "-p", "-M", "--no-color", "--no-ext-diff", "--no-textconv", "--abbrev=12")
    output = git.run("diff-tree", *arguments, before, after, "--", *paths)
    return output.stdout.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as a reader sees it; `at` is the committer's time in seconds since 1970."""

    id: str
    tree: str
    parents: tuple[str, ...]
    at: int
    subject: str
    message: str
    trailers: tuple[tuple[str, str], ...]

    def trailer(self, key: str) -> str | None:
        """The first trailer of that name, case ignored."""
        return next((value for name, value in self.trailers if name.lower() == key.lower()), None)


COMMIT_FORMAT = "%x00".join(("%H", "%T", "%P", "%ct", "%s", "%B", "%(trailers:only=true,unfold=true)"))


def commits(git: Git, since: str, until: str) -> tuple[Commit, ...]:
    """The commits that `until` reaches along first parents and `since` does not, oldest first."""
    arguments = (
        "-z",
        f"--format=tformat:{COMMIT_FORMAT}",
        "--first-parent",
        "--reverse",
        "--no-show-signature",
    )
    fields = git.run("log", *arguments, until, f"^{since}").records
    return tuple(_commit(fields[start : start + 7]) for start in range(0, len(fields), 7))


def _commit(fields: list[str]) -> Commit:
    commit, tree, parents, at, subject, message, trailers = fields
    pairs = tuple(_pairs(trailers))
    return Commit(commit, tree, tuple(parents.split()), int(at), subject, message.rstrip("\n"), pairs)


def _pairs(trailers: str) -> Iterator[tuple[str, str]]:
    for line in trailers.split("\n"):
        key, colon, value = line.partition(": ")
        if colon:
            yield key, value


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)


@dataclass(frozen=True, slots=True)
class MergeProbe:
    """What a merge would give: the merged tree and the paths that conflict, with git's words for them."""

    tree: str
    conflicts: tuple[str, ...]
    messages: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """True where nothing conflicts."""
        return not self.conflicts and not self.messages


def merge_probe(git: Git, ours: str, theirs: str) -> MergeProbe:
    """Merges two commits without a work tree; needs git 2.38. Raises GitFailed on an older one."""
    arguments = ("--write-tree", "-z", "--name-only", "--no-messages")
    plain = git.run("merge-tree", *arguments, ours, theirs, allowed=(0, 1))
    tree, *conflicts = plain.records
    if plain.exit == 0:
        return MergeProbe(tree, (), ())
    told = git.run("merge-tree", "--write-tree", "-z", "--name-only", ours, theirs, allowed=(0, 1)).records
    return MergeProbe(tree, tuple(conflicts), tuple(_messages(told[len(conflicts) + 2 :])))


def _messages(records: list[str]) -> Iterator[str]:
    """Each message is a count of paths, the paths, a stable type, and the text."""
    rest = iter(records)
    for count in rest:
        for _ in range(int(count)):
            next(rest)
        kind, text = next(rest), next(rest)
        if kind.startswith("CONFLICT"):
            yield text.strip()
