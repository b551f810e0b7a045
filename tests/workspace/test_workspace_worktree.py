from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from workspace_cases import SOURCE, git, make_repository, snapshot, start, write

from waypost.workspace import changes
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.errors import BadName, WorkspaceError
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree, remove, runs


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.open(make_repository(tmp_path / 'a "user" é'))


@pytest.fixture
def worktree(repository: Repository, tmp_path: Path) -> Worktree:
    return Worktree.create(repository, "r1", "HEAD", tmp_path / "work here")


def everything(top: Path) -> dict[str, tuple[int, str]]:
    """The user's files, index, HEAD, hooks and configuration."""
    mine = ("waypost", "objects", "worktrees", "logs")
    ours = ("refs/waypost", "refs/heads/waypost")
    seen = {f".git/{name}": value for name, value in snapshot(top / ".git", mine).items()}
    kept = {name: value for name, value in seen.items() if not name.removeprefix(".git/").startswith(ours)}
    return {**snapshot(top), **kept}


def test_the_users_checkout_index_head_and_hooks_are_untouched_and_hooks_never_run(
    repository: Repository, tmp_path: Path
) -> None:
    top, trace = repository.top, tmp_path / "trace"
    hooks = ["post-checkout", "pre-commit", "post-commit", "reference-transaction", "post-index-change"]
    for name in hooks:
        write(top / ".git/hooks" / name, f"#!/bin/sh\necho {name} >> '{trace}'\n").chmod(0o755)
    write(top / "a.txt", "dirty\n")
    write(top / "new.txt", "staged\n")
    git(top, "add", "new.txt")
    trace.unlink(missing_ok=True)
    before = everything(top)
    worktree = Worktree.create(repository, "r1", "HEAD", tmp_path / "work")
    write(worktree.place / "made.txt", "x\n")
    kept = worktree.checkpoint("made")
    worktree.commit_milestone("M01", [("Waypost-Run", "r1")], kept.tree)
    worktree.restore(worktree.base)
    worktree.move_branch(worktree.base)
    with clean_checkout(repository, kept.tree, worktree.base, tmp_path / "gates"):
        pass
    remove(repository, "r1")
    assert everything(top) == before
    assert not trace.exists()


