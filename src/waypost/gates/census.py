"""The tests of one gate run, by id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CaseOutcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `message` is one line on why it did not pass, `detail` its trace; both may be empty."""

    id: str
    outcome: CaseOutcome
    message: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Census:
    """The tests of one gate run. Counts come from the cases; the totals that a report claims are not read.

    From a summary line there are counts without cases. A test that is expected to fail counts as
    skipped, for it proves nothing. `deselected` are ids that were collected and not run.
    The other fields come from a witness (`witnessed`): what was `patched` in the runner or the machine, the
    runner's `hooks` that the checkout implements ("conftest.py: pytest_runtest_makereport"), and tests that stand
    in the files (`uncollected`) and that the runner did not collect.
    """

    tests: int
    failures: int
    errors: int
    skipped: int
    cases: tuple[Case, ...] = ()
    deselected: tuple[str, ...] = ()
    witnessed: bool = False
    patched: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    uncollected: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """Tests that failed or broke."""
        return self.failures + self.errors

    @property
    def ran(self) -> int:
        """Tests that were not skipped."""
        return self.tests - self.skipped

    @property
    def red(self) -> tuple[str, ...]:
        """The ids of the tests that failed or broke."""
        return tuple(case.id for case in self.cases if case.outcome in {"failed", "error"})


def count(cases: tuple[Case, ...], deselected: tuple[str, ...] = ()) -> Census:
    """The census of these cases."""
    outcomes = [case.outcome for case in cases]
    skipped = sum(outcomes.count(word) for word in ("skipped", "xfailed", "xpassed"))
    return Census(len(cases), outcomes.count("failed"), outcomes.count("error"), skipped, cases, deselected)
