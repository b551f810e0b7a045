"""What a red gate means: a regression, a flake that was there before, or what has been red all along.

One rerun makes a false alarm rare, and "any of several" would hide a race that the work brought in: so a test that
is red once and green once passes only if it is shown to flake without the work as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from waypost.documents.model import Quarantined
from waypost.gates.testimony import few
from waypost.gates.verdict import Verdict

RUNS_BEFORE = 5
MOST_RUNS_BEFORE = 20
"""A test that fails 30 % of the time passes 5 runs with probability 0.17, and 20 with 0.0008."""
MOST_RERUNS = 5
Rerun = Callable[[tuple[str, ...]], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Past:
    """How often each red test failed on the last green commit, in `runs` runs."""

    runs: int
    failed: dict[str, int]

    def of(self, test: str) -> int:
        """How often this test failed."""
        return self.failed.get(test, 0)


async def settle_red(
    first: Verdict, *, rerun: Rerun, rerun_before: Rerun, quarantine: Sequence[Quarantined], today: str
) -> Verdict:
    """The final verdict on a gate that was red: itself, or one that rests on `reruns`, which are kept.

    `rerun` runs the gate again on the same tree, `rerun_before` on the last green commit, both restricted to the
    given ids where the runner allows it; no ids mean the whole gate. `today` is a date as 2026-12-31. A verdict
    that is refused for what the runner or a ratchet says is not rerun: chance has no part in it.
    """
    if first.verdict != "red" or first.refusals or first.only_baseline:
        return first
    wanted = _red(first)
    second = await rerun(wanted)
    if second.refusals:
        return replace(second, reruns=(first,))
    tests = tuple(dict.fromkeys((*wanted, *_red(second)))) or ("",)
    runs = [second]
    listed = tuple(test for test in tests if is_quarantined(test, quarantine, today))
    unlisted = tuple(test for test in tests if test not in listed)
    past_runs = await _look_back(unlisted, first, rerun_before) if unlisted else []
    past = _past(past_runs, unlisted)
    always = tuple(test for test in unlisted if past.runs and past.of(test) == past.runs)
    fresh = tuple(test for test in unlisted if not past.of(test))
    while not fresh and not always and runs[-1].verdict == "red" and len(runs) < MOST_RERUNS:
        runs.append(await rerun(tests if tests != ("",) else ()))
        if runs[-1].refusals:
            return replace(runs[-1], reruns=(first, *runs[:-1], *past_runs))
    kept = (*runs, *past_runs)
    return _settled(
        first, kept, runs[-1].verdict == "green", _Sorted(tests, fresh, always, listed, past, len(runs) + 1)
    )


def is_quarantined(test: str, quarantine: Sequence[Quarantined], today: str) -> bool:
    """Whether a human's list names the test, by id or pattern, and has not expired."""
    return bool(test) and any(
        (one.test == test or fnmatchcase(test, one.test)) and today <= one.until for one in quarantine
    )


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The red tests: never seen red before the work, always red before it, on the human's list; `runs` on this tree."""

    tests: tuple[str, ...]
    fresh: tuple[str, ...]
    always: tuple[str, ...]
    listed: tuple[str, ...]
    past: Past
    runs: int


def _settled(first: Verdict, kept: tuple[Verdict, ...], turned_green: bool, found: _Sorted) -> Verdict:
    named = tuple(test for test in found.tests if test)
    flaky = named if turned_green else ()
    verdict = replace(first, reruns=kept, flaky=flaky)
    if found.fresh:
        reason = (
            f"{first.reason}; red again"
            if not turned_green
            else f"flaky since the last green commit{_these(found.fresh)}"
        )
        green = f"; red, then green on the same tree, and green in {found.past.runs} runs before the work"
        return replace(verdict, reason=reason + (green if turned_green else ""))
    if turned_green:
        return replace(
            verdict, verdict="green", essence="", reason=f"flaky{_these(named)}: {_why(found)}; green on a rerun"
        )
    if found.always and set(found.always).union(found.listed) == set(found.tests):
        return replace(verdict, only_baseline=True, reason=f"{first.reason}; the same on the last green commit")
    reason = f"{first.reason}; red in all of {found.runs} runs, though a flake before the work ({_why(found)})"
    return replace(verdict, reason=reason)


def _why(found: _Sorted) -> str:
    old = [test for test in found.tests if found.past.of(test)]
    parts = [
        f"{name or 'it'} failed {found.past.of(name)} of {found.past.runs} runs before the work" for name in old[:3]
    ]
    parts += [f"{few(found.listed)} in quarantine"] if found.listed else []
    return ", ".join(parts)


async def _look_back(tests: tuple[str, ...], first: Verdict, rerun_before: Rerun) -> list[Verdict]:
    """Five runs on the last green commit; more, within the time of five whole ones, until all tests were seen red."""
    runs: list[Verdict] = []
    ids = tests if tests != ("",) else ()
    while len(runs) < MOST_RUNS_BEFORE:
        spent = sum(run.took_ms for run in runs)
        if len(runs) >= RUNS_BEFORE and (not ids or spent >= RUNS_BEFORE * max(first.took_ms, 1)):
            break
        runs.append(await rerun_before(ids))
        past = _past(runs, tests)
        if len(runs) >= RUNS_BEFORE and all(past.of(test) for test in tests):
            break
    return runs


def _past(runs: Sequence[Verdict], tests: tuple[str, ...]) -> Past:
    failed: dict[str, int] = {}
    for run in runs:
        for test in _red(run) or (("",) if run.verdict == "red" else ()):
            if test in tests:
                failed[test] = failed.get(test, 0) + 1
    return Past(len(runs), failed)


def _red(verdict: Verdict) -> tuple[str, ...]:
    return verdict.census.red if verdict.census is not None and verdict.verdict == "red" else ()


def _these(tests: tuple[str, ...]) -> str:
    named = [test for test in tests if test]
    return f" ({few(named)})" if named else ""
