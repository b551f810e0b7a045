"""Finding the deltas of a line: through JSON's escapes, whoever wrote them."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.trace.answers import Answer, DeltaRange, arguments, value_span
from waypost.trace.errors import BadAnswer

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@given(TEXT, TEXT, st.booleans(), st.data())
def test_a_span_of_a_value_is_where_it_stands_in_the_arguments(
    before: str, text: str, is_ascii: bool, data: st.DataObject
) -> None:
    raw = json.dumps({"path": before, "n": [1, {"text": "no"}], "text": text}, ensure_ascii=is_ascii)
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    span = value_span(raw, "text", first, last)
    assert span is not None
    assert json.loads(f'"{raw[span[0] : span[1]]}"') == text[first:last]


@given(st.text(max_size=60))
def test_arguments_of_any_form_are_read_without_a_crash(raw: str) -> None:
    assert isinstance(arguments(raw), dict)
    value_span(raw, "text", 0, 1)


@given(st.binary(max_size=60))
def test_an_answer_of_any_bytes_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(BadAnswer):
        Answer.read(content)


def test_the_range_is_of_the_deltas_that_brought_the_characters() -> None:
    deltas = [
        ["text", 0, 3, 1],
        ["call", 1, 4, 2],
        ["arguments", 1, 5, 3],
        ["arguments", 1, 5, 4],
        ["arguments", 1, 5, 9],
    ]
    parts = [{"text": "Hm."}, {"call": "c1", "name": "edit", "arguments": "0123456789abcde"}]
    answer = Answer.read(json.dumps({"parts": parts, "deltas": deltas, "stop": "calls"}).encode())
    assert answer.part_of("c1") == 1
    assert answer.range_of(1, 4, 6) == DeltaRange(2, 3, 3, 4, 5)
    assert answer.range_of(1, 10, 11) == DeltaRange(4, 4, 9, 9, 5)
    assert answer.range_of(0, 0, 1) is None


def test_a_delta_that_tells_its_own_text_counts_by_it() -> None:
    parts = [{"call": "c1", "name": "edit", "arguments": "ab"}]
    deltas = [["arguments", 0, "xyz", 1], ["arguments", 0, 2, 2]]
    answer = Answer.read(json.dumps({"parts": parts, "deltas": deltas}).encode())
    assert answer.range_of(0, 3, 5) == DeltaRange(1, 1, 2, 2, 2)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"parts": 3}', b'{"parts": [], "deltas": [[1]]}'])
def test_an_answer_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(BadAnswer, match="another Waypost"):
        Answer.read(content)
