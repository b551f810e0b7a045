from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from workspace_cases import git, make_repository, write

from waypost.workspace.errors import BadName, BadRepository, GitFailed
from waypost.workspace.git import Git, version
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te', "ünï 漢", "new\nline", "back\\slash"])
def test_any_folder_name_works_end_to_end(tmp_path: Path, name: str) -> None:
    top = make_repository(tmp_path / name)
    repository = Repository.open(top / "src")
    assert (repository.top, repository.branch, repository.is_shallow) == (top, "main", False)
    assert repository.git_dir == top / ".git"
    worktree = Worktree.create(repository, "r", "HEAD", tmp_path / f"{name} work")
    write(worktree.place / f"{name}.txt", "x")
    assert [change.path for change in worktree.checkpoint("x").files_changed] == [f"{name}.txt"]
    assert Worktree.open(repository, "r").place == worktree.place


def test_a_folder_without_repository_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(BadRepository, match="git init && git add -A && git commit"):
        Repository.open(tmp_path)
    with pytest.raises(BadRepository, match="no such folder"):
        Repository.open(tmp_path / "nowhere")


def test_a_repository_without_commits_is_refused_with_the_mend(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(BadRepository, match="no commit yet; make the first with `git add -A && git commit"):
        Repository.open(tmp_path)


def test_a_bare_repository_and_a_git_folder_are_refused(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user")
    git(tmp_path, "clone", "-q", "--bare", str(top), "bare")
    with pytest.raises(BadRepository, match="bare repository"):
        Repository.open(tmp_path / "bare")
    with pytest.raises(BadRepository, match=r"inside a \.git folder"):
        Repository.open(top / ".git")


def test_a_detached_head_and_a_shallow_clone_are_told_and_work(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user")
    git(top, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{top}", "shallow")
    git(tmp_path / "shallow", "checkout", "-q", "--detach")
    repository = Repository.open(tmp_path / "shallow")
    assert (repository.branch, repository.is_shallow) == (None, True)
    worktree = Worktree.create(repository, "r", "HEAD", tmp_path / "work")
    write(worktree.place / "a.txt", "two\n")
    assert worktree.checkpoint("x").number == len(worktree.checkpoints()) == 1


def test_a_run_can_start_from_inside_another_worktree(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user")
    git(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    repository = Repository.open(tmp_path / "side")
    assert (repository.top, repository.git_dir) == (tmp_path / "side", top / ".git")
    worktree = Worktree.create(repository, "r", "side", tmp_path / "work")
    assert worktree.checkpoint("x").commit == repository.head


def test_dirty_paths_are_counted_and_the_first_twenty_named(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user")
    assert Repository.open(top).dirty().count == 0
    for number in range(25):
        write(top / f"{number:02} é.txt", "x")
    write(top / "a.txt", "two\n")
    dirty = Repository.open(top).dirty()
    assert (dirty.count, len(dirty.paths), dirty.paths[:2]) == (26, 20, ("a.txt", "00 é.txt"))


def test_submodules_are_named_and_left_empty(tmp_path: Path) -> None:
    library, top = make_repository(tmp_path / "library"), make_repository(tmp_path / "user")
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "a lib")
    git(top, "commit", "-qm", "library")
    repository = Repository.open(top)
    assert repository.submodules() == ("a lib",)
    worktree = Worktree.create(repository, "r", "HEAD", tmp_path / "work")
    assert not worktree.checkpoint("x").parent_tree_changed
    assert list((worktree.place / "a lib").iterdir()) == []


def test_a_pattern_is_excluded_once(tmp_path: Path) -> None:
    repository = Repository.open(make_repository(tmp_path / "user"))
    file = repository.git_dir / "info/exclude"
    file.write_text("# last line without end")
    repository.exclude("/.waypost/")
    repository.exclude("/.waypost/")
    assert file.read_text() == "# last line without end\n/.waypost/\n"
    worktree = Worktree.create(repository, "r", "HEAD", tmp_path / "work")
    write(worktree.place / ".waypost/state.db", "x")
    assert not worktree.checkpoint("x").parent_tree_changed


def test_a_name_resolves_to_an_id_or_is_refused(tmp_path: Path) -> None:
    repository = Repository.open(make_repository(tmp_path / "user"))
    assert repository.resolve("main") == repository.resolve(repository.head) == repository.head
    with pytest.raises(BadName, match="names no commit"):
        repository.resolve("--all")


def test_the_callers_git_variables_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = make_repository(tmp_path / "user")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, "/nowhere")
    assert Repository.open(top).branch == "main"


def test_commits_bear_the_users_identity_or_else_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    top = make_repository(tmp_path / "user")
    repository = Repository.open(top)
    shown = []
    for name in ("ours", "users"):
        worktree = Worktree.create(repository, name, "HEAD", tmp_path / name)
        commit = worktree.commit_milestone("m", [], worktree.checkpoint("x").tree)
        shown.append(git(top, "log", "-1", "--format=%an <%ae>", commit))
        git(top, "config", "user.name", 'Zoë "Z" \\ X')
        git(top, "config", "user.email", "zoe@localhost")
    assert shown == ["Waypost <waypost@localhost>", 'Zoë "Z" \\ X <zoe@localhost>']


def test_a_repository_with_sha256_names_works(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "user")
    write(tmp_path / "user/a.txt", "one\n")
    git(tmp_path / "user", "add", "-A")
    git(tmp_path / "user", "commit", "-qm", "start")
    worktree = Worktree.create(Repository.open(tmp_path / "user"), "r", "HEAD", tmp_path / "work")
    write(worktree.place / "in/b.txt", "x")
    git(worktree.place / "in", "init", "-q")
    assert len(worktree.checkpoint("x").commit) == 64
    worktree.restore(worktree.base)
    assert not (worktree.place / "in").exists()


def test_line_ends_follow_the_users_settings(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user", {"a.txt": "one\n", ".gitattributes": "*.txt text eol=crlf\n"})
    worktree = Worktree.create(Repository.open(top), "r", "HEAD", tmp_path / "work")
    assert (worktree.place / "a.txt").read_bytes() == b"one\r\n"
    assert not worktree.checkpoint("x").parent_tree_changed


def test_a_failed_command_says_which_and_why(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match=r"git cat-file -p nothing ended with 128: fatal"):
        Git(tmp_path).run("cat-file", "-p", "nothing")
    assert version(Git(tmp_path)) >= (2, 30)


def test_a_repository_of_somebody_else_is_refused_with_gits_advice(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "user")
    changed = subprocess.run(["chown", "-R", "65534", str(top)], capture_output=True, check=False)
    if changed.returncode:
        pytest.skip("only root can give a folder away")
    with pytest.raises(BadRepository, match=r"safe\.directory"):
        Repository.open(top)
