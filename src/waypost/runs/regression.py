"""Which passed milestones a change may have broken: their gates run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from waypost.documents.model import Gate, GateKind, Milestone, Plan
from waypost.documents.patterns import matches
from waypost.gates.select import gates_for
from waypost.runs.states import State

EVERY = 5
"""After so many passed milestones all gates run again, whatever the diff touched."""


def due(
    plan: Plan, milestone: Milestone, states: Mapping[str, State], changed: Iterable[str]
) -> tuple[tuple[Milestone, tuple[Gate, ...]], ...]:
    """The passed milestones, with those of their own gates that must be green again before `milestone` passes.

    Those whose scope or protected files the diff (`changed` paths) touches; one that names no scope is touched
    by any change. At each fifth milestone all of them. Gates that verify `milestone` itself are left out.
    """
    passed = [one for one in plan.milestones if states[one.id] is State.PASSED and one.id != milestone.id]
    paths = tuple(changed)
    everything = (len(passed) + 1) % EVERY == 0
    already = set(gates_for(plan, milestone))
    found = []
    for one in passed:
        gates = tuple(gate for gate in one.gates if gate not in already and gate.kind is not GateKind.MANUAL)
        if gates and (everything or is_touched(one, paths)):
            found.append((one, gates))
            already.update(gates)
    return tuple(found)


def is_touched(milestone: Milestone, changed: Iterable[str]) -> bool:
    """Whether a diff touches what the milestone is about."""
    patterns = [*milestone.scope, *(pattern for gate in milestone.gates for pattern in gate.protect)]
    paths = list(changed)
    if not milestone.scope:
        return bool(paths)
    return any(matches(pattern, path) for path in paths for pattern in patterns)
