"""An environment is captured when its documents are approved, and looked at before attempts and gates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs_cases import Aim, Place, done, git, make_place, scripted, shell, write, write_documents
from setting_up_cases import place_with

from waypost.environment.pinfile import NAME, read_lock
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.kinds import Limits
from waypost.runs.evidence import evidence_of
from waypost.runs.opening import open_run
from waypost.runs.settings import Settings

PACKAGE = """\
mkdir -p "$WAYPOST_ENVIRONMENT/node_modules/tiny"
echo '{"packages": {"node_modules/tiny": {"version": "1.0", "integrity": "sha512-x"}}}' \\
  > "$WAYPOST_ENVIRONMENT/node_modules/.package-lock.json"
"""


@pytest.mark.slow
def test_approve_builds_and_captures_the_environment_and_a_run_is_held_to_it(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    told = place.waypost("approve", "thing", "--json")
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)["environment"]
    assert (answer["packages"], answer["findings"]) == (1, [])
    assert "its set-up has this machine's whole network" in answer["notes"][0]
    assert "building and capturing the environment" in told.stderr
    pinned = read_lock(place.root / ".agent/thing")
    assert pinned is not None
    assert pinned.digest == answer["digest"]
    captured = place.every()[-1]
    assert isinstance(captured.event, kinds.EnvironmentCaptured)
    assert captured.event.reason == "captured at approval"
    run = place.waypost("run", "thing", "--model", scripted(tmp_path, [done()]))
    assert run.returncode == 0, run.stderr
    name = newest(place)
    pins = [record.event for record in place.live(name, kinds.EnvironmentCaptured.kind)]
    assert [(pin.digest, pin.reason) for pin in pins] == [(pinned.digest, "approved with the documents")]


@pytest.mark.slow
def test_documents_on_the_branch_are_held_to_what_the_log_captured_at_their_approval(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    assert place.waypost("approve", "thing").returncode == 0
    assert git(place.root, "status", "--porcelain").endswith(f".agent/thing/{NAME}")
    _change_what_was_built(place.home)
    told = place.waypost("run", "thing", "--model", scripted(tmp_path, [shell("echo 1 > one.txt"), done()]))
    assert told.returncode == 1
    run = newest(place)
    assert "tiny 1.0 → 2.0" in str(place.live(run, kinds.EnvironmentDrifted.kind)[0].event)
    assert not place.live(run, kinds.ModelRequested.kind), "the environment is looked at before the first attempt"
    assert "tiny 1.0 → 2.0" in place.waypost("doctor", run).stdout


@pytest.mark.slow
def test_an_env_lock_that_lies_there_is_the_pin_and_approve_tells_the_difference(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    assert place.waypost("approve", "thing").returncode == 0
    file = place.root / ".agent/thing" / NAME
    before = file.read_bytes()
    _change_what_was_built(place.home)
    told = place.waypost("approve", "thing")
    assert (told.returncode, file.read_bytes()) == (1, before)
    assert f"not as in {NAME}: tiny 1.0 → 2.0" in told.stderr
    assert "approved .agent/thing" in told.stdout
    file.write_text("{}")
    told = place.waypost("approve", "thing")
    assert (told.returncode, "holds no environment of Waypost's" in told.stderr) == (1, True)
    file.unlink()
    assert place.waypost("approve", "thing").returncode == 0


@pytest.mark.slow
def test_a_failing_set_up_is_told_by_approve_and_the_approval_stands(tmp_path: Path) -> None:
    place = place_with(tmp_path, "echo no such package; exit 4")
    told = place.waypost("approve", "thing")
    assert told.returncode == 1
    assert "failed with exit code 4" in told.stderr
    assert "no such package" in told.stderr
    assert "the approval stands" in told.stderr
    assert place.every()[-1].event.kind == kinds.DocumentsApproved.kind
    write(place.root / ".agent/thing/IMPLEMENT.md", "# How\n\nOtherwise.\n")
    ran = place.waypost("run", "thing", "--yes", "--model", scripted(tmp_path, [done()]))
    assert (ran.returncode, "failed with exit code 4" in ran.stderr) == (1, True)
    assert not [record for record in place.every() if isinstance(record.event, kinds.RunOpened)]


def test_without_an_environment_approval_captures_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    write_documents(place.root, "thing", [Aim("M01", "A", {"ok": "true"})])
    told = place.waypost("approve", "thing", "--json")
    assert (told.returncode, json.loads(told.stdout)["environment"], told.stderr) == (0, None, "")
    assert not place.home.exists()


def test_where_no_sandbox_is_had_approval_says_that_the_run_will_build(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    told = place.waypost("approve", "thing", WAYPOST_SANDBOX="none")
    assert told.returncode == 0
    assert "the environment is built and captured when the run starts" in told.stderr


@pytest.mark.slow
def test_a_drift_between_attempts_stops_the_milestone_before_its_gates_and_before_the_next(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    place.waypost("approve", "thing")
    run = opened(place, scripted(tmp_path, [done()]))

    def when_it_says_done(record: Record) -> None:
        if isinstance(record.event, kinds.MilestoneMoved) and record.event.state == "verifying":
            _change_what_was_built(place.home)

    assert place.work(run, then=when_it_says_done).outcome == "blocked"
    judged = [r for r in place.live(run, kinds.GateEnded.kind) if r.event.purpose != "baseline"]
    assert not judged, "before every gate"
    asked = len(place.live(run, kinds.ModelRequested.kind))
    assert place.work(run).outcome == "blocked"
    assert len(place.live(run, kinds.ModelRequested.kind)) == asked, "before every attempt"


@pytest.mark.slow
def test_a_drift_after_the_last_milestone_stops_the_run_before_the_ends_gates(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    place.waypost("approve", "thing")
    run = opened(place, scripted(tmp_path, [done()]))

    def when_it_passed(record: Record) -> None:
        if isinstance(record.event, kinds.MilestoneCommitted):
            _change_what_was_built(place.home)

    ended = place.work(run, then=when_it_passed)
    assert (ended.outcome, "tiny 1.0 → 2.0" in ended.reason) == ("blocked", True)
    assert not [r for r in place.live(run, kinds.GateEnded.kind) if r.event.purpose == "end"]
    _change_what_was_built(place.home, "2.0", "1.0")
    assert place.work(run).outcome == "complete"


def newest(place: Place) -> str:
    with place.project() as project:
        return project.resolve(None)


def opened(place: Place, model: str) -> str:
    """A run of what is approved already."""
    with place.project() as project:
        return open_run(project, "thing", Settings(model=model))


def _change_what_was_built(home: Path, before: str = "1.0", after: str = "2.0") -> None:
    (file,) = home.glob("*/environments/*/tree/node_modules/.package-lock.json")
    file.chmod(0o644)
    file.write_text(file.read_text().replace(before, after))


@pytest.mark.slow
def test_lock_files_that_no_environment_can_be_built_from_are_red_and_mended_ones_give_a_new_environment(
    tmp_path: Path,
) -> None:
    setup = "grep good lock.txt\n" + PACKAGE.replace("1.0", "'$(tr -dc 0-9 < lock.txt)'")
    place = place_with(tmp_path, setup, "- Lock files: lock.txt\n", {"lock.txt": "good 1\n"})
    plan = place.root / ".agent/thing/PLAN.md"
    plan.write_text(plan.read_text().replace("Acceptance", "Scope:\n- `lock.txt`\nAcceptance"))
    assert place.waypost("approve", "thing").returncode == 0
    turns = [shell("echo bad > lock.txt"), done(), shell("echo good 2 > lock.txt"), done()]
    run = opened(place, scripted(tmp_path, turns))
    ended = place.work(run)
    assert ended.outcome == "complete", ended.reason
    red = [r.event for r in place.live(run, kinds.GateEnded.kind) if r.event.verdict == "red"]
    assert [(event.gate, "set-up failed with exit code 1" in event.reason) for event in red] == [("integrity", True)]
    with place.project() as project:
        judged = [
            evidence_of(project.log, record.event)["environment"]
            for record in place.live(run, kinds.GateEnded.kind)
            if (record.event.gate, record.event.purpose) == ("ok", "milestone")
        ]
    pins = [record.event for record in place.live(run, kinds.EnvironmentCaptured.kind)]
    assert len({pin.key for pin in pins}) == 2
    assert judged == [pins[-1].digest], "the verdict names the environment that its gates had"


@pytest.mark.slow
def test_gates_by_hand_say_that_the_environment_drifted(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    assert place.waypost("approve", "thing").returncode == 0
    run = opened(place, scripted(tmp_path, [shell("echo 1 > one.txt"), done()]))
    place.work(run, limits=Limits(steps=1))
    _change_what_was_built(place.home)
    told = place.waypost("gate", run)
    assert "the environment drifted: tiny 1.0 → 2.0" in told.stderr


def test_documents_at_the_root_are_captured_too(tmp_path: Path) -> None:
    place = place_with(tmp_path, PACKAGE)
    git(place.root, "mv", *(f".agent/thing/{name}.md" for name in ("PROMPT", "PLAN", "IMPLEMENT")), ".")
    git(place.root, "commit", "-q", "-m", "moved")
    told = place.waypost("approve", "--json")
    assert json.loads(told.stdout)["environment"]["packages"] == 1, told.stderr
    assert (place.root / NAME).exists()
