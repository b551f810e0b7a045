"""What a red gate means: a regression, a flake that was there before, or what has been red all along.

One rerun makes a false alarm rare, and "any of several" would hide a race that the work brought in: so a test that
is red once and green once passes only if it is shown to flake without the work as well. What is red each time is
no matter of chance, and costs no look at the past.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from waypost.documents.model import Quarantined
from waypost.gates.testimony import few
from waypost.gates.verdict import Verdict

RERUNS = 3
"""With the first run four: a test that fails 30 % of the time is red in all of them with probability 0.008."""
RUNS_BEFORE = 5
MOST_RUNS_BEFORE = 20
"""A test that fails 30 % of the time passes 5 runs with probability 0.17, and 20 with 0.0008."""
LOOK_BACK_MS = 30_000
"""Looking back may go on for the time of five whole runs, and where that is less for half a minute."""
QUICK_MS = 10_000
"""A gate that takes no longer is run again as a whole where its runner can't be told to run some tests only."""
LONGEST_HANG_MS = 65_000
"""A gate that was ended after a minute and its grace is tried once more; a longer hang costs too much."""
_NO_COMMAND = frozenset({126, 127})
Rerun = Callable[[tuple[str, ...]], Awaitable[Verdict]]


async def settle_red(
    first: Verdict, *, rerun: Rerun, rerun_before: Rerun, quarantine: Sequence[Quarantined], today: str
) -> Verdict:
    """The final verdict on a gate that was red: itself, or one that rests on `reruns`, which are kept.

    `rerun` runs the gate again on the same tree, `rerun_before` on the last green commit, both restricted to the
    given ids where the runner allows it; no ids mean the whole gate. `today` is a date as 2026-12-31. Chance has
    no part in what the runner or a ratchet refuses, nor in a missing command: that is not rerun.
    """
    if first.verdict != "red" or first.refusals or first.only_baseline or _is_certain(first):
        return first
    runs = await _again(first, rerun)
    if runs[-1].refusals:
        return replace(runs[-1], reruns=(first, *runs[:-1]))
    tests = tuple(dict.fromkeys(test for run in (first, *runs) for test in _red(run)))
    turned = runs[-1].verdict == "green"
    if first.timed_out:
        how = "green on a rerun: a hang now and then is none that may pass" if turned else "red again"
        return replace(first, reruns=tuple(runs), flaky=_named(tests) if turned else (), reason=_and(first, how))
    if not turned:
        return await _always_red(first, runs, tests, rerun_before)
    listed = tuple(test for test in tests if is_quarantined(test, quarantine, today))
    unlisted = tuple(test for test in tests if test not in listed)
    new = _not_there_before(first, unlisted)
    past_runs = await _look_back(unlisted, first, rerun_before) if unlisted and not new else []
    past = _past(past_runs, unlisted)
    verdict = replace(first, reruns=(*runs, *past_runs), flaky=_named(tests))
    if fresh := new or tuple(test for test in unlisted if not past.of(test)):
        since = "not there before the work" if new else f"green in {past.runs} runs before the work"
        reason = f"flaky since the last green commit{_these(fresh)}; red, then green on the same tree, and {since}"
        return replace(verdict, reason=reason)
    why = f"flaky{_these(tests)}: {_why(unlisted, listed, past)}; green on a rerun"
    return replace(verdict, verdict="green", essence="", reason=why)


def is_quarantined(test: str, quarantine: Sequence[Quarantined], today: str) -> bool:
    """Whether a human's list names the test, by id or pattern, and has not expired."""
    return bool(test) and any(
        (one.test == test or fnmatchcase(test, one.test)) and today <= one.until for one in quarantine
    )


@dataclass(frozen=True, slots=True)
class Past:
    """How often each red test failed on the last green commit, in `runs` runs."""

    runs: int
    failed: dict[str, int]

    def of(self, test: str) -> int:
        """How often this test failed."""
        return self.failed.get(test, 0)


def _is_certain(first: Verdict) -> bool:
    """Whether it would be red again, or is too dear to see: no command, or a long hang."""
    missing = first.exit in _NO_COMMAND and not _named(_red(first))
    return missing or (first.timed_out and first.took_ms > LONGEST_HANG_MS)


