from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wires_cases import (
    WIRES,
    conversations,
    requests,
    responses,
    strange_requests,
    texts_of_deltas,
    texts_of_parts,
    without_deltas,
)

from waypost.wires.conversation import AssistantMessage, Request, Response
from waypost.wires.errors import ErrorKind
from waypost.wires.messages import MessagesWire

each_wire = pytest.mark.parametrize("name", WIRES)
MARK = re.compile(rb',"cache_control":\{"type":"ephemeral"\}')


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.slow
@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_request_survives_the_wire(name: str, data: st.DataObject) -> None:
    request = data.draw(requests(name))
    decoded = WIRES[name].decode_request(WIRES[name].encode(request))
    assert replace(decoded, breakpoints=()) == request


@each_wire
@settings(max_examples=30, deadline=None)
@given(request=strange_requests)
def test_a_strange_request_becomes_legal_bytes_that_read_back_as_the_same_bytes(name: str, request: Request) -> None:
    wire = WIRES[name]
    body = wire.encode(request)
    json.loads(body.decode("utf-8"))
    again = wire.encode(wire.decode_request(body))
    assert MARK.sub(b"", again) == MARK.sub(b"", body)


@pytest.mark.slow
@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_marks_read_back_where_they_were(name: str, data: st.DataObject) -> None:
    breakpoints = tuple(data.draw(st.lists(st.integers(0, 8), max_size=5)))
    request = replace(data.draw(requests(name)), breakpoints=breakpoints)
    wire = WIRES[name]
    body = wire.encode(request)
    assert wire.encode(wire.decode_request(body)) == body
    assert body.count(b"cache_control") <= 4


@pytest.mark.slow
@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_request_that_goes_on_begins_with_the_bytes_of_the_one_before(name: str, data: st.DataObject) -> None:
    request = data.draw(requests(name))
    longer = replace(request, messages=(*request.messages, AssistantMessage(()), *data.draw(conversations(name))))
    short, long = (MARK.sub(b"", WIRES[name].encode(each)) for each in (request, longer))
    assert long.startswith(short.rstrip(b"]}"))


@settings(max_examples=30, deadline=None)
@given(messages=conversations("messages"), ends=st.lists(st.integers(0, 9), max_size=9))
def test_anthropic_never_gets_more_than_four_marks_nor_one_on_thinking(
    messages: tuple[AssistantMessage, ...], ends: list[int]
) -> None:
    body = json.loads(MessagesWire().encode(Request("m", "system", (), messages, "c", tuple(ends))))
    blocks = [block for turn in body["messages"] for block in turn["content"]]
    marked = [block for block in blocks + body["system"] if "cache_control" in block]
    assert 1 <= len(marked) <= 4
    assert all(block["type"] != "thinking" for block in marked)
    roles = [turn["role"] for turn in body["messages"]]
    assert all(first != second for first, second in pairwise(roles))


@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data(), places=st.lists(st.integers(0, 10**6), max_size=12))
def test_a_streamed_answer_survives_any_cutting_into_chunks(name: str, data: st.DataObject, places: list[int]) -> None:
    response = data.draw(responses(name))
    decoder = WIRES[name].decoder()
    deltas = []
    for at, chunk in enumerate(cuts(b"".join(WIRES[name].encode_stream(response)), places)):
        deltas += decoder.feed(chunk, at)
    decoded = decoder.finish()
    assert without_deltas(decoded) == response
    assert list(decoded.deltas) == deltas
    assert texts_of_deltas(decoded) == texts_of_parts(decoded)
    assert [delta.at for delta in deltas] == sorted(delta.at for delta in deltas)


@pytest.mark.slow
@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_unstreamed_answer_survives(name: str, data: st.DataObject) -> None:
    response: Response = data.draw(responses(name, free=False))
    decoded = WIRES[name].decode_document(WIRES[name].encode_document(response))
    assert without_deltas(decoded) == response
    assert texts_of_deltas(decoded) == texts_of_parts(decoded)


@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_came_goes_back_as_it_came(name: str, data: st.DataObject) -> None:
    """An answer, reasoning included, put into the next request is there again for a server."""
    response: Response = data.draw(responses(name, free=False))
    request = Request("m", "", (), (response.message,), max_output_tokens=1)
    assert WIRES[name].decode_request(WIRES[name].encode(request)).messages == request.messages


@each_wire
@pytest.mark.parametrize("kind", ErrorKind)
def test_an_error_survives_the_wire(name: str, kind: ErrorKind) -> None:
    detail = WIRES[name].decode_error(400, WIRES[name].encode_error(400, kind, "prompt is too long: why"))
    if kind is ErrorKind.CONTEXT_OVERFLOW:
        assert (detail.kind, detail.message) == (kind, "prompt is too long: why")
    detail = WIRES[name].decode_error(400, WIRES[name].encode_error(400, kind, "a reason"))
    assert detail.kind is kind
    assert detail.message.endswith("a reason")
