"""Red before green: tests that a milestone adds must fail without its work, or they prove nothing."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.documents.model import Gate, Milestone
from waypost.gates.proving import new_tests, red_before_green
from waypost.gates.verdict import Finding, Verdict
from waypost.runs.trial import Trial
from waypost.workspace.guarded import guarded
from waypost.workspace.trees import GitTree, with_entries


async def prove_nothing(
    trial: Trial, milestone: Milestone, gates: Sequence[Gate], verdicts: Sequence[Verdict], changed: Sequence[str]
) -> tuple[Finding, ...]:
    """The new tests that pass on the last green commit, too: the milestone's test files over its source."""
    from waypost.gates.protected import is_expectation, is_test

    named = {gate.name: gate for gate in gates}
    tests = [path for path in changed if is_test(path) or is_expectation(path)]
    found: dict[str, Finding] = {}
    tree = ""
    for verdict in verdicts:
        before = trial.before.get(verdict.gate)
        new = new_tests(before.census if before else None, verdict.census)
        if verdict.verdict != "green" or not new or not tests:
            continue
        if not tree:
            repository = trial.bay.project.repository
            after = GitTree(guarded(repository), trial.shown).entries
            tree = with_entries(repository, f"{trial.green}^{{tree}}", {path: after.get(path) for path in tests})
        without = await trial.only_tests(milestone, named[verdict.gate], tree, new)
        for finding in red_before_green(new, without):
            found.setdefault(finding.line, finding)
    return tuple(found.values())