async def _again(first: Verdict, rerun: Rerun) -> list[Verdict]:
    """Reruns on the same tree until one is green: one, and where they are cheap some more."""
    ids = _named(_red(first))
    runs = [await _run(rerun, ids)]
    while runs[-1].verdict == "red" and not runs[-1].refusals and _may_go_on(first, runs):
        ids = tuple(dict.fromkeys((*ids, *_named(_red(runs[-1]))))) if ids else ()
        runs.append(await _run(rerun, ids))
    return runs


async def _run(rerun: Rerun, ids: tuple[str, ...]) -> Verdict:
    """One rerun; of the whole gate, where a part of it can't be green for itself, as for its coverage."""
    run = await rerun(ids)
    part_alone = ids and run.verdict == "red" and not run.refusals and run.census is not None and not run.census.red
    return await rerun(()) if part_alone else run


def _may_go_on(first: Verdict, runs: Sequence[Verdict]) -> bool:
    if first.timed_out or runs[-1].timed_out:
        return False
    restricted = bool(_named(_red(first))) and runs[-1].census is not None and runs[-1].census.witnessed
    if not restricted and first.took_ms > QUICK_MS:
        return False
    # One more, if all of them together were quicker than the gate itself: fewer old flakes are taken for regressions.
    is_quick = len(runs) == RERUNS and sum(run.took_ms for run in runs) < first.took_ms
    return len(runs) < RERUNS or is_quick


async def _always_red(first: Verdict, runs: list[Verdict], tests: tuple[str, ...], rerun_before: Rerun) -> Verdict:
    """Red each time: a regression. Only where no test is known by name the past is asked once, for a baseline."""
    told = "red again" if len(runs) == 1 else f"red in all of {len(runs) + 1} runs"
    verdict = replace(first, reruns=tuple(runs), reason=_and(first, told))
    if _named(tests):
        return verdict
    past = await rerun_before(())
    verdict = replace(verdict, reruns=(*runs, past))
    if past.verdict != "red" or past.timed_out or past.exit != first.exit or _named(_red(past)):
        return verdict
    return replace(verdict, only_baseline=True, reason=f"{verdict.reason}; the same on the last green commit")


async def _look_back(tests: tuple[str, ...], first: Verdict, rerun_before: Rerun) -> list[Verdict]:
    """Five runs on the last green commit; more, while they are cheap, until all tests were seen red."""
    runs: list[Verdict] = []
    ids = _named(tests)
    while len(runs) < MOST_RUNS_BEFORE:
        spent = sum(run.took_ms for run in runs)
        if len(runs) >= RUNS_BEFORE and spent >= max(RUNS_BEFORE * first.took_ms, LOOK_BACK_MS):
            break
        runs.append(await _run(rerun_before, ids))
        past = _past(runs, tests)
        if len(runs) >= RUNS_BEFORE and all(past.of(test) for test in tests):
            break
    return runs


def _not_there_before(first: Verdict, tests: Sequence[str]) -> tuple[str, ...]:
    """The tests that the last green commit does not have: no run of it could show them to flake."""
    if first.before is None or not first.before.cases:
        return ()
    known = {case.id for case in first.before.cases}
    return tuple(test for test in tests if test and test not in known)


def _past(runs: Sequence[Verdict], tests: tuple[str, ...]) -> Past:
    failed: dict[str, int] = {}
    for run in runs:
        for test in _red(run):
            if test in tests:
                failed[test] = failed.get(test, 0) + 1
    return Past(len(runs), failed)


def _red(verdict: Verdict) -> tuple[str, ...]:
    """The ids of the red tests; one empty id where it is red, and by no test that is known."""
    if verdict.verdict != "red":
        return ()
    return (verdict.census.red if verdict.census is not None else ()) or ("",)


def _named(tests: Sequence[str]) -> tuple[str, ...]:
    return tuple(test for test in tests if test)


def _why(unlisted: Sequence[str], listed: Sequence[str], past: Past) -> str:
    parts = [f"{name or 'it'} failed {past.of(name)} of {past.runs} runs before the work" for name in unlisted[:3]]
    parts += [f"{len(unlisted) - 3} more did so too"] if len(unlisted) > 3 else []
    parts += [f"{few(listed)} in quarantine"] if listed else []
    return ", ".join(parts)


def _and(first: Verdict, told: str) -> str:
    return f"{first.reason}; {told}"


def _these(tests: Sequence[str]) -> str:
    return f" ({few(_named(tests))})" if _named(tests) else ""
