"""The manual page: its example is a plan that the documents' room accepts."""

from __future__ import annotations

from pathlib import Path

from waypost.documents.errors import Report
from waypost.documents.model import GateKind
from waypost.documents.plan import parse_plan

PAGE = (Path(__file__).parents[2] / "docs" / "gates.md").read_text("utf-8")
PLAN = """# Plan

### Milestone M01 - All kinds [ ]
Acceptance criteria:
- [ ] M01.A1 it works (gate: unit, dev, payments)
- [ ] M01.A2 it looks right (manual)
"""


def test_the_manuals_example_shows_every_kind_and_is_accepted():
    example = PAGE.split("````\n")[1]
    report = Report("PLAN.md")
    plan = parse_plan(f"{PLAN}{example}".encode(), report)
    assert [str(one) for one in report.found] == []
    gates = plan.milestones[0].gates
    assert [gate.kind for gate in gates] == [GateKind.CHECK, GateKind.SERVICE, GateKind.ENV, GateKind.MANUAL]
    assert (gates[0].junit, gates[1].ready, gates[2].variable) == ("report.xml", "http://127.0.0.1:5173", "STRIPE_KEY")
