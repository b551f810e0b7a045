from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.wires.sse import EventParser, ServerEvent, frame


def events(*chunks: bytes) -> list[ServerEvent]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + list(parser.end())


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_in_any_of_three_ways(end: bytes) -> None:
    stream = end.join([b"event: a", b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])
    wanted = [ServerEvent("a", "1\n2"), ServerEvent("", "3")]
    assert events(stream) == wanted
    assert events(*(stream[n : n + 1] for n in range(len(stream)))) == wanted


def test_comments_ids_retries_and_unknown_fields_are_passed_over() -> None:
    assert events(b": keep alive\n\nid: 7\nretry: 10\nwhat: ever\nevent: x\n\ndata: 1\n\n") == [ServerEvent("", "1")]


def test_one_space_after_the_colon_is_dropped_and_no_more() -> None:
    assert events(b"data:1\n\ndata: 1\n\ndata:  1\n\ndata\n\n") == [
        ServerEvent("", "1"),
        ServerEvent("", "1"),
        ServerEvent("", " 1"),
        ServerEvent("", ""),
    ]


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    assert events(b"\xef\xbb\xbfdata: \xef\xbb\xbf1\n\n") == [ServerEvent("", "\ufeff1")]


def test_the_last_event_needs_no_blank_line() -> None:
    assert events(b"data: 1\n") == events(b"data: 1") == [ServerEvent("", "1")]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert events(b"data: \xff\n\n") == [ServerEvent("", "\ufffd")]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=9)), st.data())
def test_events_are_the_same_however_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    stream = b"".join(frame(text, "name") for text in texts)
    parser, got, start = EventParser(), [], 0
    while start < len(stream):
        step = data.draw(st.integers(1, 7))
        got += list(parser.feed(stream[start : start + step]))
        start += step
    assert got == [ServerEvent("name", text) for text in texts]
