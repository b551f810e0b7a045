"""Trailers and notes, however a message carries them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.trace.lines import is_significant
from waypost.trace.sources import Named, named_in, named_in_note

TRAILERS = "Waypost-Run: grow-1a2b\nWaypost-Milestone: M02\nWaypost-Log: 52-85"


def test_trailers_of_a_commit_are_read() -> None:
    assert named_in(f"M02: More\n\nWords.\n\n{TRAILERS}\n") == (Named("grow-1a2b", "M02", 85),)


def test_a_squash_names_all_its_milestones() -> None:
    quoted = TRAILERS.replace("\n", "\n    ")
    second = quoted.replace("M02", "M03").replace("52-85", "87-122")
    message = f"Squashed commit of the following:\n\n    M03\n\n    {second}\n\n    M02\n\n    {quoted}\n"
    assert named_in(message) == (Named("grow-1a2b", "M03", 122), Named("grow-1a2b", "M02", 85))


def test_trailers_in_a_list_are_read_and_half_ones_are_not() -> None:
    assert named_in("* " + TRAILERS.replace("\n", "\n* ")) == (Named("grow-1a2b", "M02", 85),)
    assert named_in("Waypost-Milestone: M02\n") == ()
    assert named_in("Waypost-Run: grow-1a2b\n") == ()


def test_a_range_that_is_none_is_left_out() -> None:
    assert named_in(TRAILERS.replace("52-85", "soon")) == (Named("grow-1a2b", "M02", 0),)


@given(st.text(max_size=200))
def test_any_message_and_any_note_is_read_without_a_crash(text: str) -> None:
    named_in(text)
    named_in_note(f"{text}\n---\n{text}")


def test_a_note_of_another_tool_names_nothing() -> None:
    session = {"s_0": {"agent_id": {"tool": "cursor", "id": "grow-1a2b/M02", "model": "x"}}}
    assert named_in_note("a.py\n  s_0::t_0 1\n---\n" + json.dumps({"sessions": session})) == ()


@pytest.mark.parametrize(
    "line", ["", "}", "    return", "pass", "else:", "    return None", "});", "from __future__ import annotations"]
)
def test_lines_without_meaning_of_their_own_never_count(line: str) -> None:
    assert not is_significant(line)


@pytest.mark.parametrize("line", ["total = count + rest", "def parse_dates(text):", "LIMIT_OF_VALUES = 99"])
def test_telling_lines_count(line: str) -> None:
    assert is_significant(line)
