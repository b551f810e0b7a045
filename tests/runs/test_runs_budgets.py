"""Red gates and spent budgets end neither well nor for ever; nothing passes by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from loopback_server import Fault, LoopbackServer
from runs_cases import (
    Aim,
    Place,
    Stateless,
    answer,
    done,
    limits,
    make_place,
    scripted,
    shell,
    write_documents,
)

from waypost.events import kinds
from waypost.wires.conversation import Request, Response


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


# --- gates -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_gate_that_stays_red_blocks_after_its_repairs_and_is_never_complete(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Never", {"never": "cat tries.txt; false"}, budget="repair=2"))
    model = scripted(tmp_path, [turn for n in range(9) for turn in (shell(f"echo {n} >> tries.txt"), done())])
    ended = place.waypost("run", "plan", "--model", model, "--yes", "--json")
    assert ended.returncode == 1
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    run = told[0]["run"]
    assert [e["state"] for e in told if e["kind"] == "milestone.moved"].count("repairing") == 2
    verdicts = [e["verdict"] for e in told if e["kind"] == "gate.ended" and e.get("purpose") != "baseline"]
    assert verdicts == ["red"] * 3
    assert told[-1]["outcome"] == "blocked"
    assert "after 2 repairs" in told[-1]["reason"]
    assert "M01" in record_of(place)
    assert "blocked" in record_of(place)
    assert "look at the failure" in record_of(place)
    assert "[x]" not in plan_of(place)
    assert place.states(run) == {"M01": "blocked"}
    assert not any(e["kind"] == "milestone.committed" for e in told)


@pytest.mark.slow
def test_the_same_failure_of_the_same_tree_three_times_is_no_progress(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Never", {"never": "echo always the same; false"}, budget="repair=50"))
    run, ended = place.run("plan", scripted(tmp_path, [shell("echo 1 > one.txt")], final={"finish": "done"}))
    assert ended.outcome == "blocked"
    assert "same reason" in ended.reason
    assert place.view(run).steps < 10


@pytest.mark.slow
def test_a_gate_that_is_red_and_then_green_passes(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Two", {"two": "grep -q 2 n.txt"}, budget="repair=1"))
    turns = [shell("echo 1 > n.txt"), done(), shell("echo 2 > n.txt"), done()]
    run, ended = place.run("plan", scripted(tmp_path, turns))
    assert ended.outcome == "complete"
    assert "- [x] M01.A1" in plan_of(place)
    told = [place.text(r.event.text) for r in place.live(run, kinds.NoteTold.kind)]
    assert "Repairs left after this one: 0" in told[0]


@pytest.mark.slow
def test_a_milestone_that_a_later_one_breaks_is_regressed_and_repaired(tmp_path: Path) -> None:
    place = place_for(
        tmp_path,
        Aim("M01", "One", {"one": "grep -q one base.txt"}),
        Aim("M02", "Two", {"two": "grep -q two base.txt"}, depends="M01"),
    )
    turns = [shell("echo one > base.txt"), done(), shell("echo two > base.txt"), done()]
    turns += [shell("printf 'one\\ntwo\\n' > base.txt"), done()]
    run, ended = place.run("plan", scripted(tmp_path, turns))
    assert ended.outcome == "complete", ended
    moves = [(r.event.milestone, r.event.state) for r in place.live(run, kinds.MilestoneMoved.kind)]
    assert ("M01", "regressed") in moves
    since = moves[moves.index(("M01", "regressed")) :]
    assert since.index(("M01", "passed")) < since.index(("M02", "passed")), "what had passed is repaired first"
    final = next(r.event.tree for r in reversed(place.live(run, kinds.MilestoneCommitted.kind)))
    for gate in ("one", "two"):
        green = [r.event for r in place.live(run, kinds.GateEnded.kind) if r.event.gate == gate]
        assert (green[-1].verdict, green[-1].tree) == ("green", final), "the final tree was seen green by every gate"


@pytest.mark.slow
def test_a_regression_that_cannot_be_repaired_ends_blocked(tmp_path: Path) -> None:
    place = place_for(
        tmp_path,
        Aim("M01", "One", {"one": "! test -e two.txt"}, budget="repair=1"),
        Aim("M02", "Two", {"two": "test -e two.txt"}, depends="M01", budget="repair=1"),
    )
    turns = [done(), shell("touch two.txt"), done()]
    flips = [turn for _ in range(10) for turn in (shell("rm -f two.txt"), done(), shell("touch two.txt"), done())]
    run, ended = place.run("plan", scripted(tmp_path, [*turns, *flips]), limits=limits(steps=60))
    assert ended.outcome == "blocked", "two gates that contradict each other do not keep a run busy for ever"
    assert place.view(run).steps < 40


# --- budgets ---------------------------------------------------------------------------------------------------------

WORK = [shell(f"echo {n} > file-{n}.txt") for n in range(8)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "budget"),
    [
        ({"steps": 3}, "steps"),
        ({"tokens": 300}, "tokens"),
        ({"wall": 1}, "wall"),
        ({"cost": 1000}, "cost"),
    ],
)
def test_a_run_out_of_its_budget_wraps_up_reports_and_goes_on_with_a_larger_one(
    tmp_path: Path, given: dict[str, int], budget: str
) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    script = Stateless({"M01": [[("shell", {"command": f"echo {n} > file-{n}.txt"})] for n in range(8)]})

    def model(request: Request) -> Response:
        if "budget is used up" in getattr(request.messages[-1], "text", ""):
            return answer("What is left: the last files.", ("shell", {"command": "touch wrapped-up.txt"}))
        return script(request)

    with LoopbackServer(model) as server:
        run, ended = place.run("plan", "openai-chat:gpt-5", server.url, limits=limits(**given))
        assert ended.outcome == "budget"
        assert f"run: {budget}" in ended.reason
        assert "What is left: the last files." in record_of(place)
        assert "resume with a larger budget" in record_of(place)
        assert "Run " + run + ": budget" in record_of(place)
        assert not (place.worktree(run) / "wrapped-up.txt").exists(), "only the words of the last answer count"
        assert [r.event.purpose for r in place.live(run, kinds.ModelResponded.kind)].count("wrap-up") == 1
        assert [r.event.budget for r in place.live(run, kinds.BudgetCrossed.kind)] == [budget]
        assert place.states(run) == {"M01": "active"}
        again = place.work(run, limits=limits(**{budget: 10**9}))
        assert again.outcome == "complete"
    assert "- [x] M01.A1" in plan_of(place)


@pytest.mark.slow
@pytest.mark.parametrize("budget", ["steps=3", "tokens=4k", "wall=1s"])
def test_a_milestone_out_of_its_own_budget_ends_the_run_as_out_of_budget(tmp_path: Path, budget: str) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}, budget=budget))
    work = [shell(f"sleep 0.2; echo {n} > file-{n}.txt") for n in range(8)]
    ended = place.waypost("run", "plan", "--model", scripted(tmp_path, [*work, done()]), "--yes", "--json")
    assert ended.returncode == 1, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    assert last["outcome"] == "budget"
    assert last["reason"].startswith("M01: ")
    assert "complete" not in record_of(place)


@pytest.mark.slow
def test_resume_takes_a_larger_limit_on_the_command_line(tmp_path: Path) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    model = scripted(tmp_path, [*WORK, done()])
    first = place.waypost("run", "plan", "--model", model, "--yes", "--max-tokens", "5k")
    assert first.returncode == 1
    assert "resume" in first.stdout
    again = place.waypost("resume", "--max-tokens", "5M", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["outcome"] == "complete"


# --- nonsense --------------------------------------------------------------------------------------------------------

NONSENSE: dict[str, Callable[[Request], Response | Fault]] = {
    "unknown tools": lambda r: answer("", ("fly", {"to": "the moon"}), mark=f"n{len(r.messages)}"),
    "empty answers": lambda r: Fault(empty=True),
    "text only": lambda r: answer("I shall now do it. Done!"),
    "the same call": lambda r: answer("", ("shell", {"command": "echo same"}), mark=f"n{len(r.messages)}"),
    "the same read": lambda r: answer("", ("read", {"path": "a.txt"}), mark=f"n{len(r.messages)}"),
    "malformed arguments": lambda r: answer("", ("shell", '{"command": "ls'), mark=f"n{len(r.messages)}"),
    "done at once": lambda r: answer("", ("done", {"summary": "it is done"}), mark=f"n{len(r.messages)}"),
    "one id for all calls": lambda r: answer("", ("shell", {"command": "echo same"}), mark="always"),
    "the same id twice in an answer": lambda r: Response(
        type(answer().message)(
            (*answer("", ("read", {"path": "a.txt"}), mark=f"n{len(r.messages)}").message.calls,) * 2
        ),
        answer("", ("read", {})).stop,
    ),
    "calls in turn": lambda r: answer(
        "", ("shell", {"command": f"echo {len(r.messages) // 2 % 2}"}), mark=f"n{len(r.messages)}"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("wire", ["openai", pytest.param("anthropic", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sort", [name for name in NONSENSE if name != "empty answers"])
def test_a_model_that_talks_nonsense_for_ever_is_stopped_within_its_repairs(
    tmp_path: Path, sort: str, wire: str
) -> None:
    place = place_for(tmp_path, Aim("M01", "Never", {"never": "test -e never.txt"}, budget="repair=2"))
    with LoopbackServer(NONSENSE[sort]) as server:
        run, ended = place.run("plan", f"{wire}:any", server.url, limits=limits(steps=200))
        assert len(server.requests) < 150
    assert ended.outcome == "blocked", ended
    assert place.states(run) == {"M01": "blocked"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_a_run_on_a_chaotic_model_ends_well(tmp_path: Path, seed: int) -> None:
    place = place_for(tmp_path, Aim("M01", "Files", {"files": "test -e file-7.txt"}))
    script = scripted(tmp_path, [*WORK, done()])
    chaos = f"chaos(seed={seed},cut=0.1,malformed=0.15,unknown=0.15,error=0.1):{script}"
    run, ended = place.run("plan", chaos, limits=limits(steps=100))
    assert ended.outcome == "complete", ended
    assert place.view(run).steps >= 9
