"""Red before green: tests that a milestone adds must fail without its work, or they prove nothing."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.documents.model import Gate, Milestone
from waypost.gates.protected import is_test_path
from waypost.gates.redbefore import proves_nothing
from waypost.gates.verdict import Finding, Verdict
from waypost.runs.trial import Trial
from waypost.workspace.trees import GitTree, with_entries


async def prove_nothing(
    trial: Trial, milestone: Milestone, gates: Sequence[Gate], verdicts: Sequence[Verdict], changed: Sequence[str]
) -> tuple[Finding, ...]:
    """The new tests that pass on the last green commit, too: the milestone's test files over its source."""
    named = {gate.name: gate for gate in gates}
    tests = [path for path in changed if is_test_path(path)]
    found: dict[str, Finding] = {}
    tree = ""
    for verdict in verdicts:
        new = new_tests(verdict)
        if verdict.verdict != "green" or not new or not tests:
            continue
        if not tree:
            repository = trial.bay.project.repository
            after = GitTree(repository.git, trial.shown).entries
            tree = with_entries(repository, f"{trial.green}^{{tree}}", {path: after.get(path) for path in tests})
        without = await trial.only_tests(milestone, named[verdict.gate], tree, new)
        for finding in proves_nothing(new, without):
            found.setdefault(finding.line, finding)
    return tuple(found.values())


def new_tests(verdict: Verdict) -> tuple[str, ...]:
    """The ids that ran and that the last green commit did not have; none where that is not known."""
    if verdict.census is None or verdict.before is None:
        return ()
    known = {case.id for case in verdict.before.cases} | set(verdict.before.deselected)
    if not known and verdict.before.tests:
        return ()  # only counted, not named
    return tuple(case.id for case in verdict.census.cases if case.id not in known and case.outcome == "passed")
