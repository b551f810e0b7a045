"""Red before green: a test that a milestone adds proves something only if it fails without the milestone's work."""

from __future__ import annotations

from waypost.gates.census import Census
from waypost.gates.ratchets import added
from waypost.gates.verdict import Finding, Verdict


def new_tests(before: Census | None, after: Census | None) -> tuple[str, ...]:
    """The ids of the tests that are new since `before` and passed now: those that must be tried on the old source."""
    if before is None or after is None:
        return ()
    new = set(added(before, after))
    return tuple(case.id for case in after.cases if case.id in new and case.outcome == "passed")


def red_before_green(new: tuple[str, ...], on_old_source: Verdict) -> tuple[Finding, ...]:
    """A finding for each new test that passed on the last green commit's source with the new test files.

    A test that did not run there (its file could not be imported) was red: that is what it should be. Nothing is
    refused: a test may well pin what was right before.
    """
    census = on_old_source.census
    if census is None:
        return ()
    passed = {case.id for case in census.cases if case.outcome == "passed"}
    return tuple(Finding("proves-nothing", *_parted(test), refuses=False) for test in new if test in passed)


def _parted(test: str) -> tuple[str, str]:
    file, _, name = test.partition("::")
    path, subject = (file, name) if name else ("", test)
    return path, f"{subject} proves nothing: passes without the work"
