from __future__ import annotations

from pathlib import Path

import pytest
from workspace_cases import git, make_repository, snapshot, start, write

from waypost.workspace.checkout import clean_checkout, prune
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.open(make_repository(tmp_path / "user"))


KILLED_CHECKOUT = """
import os, signal, sys
from pathlib import Path
from waypost.workspace.repository import Repository
from waypost.workspace.checkout import clean_checkout
repository = Repository.open(Path(sys.argv[1]))
with clean_checkout(repository, repository.head, repository.head, Path(sys.argv[2])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_clean_checkout_holds_the_tree_and_goes_afterwards(repository: Repository, tmp_path: Path) -> None:
    worktree = Worktree.create(repository, "r1", "HEAD", tmp_path / "work")
    write(worktree.place / "new.txt", "trailing \n")
    write(worktree.place / ".gitignore", "junk\n")
    write(worktree.place / "junk", "x")
    kept = worktree.checkpoint("x")
    with clean_checkout(worktree.repository, kept.tree, worktree.branch_head(), tmp_path / "g") as clean:
        assert sorted(snapshot(clean.folder)) == [".gitignore", "a.txt", "new.txt", "src/b.py"]
        assert git(clean.folder, "status", "--porcelain") == ""
        assert git(clean.folder, "diff", "--name-only", "HEAD~1").split() == [".gitignore", "new.txt"]
        assert git(clean.folder, "rev-parse", "HEAD~1") == worktree.base
        write(clean.folder / "locked/file", "x").parent.chmod(0o500)
        assert prune(worktree.repository, tmp_path / "g") == ()
    assert list((tmp_path / "g").iterdir()) == []
    assert len(git(worktree.repository.top, "worktree", "list").split("\n")) == 2


def test_clean_checkouts_of_a_killed_process_are_pruned(repository: Repository, tmp_path: Path) -> None:
    start(KILLED_CHECKOUT, repository.top, tmp_path / "g").communicate()
    assert len(prune(repository, tmp_path / "g")) == 1
    assert list((tmp_path / "g").iterdir()) == []
    assert len(git(repository.top, "worktree", "list").split("\n")) == 1
