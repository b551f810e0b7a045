"""The user's repository: found, described, and never written to except for private refs and excludes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from waypost.workspace.errors import BadName, BadRepository, GitFailed, WorkspaceError
from waypost.workspace.git import Git

OBJECT_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
DIRTY_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Dirty:
    """Uncommitted and untracked paths of the user's checkout: the first twenty, and how many in all."""

    paths: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a work tree and at least one commit.

    `git_dir` is the common directory, shared by all worktrees. `branch` is None where HEAD is detached.
    """

    top: Path
    git_dir: Path
    head: str
    branch: str | None
    is_shallow: bool

    @classmethod
    def open(cls, path: Path) -> Repository:
        """Finds the repository that holds the path.

        Raises BadRepository where there is none, where it is bare, and where it has no commit.
        """
        git = Git(_folder(path))
        is_shallow = _has_work_tree(git, path)
        top = Path(git.run("rev-parse", "--show-toplevel").text)
        common = (top / Git(top).run("rev-parse", "--git-common-dir").text).resolve()
        head, branch = _head(Git(top), top)
        return cls(top, common, head, branch, is_shallow)

    @property
    def git(self) -> Git:
        """Plain git in the user's checkout: for refs and for looking only."""
        return Git(self.top)

    @property
    def private_folder(self) -> Path:
        """Where Waypost keeps its own indexes and configuration, inside the common directory."""
        return self.git_dir / "waypost"

    def resolve(self, name: str) -> str:
        """The object id of a commit, tag, branch or tree; ids are returned as they are.

        Raises BadName where nothing is called so.
        """
        if OBJECT_ID.fullmatch(name):
            return name
        found = self.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, allowed=(0, 1, 128))
        if found.exit:
            raise BadName(f"{name!r} names no commit in {self.top}; see `git log` and `git branch --all`")
        return found.text.splitlines()[-1]

    def dirty(self) -> Dirty:
        """What the user has not committed; a run starts from HEAD and does not see it."""
        arguments = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal")
        records = self.git.run("status", *arguments, "--ignore-submodules=dirty").records
        paths = [record[3:] for record in records]
        return Dirty(tuple(paths[:DIRTY_SHOWN]), len(paths))

    def submodules(self) -> tuple[str, ...]:
        """Paths of the submodules at HEAD; a run's worktree leaves them empty."""
        listed = self.git.run("ls-tree", "-r", "-z", "--full-tree", self.head).records
        return tuple(line.split("\t", 1)[1] for line in listed if line.startswith("160000 "))

    def exclude(self, pattern: str) -> None:
        """Adds a pattern to `info/exclude`, once: it is ignored without a file in the user's tree."""
        file = self.git_dir / "info" / "exclude"
        file.parent.mkdir(exist_ok=True)
        present = file.read_bytes() if file.exists() else b""
        if pattern.encode() in present.splitlines():
            return
        joint = b"" if present.endswith(b"\n") or not present else b"\n"
        with file.open("ab") as stream:
            stream.write(joint + pattern.encode() + b"\n")


def _folder(path: Path) -> Path:
    absolute = path.absolute()
    if not absolute.exists():
        raise BadRepository(f"{absolute}: no such folder")
    return absolute if absolute.is_dir() else absolute.parent


def _has_work_tree(git: Git, path: Path) -> bool:
    """Whether the repository is shallow, once it is sure that it has a work tree."""
    questions = ("--is-bare-repository", "--is-inside-work-tree", "--is-shallow-repository")
    try:
        bare, inside, shallow = git.run("rev-parse", *questions).text.split("\n")
    except GitFailed as error:
        raise _no_repository(path, error) from error
    if bare == "true":
        mend = "clone it and run there: `git clone <this> work`"
        raise BadRepository(f"{path}: a bare repository has no files to work on; {mend}")
    if inside != "true":
        raise BadRepository(f"{path}: inside a .git folder; run in the checkout beside it")
    return shallow == "true"


def _no_repository(path: Path, error: GitFailed) -> WorkspaceError:
    if "not a git repository" in error.stderr:
        mend = '`git init && git add -A && git commit -m "start"`'
        return BadRepository(f"{path}: not a git repository; make one with {mend}")
    return BadRepository(f"{path}: git can't read this repository: {error.stderr.strip()}")


def _head(git: Git, top: Path) -> tuple[str, str | None]:
    found = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", allowed=(0, 1, 128))
    if found.exit:
        mend = '`git add -A && git commit -m "start"`'
        raise BadRepository(f"{top}: the repository has no commit yet; make the first with {mend}")
    name = git.run("symbolic-ref", "--quiet", "HEAD", allowed=(0, 1)).text
    return found.text, name.removeprefix("refs/heads/") or None
