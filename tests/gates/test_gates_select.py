"""Which gates a milestone is verified by, and what their verdicts prove."""

from __future__ import annotations

from gates_cases import gate
from hypothesis import given
from hypothesis import strategies as st

from waypost.documents.model import Budget, Criterion, Gate, Milestone, Plan
from waypost.gates.select import gates_for, ticks


def criterion(name: str, *gates: str, manual: bool = False) -> Criterion:
    return Criterion(id=name, text="", gates=gates, manual=manual, ticked=False, line=1, box=None)


def milestone(name: str, gates: tuple[Gate, ...] = (), criteria: tuple[Criterion, ...] = ()) -> Milestone:
    return Milestone(
        id=name,
        title="",
        line=1,
        ticked=False,
        box=None,
        status=None,
        depends=(),
        covers=(),
        scope=(),
        budget=Budget(),
        criteria=criteria,
        gates=gates,
        text="",
    )


LINT = gate("ruff check", "lint", line=5)
FIRST = milestone("M01", (gate("one", "unit", line=10), gate("old", "smoke", line=12)))
SECOND = milestone(
    "M02", (gate("two", "unit", line=20),), (criterion("M02.A1", "unit"), criterion("M02.A2", "smoke", "lint"))
)
PLAN = Plan("", (LINT,), (FIRST, SECOND, milestone("M03", (gate("three", "later", line=30),))), "")


def test_a_milestone_is_verified_by_its_own_gates_the_checklist_and_those_it_names():
    assert [one.command for one in gates_for(PLAN, SECOND)] == ["ruff check", "old", "two"]
    assert [one.command for one in gates_for(PLAN, FIRST)] == ["ruff check", "one", "old"]


def test_of_two_gates_with_one_name_the_milestones_own_counts():
    own = milestone("M02", (gate("ruff check --fast", "lint", line=20),))
    assert [one.command for one in gates_for(Plan("", (LINT,), (own,), ""), own)] == ["ruff check --fast"]


def test_a_criterion_is_proven_when_all_its_gates_are_green():
    green = dict.fromkeys(("unit", "smoke", "lint"), "green")
    assert ticks(SECOND, green) == ("M02.A1", "M02.A2")
    assert ticks(SECOND, green | {"lint": "red"}) == ("M02.A1",)
    assert ticks(SECOND, {}) == ()


def test_neither_a_manual_criterion_nor_one_without_a_gate_is_ever_proven():
    both = milestone("M01", (), (criterion("M01.A1", "unit", manual=True), criterion("M01.A2")))
    assert ticks(both, {"unit": "green"}) == ()


LIGHTS = st.sampled_from(["green", "red", "skipped", "waiting"])


@given(st.dictionaries(st.sampled_from(["unit", "smoke", "lint"]), LIGHTS))
def test_only_green_proves(lights: dict[str, str]):
    proven = ticks(SECOND, lights)
    for one in SECOND.criteria:
        assert (one.id in proven) == all(lights.get(name) == "green" for name in one.gates)
