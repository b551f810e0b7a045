"""Bad input gets a clear line with place and mend, exit 2, and changes nothing; awkward input works and says so."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback_server import LoopbackServer
from runs_cases import (
    Aim,
    Place,
    Stateless,
    call,
    commit,
    done,
    git,
    make_place,
    scripted,
    shell,
    tree_of,
    write,
    write_documents,
)

from waypost.events import kinds

AIM = Aim("M01", "Make a file", {"made": "test -e made.txt"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make_place(tmp_path)
    write_documents(place.root, "plan", [AIM])
    return place


def model(folder: Path) -> str:
    return scripted(folder, [shell("echo made > made.txt"), done()])


def standing(place: Place) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Every byte of the repository, .git and .waypost included, and of Waypost's home."""
    return tree_of(place.root), tree_of(place.home) if place.home.exists() else {}


def refused(place: Place, *arguments: str, cwd: Path | None = None) -> str:
    """What was said; the exit code is 2 and nothing was changed."""
    before = standing(place)
    ended = place.waypost(*arguments, cwd=cwd)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    after = standing(place)
    different = {name for one, other in zip(before, after, strict=True) for name, _ in one.items() ^ other.items()}
    assert different == set()
    assert "Traceback" not in ended.stderr
    assert "waypost: " in ended.stderr
    return ended.stderr


def begun(place: Place, folder: Path) -> str:
    """A run that has paused: refusals must leave it as it is, too."""
    run = place.open_run("plan", model(folder))
    assert place.work(run, limits=kinds.Limits(steps=1)).outcome == "budget"
    return run


BREAK: dict[str, tuple[Callable[[str], str], str, str]] = {
    "no id": (lambda text: text.replace("Milestone M01 -", "Milestone"), "### Milestone", "M01"),
    "an unknown label": (lambda text: text.replace("Acceptance criteria", "Acceptance creteria"), "- [ ]", "criteria:"),
    "no gate": (lambda text: text.replace(" (gate: made)", ""), "- [ ]", '"(gate: NAME)"'),
    "an unknown gate": (lambda text: text.replace("(gate: made)", "(gate: mode)"), "- [ ]", "made"),
    "an open fence": (lambda text: text.rsplit("```", 1)[0], "```bash", "```"),
}


@pytest.mark.slow
@pytest.mark.parametrize("sort", list(BREAK))
@pytest.mark.parametrize("fresh", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_broken_documents_are_told_by_file_and_line_with_the_mend(
    place: Place, tmp_path: Path, sort: str, fresh: bool
) -> None:
    if not fresh:
        begun(place, tmp_path)
    change, line, mend = BREAK[sort]
    plan = place.root / ".agent/plan/PLAN.md"
    text = change(plan.read_text())
    assert text != plan.read_text()
    plan.write_text(text)
    said = refused(place, "run", "plan", "--model", model(tmp_path), "--yes", "--new")
    number = next(n for n, found in enumerate(text.splitlines(), 1) if found.startswith(line))
    assert f"PLAN.md:{number}: " in said
    assert mend in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("nobody:model", "no such kind of model"),
        ("antropic:claude", "anthropic"),
        ("just-a-name", "KIND:NAME"),
        ("openai:", "MODEL"),
        ("scripted:/nowhere.json", "/nowhere.json"),
        ("anthropic:claude", "ANTHROPIC_API_KEY"),
        ("openai:gpt", "OPENAI_API_KEY"),
    ],
)
@pytest.mark.parametrize("aimed", ["plan", pytest.param("a goal in words", marks=pytest.mark.slow)])
def test_an_unknown_model_and_a_missing_key_are_refused_before_anything_is_made(
    place: Place, name: str, mend: str, aimed: str
) -> None:
    assert mend in refused(place, "run", aimed, "--model", name, "--yes")


def test_no_model_at_all_is_refused_with_examples(place: Place) -> None:
    assert "--model openai:" in refused(place, "run", "plan", "--yes")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nobody:model", "anthropic:claude"])
def test_a_resume_with_a_model_that_cannot_work_changes_nothing(place: Place, tmp_path: Path, name: str) -> None:
    begun(place, tmp_path)
    refused(place, "resume", "--model", name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "mend"),
    [
        (("--window", "100"), "8,000"),
        (("--max-cost", "much"), "--max-cost"),
        (("--max-tokens", "-1"), "--max-tokens"),
        (("--max-time", "soon"), "--max-time"),
    ],
)
def test_a_number_that_is_none_is_refused(place: Place, tmp_path: Path, given: tuple[str, str], mend: str) -> None:
    assert mend in refused(place, "run", "plan", "--model", model(tmp_path), "--yes", *given)


