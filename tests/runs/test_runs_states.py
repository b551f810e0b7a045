"""The milestone's states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.runs.states import ENDED, MOVES, IllegalMove, State, check_move, next_to_work_on

NAMES = ["M01", "M02", "M03", "M04"]


@given(st.data())
def test_no_milestone_is_entered_before_all_that_it_depends_on_has_ended(data: st.DataObject) -> None:
    depends = {
        name: data.draw(st.sets(st.sampled_from(NAMES[:index])) if index else st.just(set()))
        for index, name in enumerate(NAMES)
    }
    states = dict.fromkeys(NAMES, State.PLANNED)
    for _ in range(data.draw(st.integers(0, 60))):
        name = data.draw(st.sampled_from(NAMES))
        after = data.draw(st.sampled_from(list(State)))
        try:
            check_move(states[name], after, [states[other] for other in depends[name]])
        except IllegalMove:
            continue
        if states[name] is State.PLANNED and after is State.ACTIVE:
            assert all(states[other] in ENDED for other in depends[name])
        states[name] = after
        chosen = next_to_work_on(NAMES, states, depends)
        if chosen is not None:
            assert all(states[other] in ENDED for other in depends[chosen])


@given(st.lists(st.sampled_from(list(State)), min_size=4, max_size=4))
def test_what_regressed_is_worked_on_before_anything_else(chosen: list[State]) -> None:
    states = dict(zip(NAMES, chosen, strict=True))
    picked = next_to_work_on(NAMES, states, dict.fromkeys(NAMES, ()))
    if State.REGRESSED in chosen:
        assert states[picked] is State.REGRESSED
    if picked is None:
        assert all(state in ENDED | {State.BLOCKED} for state in chosen)


def test_what_regressed_holds_up_what_depends_on_it_even_when_that_is_under_way() -> None:
    states = {"M01": State.BLOCKED, "M02": State.ACTIVE, "M03": State.PLANNED}
    assert next_to_work_on(states, states, {"M01": (), "M02": ("M01",), "M03": ()}) == "M03"


def test_nothing_passes_without_being_verified() -> None:
    assert {before for before, after in MOVES.items() if State.PASSED in after} == {State.VERIFYING}


@pytest.mark.parametrize("before", list(State))
def test_every_state_but_an_end_has_a_way_to_an_end(before: State) -> None:
    reached, todo = {before}, [before]
    while todo:
        for after in MOVES[todo.pop()] - reached:
            reached.add(after)
            todo.append(after)
    assert reached & ENDED
