"""Flakes: red, then green on the same tree, passes only if it was so before the work."""

from __future__ import annotations

import asyncio
import random

import pytest

from waypost.documents.model import Quarantined
from waypost.gates.census import Case, count
from waypost.gates.flakes import is_quarantined, settle_red
from waypost.gates.testimony import refuse
from waypost.gates.verdict import Verdict

TODAY = "2026-11-21"


def told(red: bool, took_ms: int = 1000) -> Verdict:
    cases = (Case("t.py::test_race", "failed" if red else "passed"),)
    return Verdict(
        "unit", "red" if red else "green", "exit 1" if red else "exit 0", took_ms=took_ms, census=count(cases)
    )


class Play:
    """A test that fails at random: `now` on the tree, `before` on the last green commit."""

    def __init__(self, now: float, before: float, seed: int = 0, took_ms: int = 50) -> None:
        self._dice, self._now, self._before, self._took = random.Random(seed), now, before, took_ms
        self.runs_before = 0

    async def rerun(self, ids: tuple[str, ...]) -> Verdict:
        return told(self._dice.random() < self._now, self._took)

    async def rerun_before(self, ids: tuple[str, ...]) -> Verdict:
        self.runs_before += 1
        return told(self._dice.random() < self._before, self._took)

    def settle(self, first: Verdict | None = None, quarantine: tuple[Quarantined, ...] = ()) -> Verdict:
        settling = settle_red(
            first or told(True), rerun=self.rerun, rerun_before=self.rerun_before, quarantine=quarantine, today=TODAY
        )
        return asyncio.run(settling)


def is_regression(verdict: Verdict) -> bool:
    return verdict.verdict == "red" and not verdict.only_baseline


def test_a_new_race_is_called_a_regression_in_95_of_100_trials():
    assert sum(is_regression(Play(0.3, 0.0, seed).settle()) for seed in range(100)) >= 95


def test_an_old_race_is_not_called_a_regression_in_95_of_100_trials():
    assert sum(is_regression(Play(0.3, 0.3, seed).settle()) for seed in range(100)) <= 5


def test_a_flake_that_the_work_made_a_failure_is_a_regression():
    verdict = Play(1.0, 0.3).settle()
    assert is_regression(verdict)
    assert "though a flake before the work" in verdict.reason


def test_what_always_failed_before_is_the_baseline():
    assert Play(1.0, 1.0).settle().only_baseline


def test_a_new_flake_is_named_and_keeps_both_outputs():
    verdict = Play(0.0, 0.0).settle()
    assert verdict.reason.startswith("flaky since the last green commit (t.py::test_race)")
    assert verdict.flaky == ("t.py::test_race",)
    assert verdict.reruns[0].verdict == "green"


def test_runs_before_the_work_stop_when_the_time_of_five_whole_ones_is_used():
    slow, quick = Play(0.0, 0.0, took_ms=1000), Play(0.0, 0.0, took_ms=50)
    slow.settle()
    quick.settle()
    assert (slow.runs_before, quick.runs_before) == (5, 20)


@pytest.mark.parametrize(("until", "light"), [("2026-11-21", "green"), ("2026-11-20", "red")])
def test_the_quarantine_list_holds_until_its_last_day(until: str, light: str):
    listed = Quarantined("t.py::*", until, "a known race", 1)
    assert is_quarantined("t.py::test_race", [listed], TODAY) is (light == "green")
    assert Play(0.0, 0.0).settle(quarantine=(listed,)).verdict == light


def test_a_refused_verdict_is_not_rerun():
    refused = Verdict("unit", "red", "x", findings=(refuse("gone", "1 test gone"),))
    assert Play(0.0, 0.3).settle(refused) is refused
