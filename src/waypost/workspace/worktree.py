"""A run's own worktree: checkpoints, rewind, and milestone commits on the run's branch."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waypost.workspace import changes
from waypost.workspace.changes import Commit, FileChange
from waypost.workspace.errors import BadName, DiskFull, GitFailed, WorkspaceBusy, WorkspaceError
from waypost.workspace.guarded import guarded, refresh
from waypost.workspace.index import LARGEST, PrivateIndex, Skipped, remove_folder
from waypost.workspace.lock import locked
from waypost.workspace.registration import forget, mend, register
from waypost.workspace.repository import Repository

PATIENCE = 30.0
RUN_NAME = re.compile(r"(?!.*(\.\.|\.lock$|\.$))[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
TRAILER_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
SUBJECT = re.compile(r"checkpoint (\d+)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state of the work folder, kept by a commit on the run's private ref.

    `number` counts from 1; 0 is the base. Where `parent_tree_changed` is False nothing had changed and this
    is the former checkpoint once more. `embedded` are repositories inside the folder that were met for the
    first time, whose files are kept but whose `.git` is not; `skipped` are files that could not be kept.
    """

    number: int
    commit: str
    tree: str
    parent_tree_changed: bool
    files_changed: tuple[FileChange, ...]
    embedded: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a rewind did. `lost` are files that no checkpoint held (they were ignored) and that had to go."""

    changes: tuple[FileChange, ...]
    lost: tuple[str, ...]


class Worktree:
    """The folder in which a run works. One process at a time works on it; another waits, then is refused.

    The folder's HEAD is detached and its index follows the last milestone, so that `git diff` and
    `git commit` in it mean what an agent expects and move nothing of ours.
    """

    def __init__(self, repository: Repository, run: str, place: Path, largest: int = LARGEST) -> None:
        self.repository, self.run, self.place = repository, run, place
        self.branch = f"waypost/{run}"
        self._folder = _run_folder(repository, run)
        self._guarded = guarded(repository)
        self._index = PrivateIndex(self._guarded, place, self._folder / "index", largest)
        self._tip: Checkpoint | None = None

    @classmethod
    def create(cls, repository: Repository, run: str, base: str, place: Path) -> Worktree:
        """Makes branch `waypost/<run>` at `base` and a detached worktree of it at `place`.

        Raises BadName for an unusable run name or base, WorkspaceError where run, branch or place exist.
        """
        _run_folder(repository, run)
        commit = repository.resolve(f"{base}^{{commit}}")
        if place.exists() and any(place.iterdir()):
            raise WorkspaceError(f"{place}: is not empty; choose another place or empty it")
        refresh(repository)
        worktree = cls(repository, run, place)
        worktree._make_refs(commit)
        worktree._remember_place()
        with worktree._locked():
            worktree._populate(worktree._last())
        return worktree

    @classmethod
    def open(cls, repository: Repository, run: str, place: Path | None = None) -> Worktree:
        """Opens a run's worktree again, also after a crash, and after its folder was lost.

        A lost folder is made anew from the last checkpoint; `place` is needed only to put it elsewhere.
        """
        remembered = _run_folder(repository, run) / "place"
        if place is None:
            if not remembered.exists():
                raise WorkspaceError(f"run {run!r} has no worktree in {repository.top}; see `waypost status`")
            place = Path(os.fsdecode(remembered.read_bytes()))
        worktree = cls(repository, run, place)
        worktree._remember_place()
        with worktree._locked():
            worktree._recover()
        return worktree

    @property
    def base(self) -> str:
        """The commit that the run started from."""
        return self._ref_target(self._private_ref("base"))

    def branch_head(self) -> str:
        """The commit at the head of the run's branch."""
        return self._ref_target(f"refs/heads/{self.branch}")

    def checkpoint(self, note: str) -> Checkpoint:
        """Keeps the folder's state: all files but ignored ones, untracked ones included.

        Raises DiskFull where there is no room; the former checkpoints are not affected.
        """
        with self._locked() as index:
            captured, last = index.capture(), self._last()
            if captured.tree == last.tree:
                return Checkpoint(last.number, last.commit, last.tree, False, (), captured.embedded, captured.skipped)
            number = last.number + 1
            message = f"checkpoint {number}\n\n{note}\n"
            commit = self._commit(captured.tree, last.commit, message)
            self._move_private_ref(commit, last.commit)
            self._tip = Checkpoint(number, commit, captured.tree, False, ())
            different = changes.numstat(index.git, last.tree, captured.tree)
        return Checkpoint(number, commit, captured.tree, True, different, captured.embedded, captured.skipped)

    def checkpoints(self) -> tuple[Commit, ...]:
        """All checkpoints, oldest first; a rewind takes none away."""
        tip = self._ref_target(self._private_ref("checkpoints"))
        return changes.commits(self._guarded, self.base, tip)

    def tree_now(self) -> str:
        """The tree that a checkpoint would keep now."""
        with self._locked() as index:
            return index.capture().tree

    def preview(self, target: str) -> tuple[FileChange, ...]:
        """What `restore` would change in the folder."""
        return changes.numstat(self._guarded, self.tree_now(), self._tree(target))

    def restore(self, target: str) -> Restored:
        """Puts the folder back to a commit or tree: contents, modes and links; what came since goes.

        Ignored files stay, unless they are in the way or the target's `.gitignore` does not ignore them.
        """
        tree = self._tree(target)
        with self._locked() as index:
            before = index.capture().tree
            lost = index.check_out(tree)
            return Restored(changes.numstat(index.git, before, tree), lost)

    def commit_milestone(self, message: str, trailers: Sequence[tuple[str, str]], tree: str) -> str:
        """Commits a tree to the run's branch; the folder's HEAD and index follow. Returns the commit."""
        with self._locked():
            head = self.branch_head()
            commit = self._commit(tree, head, _with_trailers(message, trailers))
            self._move_branch(commit, head)
        return commit

    def move_branch(self, commit: str) -> None:
        """Sets the run's branch back, or forth, to a commit; the folder's HEAD and index follow."""
        with self._locked():
            self._move_branch(self.repository.resolve(f"{commit}^{{commit}}"), self.branch_head())

    def _commit(self, tree: str, parent: str, message: str) -> str:
        return self._index.git.run("commit-tree", tree, "-p", parent, "-F", "-", feed=os.fsencode(message)).text

    def _tree(self, target: str) -> str:
        return self._guarded.run("rev-parse", "--verify", f"{self.repository.resolve(target)}^{{tree}}").text

    def _private_ref(self, name: str) -> str:
        return f"refs/waypost/{self.run}/{name}"

    def _ref_target(self, name: str) -> str:
        found = self.repository.git.run("rev-parse", "--verify", "--quiet", name, allowed=(0, 1, 128))
        if found.exit:
            raise WorkspaceError(f"{name} is gone from {self.repository.top}; was the run removed?")
        return found.text

    def _last(self) -> Checkpoint:
        """The newest checkpoint, or the base as number 0; moving the ref checks that it still is."""
        if self._tip is None:
            self._tip = self._read_tip()
        return self._tip

    def _read_tip(self) -> Checkpoint:
        ref = self._private_ref("checkpoints")
        arguments = ("-1", "--no-show-signature", "--format=%H%x00%T%x00%s", ref)
        commit, tree, subject = self.repository.git.run("log", *arguments).text.split("\0")
        counted = SUBJECT.fullmatch(subject)
        number = int(counted[1]) if counted and commit != self.base else 0
        return Checkpoint(number, commit, tree, False, ())

    def _make_refs(self, commit: str) -> None:
        names = (f"refs/heads/{self.branch}", self._private_ref("base"), self._private_ref("checkpoints"))
        feed = "".join(f"create {name}\0{commit}\0" for name in names)
        try:
            self.repository.git.run("update-ref", "--stdin", "-z", feed=feed.encode())
        except GitFailed as error:
            remedy = "choose another name for the run, or remove the old branch"
            raise WorkspaceError(f"branch {self.branch} can't be made: {error.stderr.strip()}; {remedy}") from error

    def _move_private_ref(self, new: str, old: str) -> None:
        ref = self._private_ref("checkpoints")
        try:
            self.repository.git.run("update-ref", ref, new, old)
        except GitFailed as error:
            self._tip = None
            raise WorkspaceBusy(f"{ref} was moved by another process: {error.stderr.strip()}") from error

    def _move_branch(self, new: str, old: str) -> None:
        own = mend(self.repository, self.place, old)
        feed = f"update refs/heads/{self.branch}\0{new}\0{old}\0option no-deref\0update HEAD\0{new}\0\0"
        git = self.repository.git.with_variables(GIT_DIR=str(own))
        git.run("update-ref", "-m", "waypost", "--stdin", "-z", feed=feed.encode())
        self._follow(own, new)

    def _follow(self, own: Path, commit: str) -> None:
        """Makes the folder's own index equal to a commit, whatever was staged or locked there."""
        draft = self._folder / "own-index"
        draft.unlink(missing_ok=True)
        with _room():
            if self._index.tree() == self._tree(commit):
                shutil.copyfile(self._index.file, draft)
            else:
                self._index.git.with_variables(GIT_INDEX_FILE=str(draft)).run("read-tree", commit)
            draft.replace(own / "index")

    def _remember_place(self) -> None:
        with _room():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "place").write_bytes(os.fsencode(self.place))

    def _populate(self, last: Checkpoint) -> None:
        head = self.branch_head()
        own = register(self.repository, self.place, head)
        self._index.file.unlink(missing_ok=True)
        self._index.fill(last.tree)
        self._follow(own, head)

    def _recover(self) -> None:
        if not self.place.exists() or not any(self.place.iterdir()):
            self._populate(self._last())
        elif not self._index.file.exists():
            self._index.load(self._last().tree)

    @contextmanager
    def _locked(self) -> Iterator[PrivateIndex]:
        """Holds this run's lock, for us and for the git commands that we start.

        A lock file of the private index that is still there was left by a process that was killed.
        """
        with locked(self._folder / "lock", PATIENCE) as descriptor:
            self._folder.joinpath("index.lock").unlink(missing_ok=True)
            free = self._index.git
            self._index.git = free.holding(descriptor)
            try:
                yield self._index
            finally:
                self._index.git = free


