"""Flakes: red, then green on the same tree, passes only if it was so before the work."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from gates_cases import gate, play

from waypost.documents.model import Quarantined
from waypost.gates.census import Case, Census, count
from waypost.gates.flakes import is_quarantined, settle_red
from waypost.gates.testimony import refuse
from waypost.gates.verdict import Verdict

TODAY = "2026-11-21"
RACE = "t.py::test_race"


def told(red: bool, took_ms: int = 1000, *, witnessed: bool = True, test: str = RACE) -> Verdict:
    census = replace(count((Case(test, "failed" if red else "passed"),)), witnessed=witnessed)
    return Verdict(
        "unit", "red" if red else "green", "exit 1" if red else "exit 0", int(red), took_ms=took_ms, census=census
    )


class Play:
    """A test that fails at random: `now` on the tree, `before` on the last green commit."""

    def __init__(self, now: float, before: float, seed: int = 0, took_ms: int = 50, *, witnessed: bool = True) -> None:
        self._dice, self._now, self._before, self._took = random.Random(seed), now, before, took_ms
        self._witnessed = witnessed
        self.runs, self.runs_before = 0, 0

    async def rerun(self, ids: tuple[str, ...]) -> Verdict:
        self.runs += 1
        return told(self._dice.random() < self._now, self._took, witnessed=self._witnessed)

    async def rerun_before(self, ids: tuple[str, ...]) -> Verdict:
        self.runs_before += 1
        return told(self._dice.random() < self._before, self._took, witnessed=self._witnessed)

    def settle(self, first: Verdict | None = None, quarantine: tuple[Quarantined, ...] = ()) -> Verdict:
        return settled(self, first or told(True), quarantine)


def settled(by: Play | Script, first: Verdict, quarantine: tuple[Quarantined, ...] = ()) -> Verdict:
    settling = settle_red(first, rerun=by.rerun, rerun_before=by.rerun_before, quarantine=quarantine, today=TODAY)
    return asyncio.run(settling)


@dataclass
class Script:
    """Verdicts in the order in which they are to come; `asked` are the ids that each run was restricted to."""

    now: list[Verdict]
    before: list[Verdict] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def rerun(self, ids: tuple[str, ...]) -> Verdict:
        self.asked.append(ids)
        return self.now.pop(0)

    async def rerun_before(self, ids: tuple[str, ...]) -> Verdict:
        self.asked.append(("before", *ids))
        return self.before.pop(0)


def is_regression(verdict: Verdict) -> bool:
    return verdict.verdict == "red" and not verdict.only_baseline


# --- the flake table -------------------------------------------------------------------------------------------------


def test_a_new_race_is_called_a_regression_in_95_of_100_trials():
    assert sum(is_regression(Play(0.3, 0.0, seed).settle()) for seed in range(100)) >= 95


def test_an_old_race_is_not_called_a_regression_in_95_of_100_trials():
    assert sum(is_regression(Play(0.3, 0.3, seed).settle()) for seed in range(100)) <= 5


def test_a_new_flake_is_named_and_keeps_both_outputs():
    verdict = Play(0.0, 0.0).settle()
    assert verdict.reason.startswith("flaky since the last green commit (t.py::test_race)")
    assert verdict.flaky == (RACE,)
    assert verdict.reruns[0].verdict == "green"


def test_an_old_flake_passes_and_says_how_often_it_failed_before():
    verdict = settled(Script([told(False)], [told(number == 2) for number in range(5)]), told(True))
    assert (verdict.verdict, verdict.essence, verdict.flaky) == ("green", "", (RACE,))
    assert verdict.reason == f"flaky ({RACE}): {RACE} failed 1 of 5 runs before the work; green on a rerun"
    assert len(verdict.reruns) == 6


def test_runs_before_the_work_stop_when_the_time_of_five_whole_ones_is_used():
    slow, quick = Play(0.0, 0.0, took_ms=60_000), Play(0.0, 0.0, took_ms=1000)
    slow.settle(told(True, 60_000))
    quick.settle()
    assert (slow.runs_before, quick.runs_before) == (5, 20)


# --- what is red each time costs little ------------------------------------------------------------------------------


def test_what_is_red_each_time_is_a_regression_and_costs_no_look_at_the_past():
    playing = Play(1.0, 0.3)
    verdict = playing.settle()
    assert is_regression(verdict)
    assert verdict.reason == "exit 1; red in all of 5 runs"
    assert (playing.runs, playing.runs_before) == (4, 0)


def test_reruns_that_take_as_long_as_the_gate_stop_after_three():
    playing = Play(1.0, 0.3, took_ms=400)
    playing.settle()
    assert (playing.runs, playing.runs_before) == (3, 0)


def test_a_long_gate_whose_runner_can_not_be_restricted_is_rerun_once():
    playing = Play(1.0, 0.3, took_ms=60_000, witnessed=False)
    verdict = playing.settle(told(True, 60_000, witnessed=False))
    assert verdict.reason == "exit 1; red again"
    assert (playing.runs, playing.runs_before) == (1, 0)


def test_a_quick_gate_whose_runner_can_not_be_restricted_is_rerun_as_a_whole():
    playing = Play(1.0, 0.3, took_ms=1000, witnessed=False)
    playing.settle(told(True, 1000, witnessed=False))
    assert (playing.runs, playing.runs_before) == (3, 0)


def test_a_red_gate_of_which_no_test_is_known_asks_the_past_once_for_its_baseline():
    lint = Verdict("lint", "red", "exit 1", 1, took_ms=60_000)
    same = Script([lint], [lint])
    verdict = settled(same, lint)
    assert verdict.only_baseline
    assert verdict.reason == "exit 1; red again; the same on the last green commit"
    assert same.asked == [(), ("before",)]
    assert is_regression(settled(Script([lint], [Verdict("lint", "green", "exit 0", 0)]), lint))


def test_a_missing_command_is_not_rerun():
    for code in (126, 127):
        missing = Verdict("unit", "red", "command not found: x", code)
        assert settled(Script([]), missing) is missing


def test_a_long_hang_is_not_rerun_and_a_short_one_once_and_never_looked_back_at():
    hang = Verdict("unit", "red", "timed out after 300 s", took_ms=300_000, timed_out=True)
    assert settled(Script([]), hang) is hang
    short = replace(hang, reason="timed out after 5 s", took_ms=5_000)
    again = settled(Script([short]), short)
    assert again.reason == "timed out after 5 s; red again"
    once = settled(Script([told(False)]), short)
    assert is_regression(once)
    assert once.reason == "timed out after 5 s; green on a rerun: a hang now and then is none that may pass"


def test_a_test_that_is_new_is_not_looked_for_in_the_past():
    first = replace(told(True), before=count((Case("t.py::test_other", "passed"),)))
    verdict = settled(Script([told(False)]), first)
    assert is_regression(verdict)
    assert verdict.reason.endswith("red, then green on the same tree, and not there before the work")


def test_what_a_part_of_a_gate_can_not_give_the_whole_is_asked_for():
    part = replace(told(False), verdict="red", reason="exit 1")
    script = Script([part, told(False)], [told(True)] * 5)
    assert settled(script, told(True)).verdict == "green"
    assert script.asked[:2] == [(RACE,), ()]


# --- refusals and the human's list -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("until", "light"), [("2026-11-21", "green"), ("2026-11-20", "red")])
def test_the_quarantine_list_holds_until_its_last_day(until: str, light: str):
    listed = Quarantined("t.py::*", until, "a known race", 1)
    assert is_quarantined(RACE, [listed], TODAY) is (light == "green")
    assert Play(0.0, 0.0).settle(quarantine=(listed,)).verdict == light


def test_quarantine_hides_no_test_that_is_red_each_time():
    listed = Quarantined("t.py::*", TODAY, "a known race", 1)
    assert is_regression(Play(1.0, 1.0).settle(quarantine=(listed,)))


def test_a_refused_verdict_is_not_rerun():
    refused = Verdict("unit", "red", "x", findings=(refuse("gone", "1 test gone"),))
    assert Play(0.0, 0.3).settle(refused) is refused


def test_a_refusal_in_a_rerun_is_the_verdict():
    refused = replace(told(True), reason="killed", findings=(refuse("runner-killed", "killed"),))
    verdict = settled(Script([refused]), told(True))
    assert (verdict.reason, verdict.reruns) == ("killed", (told(True),))


# --- real runs -------------------------------------------------------------------------------------------------------

FLAKY = """
import os, pathlib

