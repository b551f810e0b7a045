"""Trees as values, on real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from workspace_cases import git, make_repository, write

from waypost.workspace.errors import WorkspaceError
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository
from waypost.workspace.trees import LINK, Entry, GitTree, changed, with_entries


def opened(folder: Path) -> tuple[Repository, GitTree]:
    repository = Repository.open(folder)
    return repository, GitTree(guarded(repository), repository.head)


def test_a_tree_lists_files_links_and_odd_names_and_reads_their_bytes(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "a b", {"x y/ü\tz.txt": "one\n\n", "empty": "", "run.sh": "#!/bin/sh\n"})
    (folder / "run.sh").chmod(0o755)
    (folder / "way").symlink_to("x y")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "more")
    _, tree = opened(folder)
    assert set(tree.entries) == {"x y/ü\tz.txt", "empty", "run.sh", "way"}
    assert tree.entries["run.sh"].mode == "100755"
    assert tree.entries["way"].mode == LINK
    assert tree.read("x y/ü\tz.txt") == b"one\n\n"
    assert tree.read("empty") == b""
    assert tree.read("way") == b"x y"
    assert tree.id == git(folder, "rev-parse", "HEAD^{tree}")
    with pytest.raises(KeyError):
        tree.read("none")


def test_only_paths_that_differ_in_mode_or_bytes_are_changed(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "r", {"a": "1", "b": "2", "c": "3", "d": "4"})
    _, before = opened(folder)
    write(folder / "b", "two")
    (folder / "c").chmod(0o755)
    (folder / "d").unlink()
    write(folder / "e", "5")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "more")
    _, after = opened(folder)
    found = changed(before, after)
    assert list(found) == ["b", "c", "d", "e"]
    assert found["d"][1] is None
    assert found["e"][0] is None
    assert found["c"][0] is not None
    assert found["c"][0].id == after.entries["c"].id


def test_a_tree_with_other_entries_is_made_without_touching_folder_or_index(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "r", {"a": "1", "sub/b": "2", "sub/c": "3"})
    repository, before = opened(folder)
    one = before.entries["a"]
    status = git(folder, "status", "--porcelain")
    made = with_entries(repository, before.id, {"a": None, "a/deep/x": one, "sub": one, "new": one})
    assert dict(GitTree(guarded(repository), made).entries) == {"a/deep/x": one, "sub": one, "new": one}
    assert git(folder, "status", "--porcelain") == status
    assert with_entries(repository, before.id, {}) == before.id
    assert with_entries(repository, made, {"a/deep/x": None, "none": None}) != made
    assert not list(repository.private_folder.glob("entries-*"))


def test_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    repository, tree = opened(make_repository(tmp_path / "r", {"a": "1"}))
    entry = Entry("100644", tree.entries["a"].id)
    with pytest.raises(WorkspaceError, match="x/y lies in it"):
        with_entries(repository, tree.id, {"x": entry, "x/y": entry})
