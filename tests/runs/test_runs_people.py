"""People are heard while a run works and while it rests; what only a person can judge never passes by itself."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from runs_cases import (
    Aim,
    Place,
    call,
    done,
    make_place,
    scripted,
    shell,
    write_documents,
)

from waypost.events import kinds
from waypost.events.event import Record
from waypost.runs.control import decide

WORK = [shell(f"echo {n} > file-{n}.txt") for n in range(8)]


def place_for(folder: Path, *aims: Aim, checklist: Mapping[str, str] | None = None) -> Place:
    place = make_place(folder)
    write_documents(place.root, "plan", aims, checklist)
    return place


def record_of(place: Place) -> str:
    return (place.root / ".agent/plan/DOCUMENTATION.md").read_text()


def plan_of(place: Place) -> str:
    return (place.root / ".agent/plan/PLAN.md").read_text()


def ends(place: Place, run: str) -> list[tuple[str, str]]:
    return [(r.event.outcome, r.event.reason) for r in place.live(run, kinds.RunEnded.kind)]


def slow_script(folder: Path) -> str:
    return scripted(folder, [*(shell(f"sleep 0.15; echo {n} > file-{n}.txt") for n in range(20)), done()])


def after_calls(number: int, what: Callable[[], None]) -> Callable[[Record], None]:
    """Does something when the number-th call has ended."""
    seen = 0

    def then(record: Record) -> None:
        nonlocal seen
        seen += isinstance(record.event, kinds.ToolEnded)
        if seen == number and isinstance(record.event, kinds.ToolEnded):
            what()

    return then


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wish", "outcome"), [("pause", "paused"), pytest.param("stop", "stopped", marks=pytest.mark.slow)]
)
def test_another_process_steers_and_ends_a_running_run(tmp_path: Path, wish: str, outcome: str) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-19.txt"}))
    process = place.start("run", "plan", "--model", slow_script(tmp_path), "--yes", "--json")
    assert process.stdout is not None
    run = json.loads(process.stdout.readline())["run"]
    for line in process.stdout:
        if '"tool.ended"' in line:
            break
    assert place.waypost("steer", run, "Use tabs").returncode == 0
    assert place.waypost("run", "plan", "--model", "scripted:x", "--yes").returncode == 2
    told = [json.loads(next(process.stdout)) for _ in range(12)]
    assert place.waypost(wish, run).returncode == 0
    told += [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 1
    assert told[-1]["kind"] == "run.ended"
    assert told[-1]["outcome"] == outcome
    notes = [e["text"] for e in told if e["kind"] == "note.told"]
    assert notes == ["The human says: Use tabs"]
    assert place.waypost("steer", run, "And spaces").returncode == 0, "heard at the resume"
    again = place.waypost("resume", run, "--json")
    assert again.returncode == 0, again.stderr
    notes = [e["text"] for e in map(json.loads, again.stdout.splitlines()) if e["kind"] == "note.told"]
    assert notes == ["The human says: And spaces"], "each word is told once"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a call", "a gate"])
def test_a_stop_ends_the_running_command_too_and_the_run_can_go_on(tmp_path: Path, what: str) -> None:
    begun = tmp_path / "begun"
    slow = f"test -e {begun} || {{ touch {begun}; sleep 300; }}"
    place = place_for(tmp_path, Aim("M01", "Slow", {"slow": slow if what == "a gate" else "true"}))
    place.unheld = True
    process = place.start(
        "run",
        "plan",
        "--model",
        scripted(tmp_path, [shell(slow), done(), done()][what == "a gate" :]),
        "--yes",
        "--json",
    )
    assert process.stdout is not None
    run = json.loads(process.stdout.readline())["run"]
    while not begun.exists():
        time.sleep(0.05)
    assert place.waypost("stop", run).returncode == 0
    told = [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 1
    assert told[-1]["outcome"] == "stopped"
    assert place.waypost("resume", run).returncode == 0


@pytest.mark.slow
def test_an_interrupt_checkpoints_and_says_how_to_go_on(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-19.txt"}))
    process = place.start("run", "plan", "--model", slow_script(tmp_path), "--yes")
    assert process.stdout is not None
    while "file-3" not in process.stdout.readline():
        continue
    process.send_signal(signal.SIGINT)
    out, problems = process.communicate(timeout=30)
    assert process.returncode == 130
    run = place.every()[-1].run
    assert f"waypost resume {run}" in out + problems
    assert ends(place, run)[-1][0] == "interrupted"
    assert place.waypost("resume").returncode == 0


@pytest.mark.slow
def test_a_question_is_asked_answered_and_heard_while_work_goes_on(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    turns = [{"calls": [call("ask", question="Tabs or spaces?")]}, *WORK, done()]
    run = place.open_run("plan", scripted(tmp_path, turns))

    def reply() -> None:
        with place.project() as project:
            decide(project, run, "Q1", "answer", "Spaces", "tester")

    ended = place.work(run, then=after_calls(4, reply))
    assert ended.outcome == "complete"
    notes = [place.text(r.event.text) for r in place.live(run, kinds.NoteTold.kind)]
    assert notes == ["The human answers Q1 (Tabs or spaces?): Spaces"]
    assert place.view(run).waiting == ()


def test_two_questions_in_one_answer_are_two(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Ask", {"ask": "true"}))
    turns = [{"calls": [call("ask", question="Tabs?"), call("ask", question="Or spaces?")]}, done()]
    run, _ = place.run("plan", scripted(tmp_path, turns))
    assert {item.item: item.text for item in place.view(run).waiting} == {"Q1": "Tabs?", "Q2": "Or spaces?"}


@pytest.mark.slow
def test_an_unanswered_question_does_not_stop_a_run_and_waits_visibly(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    turns = [{"calls": [call("ask", question="Tabs or spaces?")]}, *WORK, done()]
    run, ended = place.run("plan", scripted(tmp_path, turns))
    assert ended.outcome == "complete"
    assert "1 for a human" in ended.reason
    assert "Q1 waits for a human: Tabs or spaces?" in record_of(place)
    shown = place.waypost("review", run)
    assert "Q1" in shown.stdout
    assert place.waypost("review", "answer", "Q1", "Spaces", "--run", run).returncode == 0
    assert place.view(run).waiting == ()


@pytest.mark.slow
def test_a_milestone_for_human_eyes_only_blocks_until_it_is_accepted(tmp_path: Path) -> None:
    place = place_for(
        tmp_path,
        Aim("M01", "Looks", {}, manual="the page looks well"),
        Aim("M02", "After", {"after": "true"}, depends="M01"),
    )
    model = scripted(tmp_path, [shell("echo page > page.html"), done(), done(), done()])
    run, ended = place.run("plan", model)
    assert ended.outcome == "blocked"
    assert "waits for a human" in ended.reason
    again = place.work(run)
    assert again.outcome == "blocked", "resuming is not accepting"
    assert place.states(run) == {"M01": "blocked", "M02": "planned"}
    assert place.waypost("review", "accept", "M01.A1").returncode == 0
    ended_well = place.waypost("resume", run)
    assert ended_well.returncode == 0, ended_well.stdout + ended_well.stderr
    assert place.states(run) == {"M01": "passed", "M02": "passed"}
    assert "- [x] M01.A1" in plan_of(place)


@pytest.mark.slow
def test_a_rejected_milestone_is_worked_on_again_with_the_reason(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Looks", {}, manual="the page looks well"))
    model = scripted(tmp_path, [shell("echo page > page.html"), done(), shell("echo better > page.html"), done()])
    run, _ = place.run("plan", model)
    with place.project() as project:
        decide(project, run, "M01.A1", "reject", "Too plain", "tester")
    ended = place.work(run)
    assert ended.outcome == "blocked"
    notes = [place.text(r.event.text) for r in place.live(run, kinds.NoteTold.kind)]
    assert notes == ["The human rejects M01.A1: Too plain"]
    assert (place.worktree(run) / "page.html").read_text() == "better\n"
    assert [item.item for item in place.view(run).waiting] == ["M01.A1"], "it is to be looked at again"
    with place.project() as project:
        decide(project, run, "M01.A1", "accept", "", "tester")
    assert place.work(run).outcome == "complete"


def test_a_manual_criterion_beside_a_gate_does_not_hold_the_run_but_is_not_ticked(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Both", {"one": "true"}, manual="it reads well"))
    run, ended = place.run("plan", scripted(tmp_path, [done()]))
    assert ended.outcome == "complete"
    assert "- [x] M01.A1" in plan_of(place)
    assert "- [ ] M01.A2" in plan_of(place)
    assert "waits for a human: it reads well" in record_of(place)
    with place.project() as project:
        decide(project, run, "M01.A2", "accept", "", "tester")
    assert place.work(run).outcome == "complete"
    assert "- [x] M01.A2" in plan_of(place)


@pytest.mark.slow
def test_a_blocked_milestone_is_skipped_or_waived_only_by_a_human(tmp_path: Path) -> None:
    place = place_for(
        tmp_path,
        Aim("M01", "Never", {"never": "false"}, budget="repair=1"),
        Aim("M02", "After", {"after": "true"}, depends="M01"),
    )
    run, ended = place.run("plan", scripted(tmp_path, [], final={"finish": "done"}))
    assert ended.outcome == "blocked"
    assert place.waypost("resume", run, "--waive", "M01", "--because", "it is nonsense").returncode == 0
    assert place.states(run) == {"M01": "waived", "M02": "passed"}
    assert "waived" in record_of(place)
    assert "- [ ] M01.A1" in plan_of(place), "a waived criterion is not a proven one"


def test_a_model_that_says_that_it_is_blocked_stops_the_run_with_its_reason(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Never", {"never": "test -e key.txt"}))
    turns = [{"calls": [call("blocked", reason="there is no key")]}, shell("touch key.txt"), done()]
    run, ended = place.run("plan", scripted(tmp_path, turns))
    assert ended.outcome == "blocked"
    assert "there is no key" in ended.reason
    assert "there is no key" in record_of(place)
    assert place.work(run).outcome == "complete"


@pytest.mark.slow
def test_what_the_record_says_while_a_run_works_is_true(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    run = place.open_run("plan", scripted(tmp_path, [*WORK, done()]))
    seen: list[str] = []
    place.work(run, then=after_calls(3, lambda: seen.append(record_of(place))))
    assert "under way" in seen[0]
    assert "| M01 | Files | active |" in seen[0]
