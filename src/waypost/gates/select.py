"""Which gates verify a milestone, and which of its criteria their verdicts prove."""

from __future__ import annotations

from collections.abc import Mapping

from waypost.documents.model import Gate, Milestone, Plan


def gates_for(plan: Plan, milestone: Milestone) -> tuple[Gate, ...]:
    """The milestone's own gates, the checklist's, and those of earlier milestones that its criteria name.

    Each name once, in the order in which the plan has them. Where two gates have one name, the
    milestone's own comes before the checklist's, and that before an earlier milestone's.
    """
    named = [plan.gate(milestone.id, name) for criterion in milestone.criteria for name in criterion.gates]
    chosen: dict[str, Gate] = {}
    for gate in (*milestone.gates, *plan.checklist, *named):
        chosen.setdefault(gate.name, gate)
    return tuple(sorted(chosen.values(), key=lambda gate: gate.line))


def ticks(milestone: Milestone, verdicts: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the criteria that are proven: not manual, and all gates that they name are green.

    `verdicts` are the lights by gate. A skipped gate and one that waits for a human prove nothing, nor does a
    criterion without a gate.
    """
    green = {gate for gate, light in verdicts.items() if light == "green"}
    return tuple(
        criterion.id
        for criterion in milestone.criteria
        if criterion.gates and not criterion.manual and green.issuperset(criterion.gates)
    )
