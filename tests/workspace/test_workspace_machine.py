from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from workspace_cases import make_repository, snapshot

from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Checkpoint, Worktree

NAMES = st.sampled_from(["a", "b", "c d", "é\n", "x.log", "keep.log", "-f"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
IGNORES = st.sampled_from(["*.log\n", "b/\n", "*.log\n!keep.log\n", "a\n", "", ".gitignore\n*.log\n"])
PLACES = st.sampled_from(["", "a/", "b/"])


class Folder(RuleBasedStateMachine):
    """An agent that does anything to its folder, and a runtime that keeps and restores states."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="waypost test "))
        repository = Repository.open(make_repository(self.root / "user's"))
        self.worktree = Worktree.create(repository, "r", "HEAD", self.root / "work")
        self.kept: list[tuple[Checkpoint, dict[str, tuple[int, str]]]] = []

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def clear(self, path: str) -> Path:
        """Makes way for a path: what stands there, and files and links where its folders go."""
        target = self.worktree.place / path
        for place in (*reversed(target.parents), target):
            if place.is_relative_to(self.worktree.place) and place != self.worktree.place:
                self.take(place, whole=place == target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def take(self, place: Path, whole: bool) -> None:
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif whole and place.is_dir():
            shutil.rmtree(place)

    @rule(path=PATHS, content=st.binary(max_size=4))
    def write(self, path: str, content: bytes) -> None:
        self.clear(path).write_bytes(content)

    @rule(path=PATHS, to=st.sampled_from(["a", "/nowhere", "..", "b/a"]))
    def link(self, path: str, to: str) -> None:
        self.clear(path).symlink_to(to)

    @rule(path=PATHS)
    def delete(self, path: str) -> None:
        self.clear(path)

    @rule(source=PATHS, goal=PATHS)
    def rename(self, source: str, goal: str) -> None:
        old = self.worktree.place / source
        if not old.exists() or old.is_symlink() or f"{goal}/".startswith(f"{source}/"):
            return
        new = self.clear(goal)
        if old.exists():
            old.rename(new)

    @rule(path=PATHS)
    def make_executable(self, path: str) -> None:
        target = self.worktree.place / path
        if target.is_file() and not target.is_symlink():
            target.chmod(target.stat().st_mode ^ 0o100)

    @rule(place=PLACES, text=IGNORES)
    def ignore(self, place: str, text: str) -> None:
        self.clear(f"{place}.gitignore").write_text(text)

    @rule()
    def checkpoint(self) -> None:
        kept = self.worktree.checkpoint("note")
        assert self.worktree.tree_now() == kept.tree
        self.kept.append((kept, snapshot(self.worktree.place)))

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        kept, then = data.draw(st.sampled_from(self.kept))
        preview = self.worktree.preview(kept.commit)
        restored = self.worktree.restore(kept.commit)
        assert restored.changes == preview
        assert self.worktree.tree_now() == kept.tree
        now = snapshot(self.worktree.place)
        listed = self.worktree.repository.git.run("ls-tree", "-rz", "--name-only", kept.tree).records
        assert {path: now[path] for path in listed} == {path: then[path] for path in listed}

    @rule()
    def reopen(self) -> None:
        self.worktree = Worktree.open(self.worktree.repository, "r")

    @precondition(lambda self: self.kept)
    @rule()
    def lose_the_folder(self) -> None:
        shutil.rmtree(self.worktree.place)
        self.worktree = Worktree.open(self.worktree.repository, "r")
        assert self.worktree.tree_now() == self.worktree.checkpoint("again").tree
        assert not self.worktree.checkpoint("again").parent_tree_changed

    @invariant()
    def the_user_sees_nothing(self) -> None:
        assert (self.root / "user's" / "a.txt").read_text() == "one\n"


Folder.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFolder = pytest.mark.slow(Folder.TestCase)