def test_race():
    count = pathlib.Path(os.environ["HOME"], "..", "count").resolve()
    number = int(count.read_text()) + 1
    count.write_text(str(number))
    assert str(number) not in (count.parent / "red").read_text().split()

def test_sound(): pass
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("red_now", "red_before", "light"), [("1", "2", "green"), ("1", "", "red"), ("1 2 3 4 5 6", "", "red")]
)
def test_real_runs_are_restricted_and_settled(tmp_path: Path, red_now: str, red_before: str, light: str):
    seen: list[Census | None] = []

    def lay(name: str, red: str) -> Path:
        checkout = tmp_path / name / "checkout"
        checkout.mkdir(parents=True)
        (checkout / "test_t.py").write_text(FLAKY)
        (tmp_path / name / "count").write_text("0")
        (tmp_path / name / "red").write_text(red)
        return checkout

    now, before = lay("now", red_now), lay("before", red_before)
    unit = gate("python -m pytest -q -p no:cacheprovider", min_tests=2)

    async def run(checkout: Path, ids: tuple[str, ...]) -> Verdict:
        (verdict,) = await asyncio.to_thread(play, [unit], checkout, only=ids or None)
        seen.append(verdict.census)
        return verdict

    async def settle() -> Verdict:
        return await settle_red(
            await run(now, ()),
            rerun=lambda ids: run(now, ids),
            rerun_before=lambda ids: run(before, ids),
            quarantine=(),
            today=TODAY,
        )

    verdict = asyncio.run(settle())
    assert verdict.verdict == light
    assert [census.tests for census in seen if census is not None][:2] == [2, 1]
