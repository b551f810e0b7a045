"""Aligning texts: what is paired is equal and in order, and what can be read in two ways is told as such."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waypost.trace.align import NEW, align

LINES = st.lists(st.sampled_from(["a", "b", "", "}", "def x():", "    return 1", "c = 3"]), max_size=14)
TELLING = st.lists(st.integers(0, 10_000).map(lambda n: f"line {n}"), max_size=20, unique=True)


@given(LINES, LINES)
def test_paired_lines_are_equal_and_in_order(old: list[str], new: list[str]) -> None:
    aligned = align(old, new)
    pairs = [(at, index) for index in range(len(new)) if (at := aligned.only(index)) is not None]
    assert all(old[at].strip() == new[index].strip() for at, index in pairs)
    assert [at for at, _ in pairs] == sorted({at for at, _ in pairs})


@given(LINES, LINES)
def test_every_reading_names_an_equal_line_or_none(old: list[str], new: list[str]) -> None:
    for index, readings in enumerate(align(old, new).readings):
        assert all(at == NEW or old[at].strip() == new[index].strip() for at in readings)


@given(LINES)
def test_a_text_is_itself(lines: list[str]) -> None:
    assert align(lines, lines).readings == [(index,) for index in range(len(lines))]


@given(TELLING, st.data())
def test_lines_put_between_telling_ones_are_new_and_the_others_are_found(old: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(old)))
    put = data.draw(st.lists(st.sampled_from(["new one", "new two", ""]), max_size=3))
    aligned = align(old, [*old[:at], *put, *old[at:]])
    assert [one[0] for one in aligned.readings] == [*range(at), *[NEW] * len(put), *range(at, len(old))]


@given(LINES, st.data())
def test_a_block_that_can_slide_is_never_told_for_certain(old: list[str], data: st.DataObject) -> None:
    """Whatever block is put in at whatever place: the true owner is always among the readings."""
    at = data.draw(st.integers(0, len(old)))
    put = data.draw(st.lists(st.sampled_from(["", "}", "    return 1", "own line"]), min_size=1, max_size=4))
    truth = [*range(at), *[NEW] * len(put), *range(at, len(old))]
    for index, readings in enumerate(align(old, [*old[:at], *put, *old[at:]]).readings):
        assert not readings or truth[index] in readings


def test_equal_lines_on_both_sides_of_a_block_have_two_readings() -> None:
    old = ["def first():", "", "def second():"]
    new = ["def first():", "", "def between():", "", "def second():"]
    assert align(old, new).readings == [(0,), (1, NEW), (NEW,), (1, NEW), (2,)]


def test_white_space_at_the_ends_of_a_line_counts_for_nothing() -> None:
    assert align(["if x:", "    y()"], ["if x:", "        y()  "]).readings == [(0,), (1,)]
