"""Red before green: tests that a milestone adds must fail without its work, or they prove nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from waypost.documents.model import Gate, Milestone
from waypost.documents.patterns import is_wild
from waypost.gates.proving import new_tests, red_before_green
from waypost.gates.verdict import Finding, Verdict
from waypost.runs.examining import UNDER_WAY, Examined, accepted
from waypost.runs.states import State
from waypost.runs.trial import Trial
from waypost.runs.view import RunView
from waypost.workspace.guarded import guarded
from waypost.workspace.trees import GitTree, with_entries
from waypost.workspace.trees import changed as changes


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


async def passes_only_changed(
    trial: Trial, milestone: Milestone, gates: Sequence[Gate], verdicts: Sequence[Verdict], found: Examined
) -> tuple[Finding, ...]:
    """Tests that are green only since they, or what they stand on, were changed: as they were, they are red.

    The tests of the last green commit run on the new source. No list of tricks is needed for that; what a human
    accepted, or a scope names file by file, may differ.
    """
    from waypost.gates.protected import is_expectation, is_test

    repository = trial.bay.project.repository
    before, after = GitTree(guarded(repository), trial.green), GitTree(guarded(repository), trial.shown)
    named = _named_files(trial.bay.documents.plan.milestones, trial.bay.view, found)
    differing = {
        path: old
        for path, (old, _) in changes(before, after).items()
        if old is not None and path not in named and (is_test(path) or is_expectation(path) or _is_conftest(path))
    }
    if not differing:
        return ()
    tree = with_entries(repository, trial.shown, differing)
    gate_of = {gate.name: gate for gate in gates}
    findings: dict[str, Finding] = {}
    for verdict in verdicts:
        if verdict.verdict != "green" or verdict.census is None or not verdict.census.cases:
            continue
        now_green = {case.id for case in verdict.census.cases if case.outcome == "passed"}
        past = await trial.only_tests(milestone, gate_of[verdict.gate], tree, None)
        known = trial.before.get(verdict.gate)
        old = {case.id for case in known.census.cases} if known is not None and known.census is not None else now_green
        for test in past.census.red if past.census is not None else ():
            if test in now_green & old:
                path, _, name = test.partition("::")
                text = f"{name or test} passes only since it was changed: as it was at the last green commit, it is red"
                findings.setdefault(test, Finding("changed", path if name else "", text, True))
    allowed = accepted(trial.bay.view)
    return tuple(f if f.line not in allowed else replace(f, refuses=False) for f in findings.values())


def _is_conftest(path: str) -> bool:
    return path.rpartition("/")[2] == "conftest.py"


def _named_files(milestones: Sequence[Milestone], view: RunView, found: Examined) -> set[str]:
    """Files that a scope under way names exactly: a human's word that what they expect may change."""
    under_way = [one for one in milestones if State(view.milestones[one.id].state) in UNDER_WAY]
    named = {pattern for one in under_way for pattern in one.scope if not is_wild(pattern)}
    allowed = accepted(view)
    return named | {finding.path for finding in found.integrity.findings if finding.line in allowed}