def test_settings_that_an_agent_wrote_run_no_command(worktree: Worktree, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = write(tmp_path / "evil", f"#!/bin/sh\necho ran >> '{trace}'\ncat\n")
    script.chmod(0o755)
    names = ["filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "diff.evil.textconv"]
    for name in [*names, "merge.evil.driver", "core.fsmonitor", "filter.lfs.clean", "diff.external"]:
        git(worktree.repository.top, "config", name, str(script))
    write(worktree.place / ".gitattributes", "* filter=evil diff=evil merge=evil\n*.bin filter=lfs\n")
    write(worktree.place / "a.txt", "two\n")
    write(worktree.place / "a.bin", "two\n")
    first = worktree.checkpoint("one")
    write(worktree.place / "a.txt", "three\n")
    second = worktree.checkpoint("two")
    safe = guarded(worktree.repository)
    changes.diff(safe, first.commit, second.commit)
    changes.merge_probe(safe, first.commit, second.commit)
    worktree.restore(first.commit)
    with clean_checkout(worktree.repository, second.tree, worktree.base, tmp_path / "gates"):
        pass
    Worktree.create(worktree.repository, "r2", first.commit, tmp_path / "other").checkpoint("x")
    assert not trace.exists()


def test_a_checkpoint_keeps_untracked_files_and_leaves_out_ignored_ones(worktree: Worktree) -> None:
    write(worktree.place / ".gitignore", "*.log\n")
    write(worktree.place / "noise.log", "x")
    write(worktree.place / "new\nline é.txt", "a\nb\n")
    write(worktree.place / "a.txt", "two\nlines\n")
    (worktree.place / "src/b.py").unlink()
    kept = worktree.checkpoint("step 1")
    seen = {change.path: (change.status, change.added, change.removed) for change in kept.files_changed}
    assert seen == {
        ".gitignore": ("added", 1, 0),
        "a.txt": ("modified", 2, 1),
        "new\nline é.txt": ("added", 2, 0),
        "src/b.py": ("deleted", 0, 1),
    }
    assert (kept.number, kept.parent_tree_changed) == (1, True)
    assert git(worktree.place, "status", "--porcelain", "a.txt") == " M a.txt"


def test_an_unchanged_folder_gets_no_new_commit(worktree: Worktree) -> None:
    assert worktree.checkpoint("nothing").commit == worktree.base
    write(worktree.place / "a.txt", "two\n")
    kept = worktree.checkpoint("something")
    again = worktree.checkpoint("nothing")
    assert (again.commit, again.parent_tree_changed, again.files_changed) == (kept.commit, False, ())
    assert Worktree.open(worktree.repository, "r1").checkpoint("nothing").number == 1


def test_checkpoints_are_listed_oldest_first_with_their_notes(worktree: Worktree) -> None:
    for text in ("one", "two"):
        write(worktree.place / "a.txt", text * 3)
        worktree.checkpoint(f"note {text}")
    messages = [commit.message for commit in worktree.checkpoints()]
    assert messages == ["checkpoint 1\n\nnote one", "checkpoint 2\n\nnote two"]


def test_a_rewind_can_be_undone(worktree: Worktree) -> None:
    write(worktree.place / "deep/er/made.txt", "x")
    later = worktree.checkpoint("later")
    worktree.restore(worktree.base)
    assert not (worktree.place / "deep").exists()
    worktree.restore(later.commit)
    assert (worktree.place / "deep/er/made.txt").read_text() == "x"
    assert not worktree.checkpoint("same").parent_tree_changed


def test_a_rewind_names_formerly_ignored_files_that_had_to_go(worktree: Worktree) -> None:
    write(worktree.place / ".gitignore", "*.log\n")
    worktree.checkpoint("ignoring")
    write(worktree.place / "logs/x.log", "x")
    assert worktree.restore(worktree.base).lost == ("logs/x.log",)
    assert not (worktree.place / "logs").exists()


def test_files_of_embedded_repositories_are_kept(worktree: Worktree) -> None:
    for name, committed in (("fresh", False), ("in/side", True)):
        inner = worktree.place / name
        write(inner / "code.py", "x = 1\n")
        write(inner / "junk.log", "x\n")
        git(inner, "init", "-q")
        if committed:
            git(inner, "add", "-A")
            git(inner, "commit", "-qm", "inner")
    write(worktree.place / "in/side/nested/deep.py", "y\n")
    git(worktree.place / "in/side/nested", "init", "-q")
    write(worktree.place / ".gitignore", "*.log\n")
    kept = worktree.checkpoint("embedded")
    assert kept.embedded == ("fresh", "in/side", "in/side/nested")
    names = changes.changed_paths(guarded(worktree.repository), worktree.base, kept.commit)
    assert names == (".gitignore", "fresh/code.py", "in/side/code.py", "in/side/nested/deep.py")
    write(worktree.place / "fresh/code.py", "x = 2\n")
    assert [change.path for change in worktree.checkpoint("more").files_changed] == ["fresh/code.py"]
    assert "fresh/junk.log" in worktree.restore(worktree.base).lost
    assert sorted(snapshot(worktree.place)) == ["a.txt", "src/b.py"]
    worktree.restore(kept.commit)
    assert (worktree.place / "fresh/code.py").read_text() == "x = 1\n"
    assert worktree.tree_now() == kept.tree


def test_a_submodule_that_is_named_as_such_stays_a_link(worktree: Worktree, tmp_path: Path) -> None:
    library = make_repository(tmp_path / "library")
    git(worktree.place, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    kept = worktree.checkpoint("submodule")
    listed = worktree.repository.git.run("ls-tree", "-rz", kept.tree).records
    assert [line.split("\t")[1] for line in listed if line.startswith("160000")] == ["lib"]
    assert not worktree.checkpoint("same").parent_tree_changed


def test_what_cannot_be_kept_is_named_and_does_no_harm(worktree: Worktree) -> None:
    place = worktree.place
    with (place / "huge.bin").open("wb") as stream:
        stream.truncate(51 * 1024 * 1024)
    (place / "a.txt").unlink()
    os.mkfifo(place / "a.txt")
    write(place / ".GIT/x", "x")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(place / "s"))
    kept = worktree.checkpoint("odd")
    listener.close()
    assert {(item.path, item.reason) for item in kept.skipped} == {
        ("huge.bin", "larger than 50 MB"),
        ("a.txt", "no regular file"),
        (".GIT/x", "a name that git reserves"),
    }
    assert [(change.path, change.status) for change in kept.files_changed] == [("a.txt", "deleted")]
    worktree.restore(worktree.base)
    assert (place / "huge.bin").exists()
    assert (place / "a.txt").read_text() == "one\n"


def test_a_milestone_moves_the_branch_and_the_folder_follows(worktree: Worktree) -> None:
    write(worktree.place / "a.txt", "two\n")
    git(worktree.place, "checkout", "-q", "-b", "agents-own")
    git(worktree.place, "commit", "-qam", "the agent's own commit")
    write(worktree.place / "new.txt", "x\n")
    write(worktree.repository.git_dir / "worktrees/work here/index.lock", "")
    kept = worktree.checkpoint("x")
    commit = worktree.commit_milestone("M01 - done", [("Waypost-Run", "r1"), ("Waypost-Log", "1..\n 9")], kept.tree)
    (told,) = changes.commits(guarded(worktree.repository), worktree.base, commit)
    assert told.trailers == (("Waypost-Run", "r1"), ("Waypost-Log", "1.. 9"))
    assert (told.parents, told.tree, told.subject) == ((worktree.base,), kept.tree, "M01 - done")
    assert git(worktree.place, "rev-parse", "HEAD", "waypost/r1").split() == [commit, commit]
    assert git(worktree.place, "status", "--porcelain") == ""
    worktree.move_branch(worktree.base)
    assert git(worktree.place, "status", "--porcelain").split("\n") == [" M a.txt", "?? new.txt"]


def test_a_milestone_survives_an_agent_that_removed_dot_git(worktree: Worktree) -> None:
    (worktree.place / ".git").unlink()
    git(worktree.place, "init", "-q")
    write(worktree.place / "a.txt", "two\n")
    commit = worktree.commit_milestone("M01", [], worktree.checkpoint("x").tree)
    assert git(worktree.place, "rev-parse", "HEAD") == commit
    shutil.rmtree(worktree.repository.git_dir / "worktrees")
    worktree.move_branch(worktree.base)
    assert git(worktree.place, "rev-parse", "HEAD") == worktree.base


def test_a_lost_folder_comes_back_from_the_last_checkpoint(worktree: Worktree) -> None:
    write(worktree.place / "made.txt", "x")
    kept = worktree.checkpoint("x")
    shutil.rmtree(worktree.place)
    again = Worktree.open(worktree.repository, "r1")
    assert (again.place / "made.txt").read_text() == "x"
    assert again.checkpoint("same").commit == kept.commit
    assert git(again.place, "status", "--porcelain") == "?? made.txt"


def test_two_worktrees_of_one_repository_work_at_once(repository: Repository, tmp_path: Path) -> None:
    both = [Worktree.create(repository, name, "HEAD", tmp_path / name) for name in ("x", "y")]

    def work(worktree: Worktree) -> None:
        for number in range(10):
            write(worktree.place / f"{number}.txt", f"{worktree.run} {number}\n")
            worktree.commit_milestone("m", [], worktree.checkpoint("s").tree)

    threads = [threading.Thread(target=work, args=(worktree,)) for worktree in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(worktree.checkpoints()) for worktree in both] == [10, 10]
    assert runs(repository) == ("x", "y")


def test_removing_a_run_keeps_its_branch_only(worktree: Worktree) -> None:
    repository, base = worktree.repository, worktree.base
    worktree.checkpoint("x")
    remove(repository, "r1")
    assert not worktree.place.exists()
    assert git(repository.top, "rev-parse", "waypost/r1") == base
    assert git(repository.top, "for-each-ref", "refs/waypost") == ""
    assert len(git(repository.top, "worktree", "list").split("\n")) == 1


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a..b", "x.lock", "-x", "x."])
def test_a_name_that_can_leave_its_folder_is_refused(repository: Repository, name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        Worktree.create(repository, name, "HEAD", tmp_path / "w")


def test_a_run_that_exists_is_not_made_again(worktree: Worktree, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="waypost/r1"):
        Worktree.create(worktree.repository, "r1", "HEAD", tmp_path / "other")
    with pytest.raises(WorkspaceError, match="not empty"):
        Worktree.create(worktree.repository, "r2", "HEAD", worktree.place)
    with pytest.raises(BadName, match="nowhere"):
        Worktree.create(worktree.repository, "r2", "nowhere", tmp_path / "other")


def test_a_merge_is_probed_without_a_work_tree(repository: Repository, tmp_path: Path) -> None:
    ours, theirs, fair = (Worktree.create(repository, name, "HEAD", tmp_path / name) for name in "xyz")
    write(ours.place / "a.txt", "ours\n")
    write(theirs.place / "a.txt", "theirs\n")
    write(fair.place / "c.txt", "c\n")
    a, b, c = (w.commit_milestone("m", [], w.checkpoint("s").tree) for w in (ours, theirs, fair))
    safe = guarded(repository)
    probe = changes.merge_probe(safe, a, b)
    assert (probe.is_clean, probe.conflicts) == (False, ("a.txt",))
    assert "Merge conflict in a.txt" in probe.messages[0]
    assert changes.merge_probe(safe, a, c).is_clean


ENDLESS_CHECKPOINTS = """
import sys
from pathlib import Path
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree
worktree = Worktree.open(Repository.open(Path(sys.argv[1])), "r1")
number = 0
while True:
    number += 1
    (worktree.place / f"{number % 7}.txt").write_text(str(number) * 1000)
    print(worktree.checkpoint("x").commit, flush=True)
"""


def test_a_kill_in_the_middle_of_checkpoints_loses_no_acknowledged_one(worktree: Worktree) -> None:
    acknowledged: list[str] = []
    for delay in (0.0, 0.01, 0.025, 0.04, 0.06):
        process = start(ENDLESS_CHECKPOINTS, worktree.repository.top)
        acknowledged.append(process.stdout.readline().decode().strip())
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        acknowledged += process.communicate()[0].decode().split()
        again = Worktree.open(worktree.repository, "r1")
        again.checkpoint("after the kill")
        kept = [commit.id for commit in again.checkpoints()]
        assert set(acknowledged) <= set(kept)
        assert git(worktree.repository.top, "fsck", "--connectivity-only", "--no-dangling") == ""
    assert len(acknowledged) >= 5


def test_a_leftover_lock_of_our_own_index_is_no_obstacle(worktree: Worktree) -> None:
    write(worktree.repository.private_folder / "runs/r1/index.lock", "")
    write(worktree.place / "a.txt", "two\n")
    assert worktree.checkpoint("x").parent_tree_changed


FULL_DISK = """
mount -t tmpfs -o size=5m none "$1" && cd "$1" && exec "$2" -c '
import os, sys
from pathlib import Path
from waypost.workspace.errors import DiskFull
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree
os.system("git init -q user && cd user && echo a > a && git add a")
os.system("cd user && git -c user.name=a -c user.email=b commit -qm a")
worktree = Worktree.create(Repository.open(Path("user")), "r1", "HEAD", Path("work").absolute())
(worktree.place / "small").write_text("x")
kept = worktree.checkpoint("fits").commit
(worktree.place / "large").write_bytes(os.urandom(3_000_000))
try:
    worktree.checkpoint("does not fit")
except DiskFull:
    print("disk full")
(worktree.place / "large").unlink()
print(worktree.checkpoint("again").commit == kept)
'
"""


def test_a_full_disk_is_said_and_former_checkpoints_are_kept(tmp_path: Path) -> None:
    namespaces = ["unshare", "--map-root-user", "--mount"] if shutil.which("unshare") else []
    if not namespaces or subprocess.run([*namespaces, "true"], check=False).returncode:
        pytest.skip("a small file system needs user namespaces (util-linux)")
    command = [*namespaces, "sh", "-c", FULL_DISK, "sh", str(tmp_path), sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.split("\n")[:2] == ["disk full", "True"], ended.stderr


UNREADABLE = """
import os, sys
from pathlib import Path
from waypost.workspace.repository import Repository
from waypost.workspace.worktree import Worktree
os.umask(0o022)
os.system("git init -q user && cd user && mkdir d && echo a > a && echo b > d/b && git add .")
os.system("cd user && git -c user.name=a -c user.email=b commit -qm a")
worktree = Worktree.create(Repository.open(Path("user")), "r1", "HEAD", Path("work").absolute())
(worktree.place / "a").write_text("changed")
(worktree.place / "a").chmod(0)
(worktree.place / "d").chmod(0)
(worktree.place / "new").write_text("new")
kept = worktree.checkpoint("x")
print([item.path for item in kept.skipped], [change.path for change in kept.files_changed])
(worktree.place / "d").chmod(0o755)
(worktree.place / "only/read").mkdir(parents=True)
(worktree.place / "only/read/file").write_text("x")
(worktree.place / "only/read").chmod(0o555)
worktree.checkpoint("y")
worktree.restore(worktree.base)
print(sorted(os.listdir(worktree.place)), (worktree.place / "a").read_text().strip())
"""


def test_unreadable_files_are_named_and_read_only_folders_restored(tmp_path: Path) -> None:
    # Root reads everything, but not in a user namespace in which it is nobody.
    drop = ["unshare", "--user"] if os.getuid() == 0 else []
    if drop and (not shutil.which("unshare") or subprocess.run([*drop, "true"], check=False).returncode):
        pytest.skip("as root this needs user namespaces (util-linux)")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [*drop, sys.executable, "-c", UNREADABLE]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines() == ["['a', 'd/b'] ['new']", "['.git', 'a', 'd'] a"], ended.stderr