def test_outside_of_a_repository_the_command_that_makes_one_is_named(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert "git init" in refused(place, "run", "plan", "--model", model(tmp_path), "--yes", cwd=folder)
    assert list(folder.iterdir()) == []


def test_without_a_commit_the_command_that_makes_the_first_is_named(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    place = Place(root, tmp_path / "home")
    write_documents(root, "plan", [AIM])
    assert "git commit" in refused(place, "run", "plan", "--model", model(tmp_path), "--yes")


def test_documents_that_are_not_there_are_named_with_those_that_are(place: Place, tmp_path: Path) -> None:
    assert "plan" in refused(place, "run", "plane", "--model", model(tmp_path), "--yes")
    assert "--yes" in refused(place, "run", "plan", "--model", model(tmp_path)), "nobody can be asked"


@pytest.mark.slow
def test_a_log_of_a_newer_schema_is_left_alone(place: Place, tmp_path: Path) -> None:
    begun(place, tmp_path)
    with sqlite3.connect(place.root / ".waypost/state.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    for arguments in (("run", "plan", "--model", model(tmp_path), "--yes"), ("resume",), ("status",), ("log",)):
        assert "newer Waypost" in refused(place, *arguments)


def test_a_log_that_is_none_is_left_alone(place: Place, tmp_path: Path) -> None:
    write(place.root / ".waypost/state.db", "not a database at all, but some text\n" * 50)
    assert "state.db" in refused(place, "run", "plan", "--model", model(tmp_path), "--yes")


@pytest.mark.slow
def test_a_second_process_on_the_same_run_is_refused(place: Place, tmp_path: Path) -> None:
    slow = scripted(tmp_path, [shell("echo 1 > new.txt"), *[shell(f"sleep 1; echo {n}") for n in range(20)], done()])
    process = place.start("run", "plan", "--model", slow, "--yes", "--json")
    try:
        assert process.stdout is not None
        run = json.loads(process.stdout.readline())["run"]
        while "workspace.checkpointed" not in process.stdout.readline():
            continue
        for arguments in (
            ("run", "plan", "--model", slow, "--yes"),
            ("run", "plan", "--model", slow, "--yes", "--new"),
            ("resume", run),
            ("gate", run),
            ("rewind", run, "1", "--yes"),
        ):
            ended = place.waypost(*arguments)
            assert ended.returncode == 2, (arguments, ended.stdout)
            assert str(process.pid) in ended.stderr, arguments
        assert process.poll() is None, "the first one works on"
        starts = [r for r in place.every(run) if r.event.kind in {"run.started", "run.rewound"}]
        assert len(starts) == 1
    finally:
        process.kill()
        process.communicate()


# --- awkward, but good -----------------------------------------------------------------------------------------------


def completed(place: Place, folder: Path, *more: str) -> tuple[str, list[str]]:
    """Runs to the end; gives the run and its notices."""
    ended = place.waypost("run", "plan", "--model", model(folder), "--yes", *more)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run = place.every()[-1].run
    opened = place.view(run).opened
    assert opened is not None
    assert all(notice in ended.stdout for notice in opened.notices), "a notice is said, not only logged"
    return run, list(opened.notices)


@pytest.mark.slow
def test_a_dirty_tree_works_is_not_touched_and_is_said(place: Place, tmp_path: Path) -> None:
    write(place.root / "a.txt", "changed\n")
    write(place.root / "new.txt", "new\n")
    before = tree_of(place.root, (".git", ".waypost", ".agent")), git(place.root, "status", "--porcelain")
    run, notices = completed(place, tmp_path)
    assert (tree_of(place.root, (".git", ".waypost", ".agent")), git(place.root, "status", "--porcelain")) == before
    assert ["2 uncommitted changes" in notice for notice in notices] == [True]
    assert (place.worktree(run) / "a.txt").read_text() == "one\n"


@pytest.mark.slow
def test_a_detached_head_works_and_is_said(place: Place, tmp_path: Path) -> None:
    git(place.root, "checkout", "-q", "--detach")
    head = git(place.root, "rev-parse", "HEAD")
    _, notices = completed(place, tmp_path)
    assert [f"detached at {head[:12]}" in notice for notice in notices] == [True]
    assert git(place.root, "rev-parse", "HEAD") == head


@pytest.mark.slow
def test_submodules_are_said(place: Place, tmp_path: Path) -> None:
    other = make_place(tmp_path / "other")
    git(place.root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "vendored")
    commit(place.root)
    _, notices = completed(place, tmp_path)
    assert ["submodules" in notice and "vendored" in notice for notice in notices] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "日本語 'quoted' \"twice\"",
        pytest.param("mit Leerzeichen und Übermaß", marks=pytest.mark.slow),
        pytest.param("-dash $HOME `ls`", marks=pytest.mark.slow),
    ],
)
def test_a_path_with_spaces_and_beyond_ascii_works(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path / name, {"a.txt": "one\n", "ünter ordner/ä.txt": "ä\n"})
    place.home = tmp_path / f"home {name}"
    monkeypatch.setenv("WAYPOST_HOME", str(place.home))
    write_documents(place.root, "plan", [AIM])
    ended = place.waypost("run", "--model", model(tmp_path), "--yes", cwd=place.root / "ünter ordner")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "- [x] M01.A1" in (place.root / ".agent/plan/PLAN.md").read_text()


def test_documents_changed_after_the_approval_are_not_what_the_run_works_by(place: Place, tmp_path: Path) -> None:
    run = begun(place, tmp_path)
    plan = place.root / ".agent/plan/PLAN.md"
    plan.write_text(plan.read_text().replace("test -e made.txt", "true"))
    assert place.work(run, limits=kinds.Limits(steps=100)).outcome == "complete"
    commands = {r.event.command for r in place.live(run, kinds.GateStarted.kind)}
    assert commands == {"test -e made.txt"}


# --- a full disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("no mount here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["something else fills it", pytest.param("a command fills it", marks=pytest.mark.slow)])
def test_a_full_disk_pauses_the_run_and_keeps_its_checkpoints(
    tmp_path: Path, small_disk: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_place(small_disk)
    monkeypatch.setenv("WAYPOST_HOME", str(place.home))
    place.unheld = True
    write_documents(place.root, "plan", [Aim("M01", "Files", {"made": "test -e file-9.txt"})])
    ballast = small_disk / "ballast"
    fill = "dd if=/dev/urandom of=big.bin bs=64k status=none"
    if how == "something else fills it":
        fill = f"dd if=/dev/zero of={ballast} bs=64k status=none"
    steps = [[("shell", {"command": f"echo {n} > file-{n}.txt"})] for n in range(10)]
    steps.insert(4, [("shell", {"command": f"test -e {ballast}.once || {{ touch {ballast}.once; {fill}; }}; true"})])
    with LoopbackServer(Stateless({"M01": steps})) as server:
        first = place.waypost("run", "plan", "--model", "openai:any", "--base-url", server.url, "--yes", "--json")
        assert first.returncode == 1, first.stderr
        assert "Traceback" not in first.stderr
        assert "bug in Waypost" not in first.stderr
        assert "paused" in first.stderr
        assert "free some space" in first.stderr
        run = json.loads(first.stdout.splitlines()[0])["run"]
        stored = {record.seq for record in place.every(run)}
        assert {json.loads(line)["seq"] for line in first.stdout.splitlines()} <= stored
        kept = [r.event for r in place.live(run, kinds.Checkpointed.kind)]
        assert len(kept) >= 3
        for checkpoint in kept:
            git(place.root, "cat-file", "-e", f"{checkpoint.commit}^{{tree}}")
        again = place.waypost("resume", run)
        assert again.returncode in {1, 3}, "still full"
        assert "free some space" in again.stderr + again.stdout
        ballast.unlink(missing_ok=True)
        (place.worktree(run) / "big.bin").unlink(missing_ok=True)
        last = place.waypost("resume", run)
    assert last.returncode == 0, last.stdout + last.stderr
    assert place.states(run) == {"M01": "passed"}


# --- nonsense --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_that_returns_nonsense_for_ever_ends_the_run_with_exit_1(place: Place, tmp_path: Path) -> None:
    nonsense = scripted(tmp_path, [], final={"calls": [call("teleport", to="production")]})
    ended = place.waypost("run", "plan", "--model", nonsense, "--yes", "--json")
    assert ended.returncode == 1, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert told[-1]["outcome"] == "blocked"
    assert sum(event["kind"] == "model.requested" for event in told) < 60