def remove(repository: Repository, run: str) -> None:
    """Takes away a run's worktree and private refs; its branch stays."""
    folder = _run_folder(repository, run)
    remembered = folder / "place"
    if remembered.exists():
        forget(repository, Path(os.fsdecode(remembered.read_bytes())))
    names = repository.git.run("for-each-ref", "--format=%(refname)", f"refs/waypost/{run}/").text.split()
    feed = "".join(f"delete {name}\0\0" for name in names)
    repository.git.run("update-ref", "--stdin", "-z", feed=feed.encode())
    if folder.exists():
        remove_folder(folder)


def runs(repository: Repository) -> tuple[str, ...]:
    """The runs that have a worktree in this repository."""
    folder = repository.private_folder / "runs"
    return tuple(sorted(file.parent.name for file in folder.glob("*/place")))


def _run_folder(repository: Repository, run: str) -> Path:
    """Where a run's private files lie. Raises BadName where that could be somewhere else."""
    if not RUN_NAME.fullmatch(run):
        raise BadName(f"{run!r} can't name a run; use letters, digits, '.', '_' and '-'")
    return repository.private_folder / "runs" / run


def _with_trailers(message: str, trailers: Sequence[tuple[str, str]]) -> str:
    lines: list[str] = []
    for key, value in trailers:
        if not TRAILER_KEY.fullmatch(key):
            raise BadName(f"{key!r} can't be the key of a trailer; use letters, digits and '-'")
        lines.append(f"{key}: {' '.join(value.split())}")
    return f"{message.rstrip()}\n\n" + "\n".join(lines) + "\n" if lines else f"{message.rstrip()}\n"


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"the disk is full ({error.filename}); free some space and resume") from error
        raise
