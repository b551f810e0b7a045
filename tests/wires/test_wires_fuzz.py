from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wires_cases import WIRES, names, responses

from waypost.wires.conversation import AssistantMessage, Request, Response, ToolCall
from waypost.wires.errors import CutStream, WireError
from waypost.wires.sse import EventParser
from waypost.wires.wire import Wire

each_wire = pytest.mark.parametrize("name", WIRES)

# Words of the three protocols, so that random objects come near to real ones.
KEYS = [
    *("type", "index", "item", "delta", "choices", "message", "content", "text", "usage", "error", "role"),
    *("output_index", "content_index", "response", "tool_calls", "function", "name", "arguments", "id"),
    *("call_id", "finish_reason", "reasoning_content", "reasoning_details", "content_block", "thinking"),
    *("signature", "partial_json", "stop_reason", "status", "output", "summary", "input_tokens", "refusal"),
    *("prompt_tokens", "input", "messages", "tools", "instructions", "system", "extra_content", "model"),
    *("max_tokens", "code", "x_groq"),
]
VALUES = [
    *("message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta"),
    *("content_block_stop", "text_delta", "thinking_delta", "input_json_delta", "signature_delta", "text"),
    *("thinking", "tool_use", "redacted_thinking", "error", "response.created", "response.completed"),
    *("response.output_item.added", "response.output_item.done", "response.output_text.delta"),
    *("response.function_call_arguments.delta", "response.incomplete", "response.failed", "reasoning"),
    *("message", "function_call", "completed", "incomplete", "failed", "stop", "tool_calls", "assistant"),
    *("user", "tool", "system"),
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)
events = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


def decode(wire: Wire, data: bytes) -> Response | None:
    decoder = wire.decoder()
    try:
        decoder.feed(data, 0)
        return decoder.finish()
    except WireError:
        return None


@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=300))
def test_garbage_raises_only_the_rooms_own_errors(name: str, data: bytes) -> None:
    decode(WIRES[name], data)
    for read in (WIRES[name].decode_document, WIRES[name].decode_request):
        with pytest.raises(WireError):
            read(data)
    WIRES[name].decode_error(500, data)


@pytest.mark.slow
@each_wire
@settings(max_examples=30, deadline=None)
@given(stream=st.lists(events, max_size=6), event_name=names)
def test_events_of_any_shape_raise_only_the_rooms_own_errors(
    name: str, stream: list[dict[str, Any]], event_name: str
) -> None:
    frames = [f"event: {event_name}\ndata: {json.dumps(event)}\n\n" for event in stream]
    decode(WIRES[name], "".join(frames).encode())
    for event in stream:
        body = json.dumps(event).encode()
        WIRES[name].decode_error(400, body)
        for read in (WIRES[name].decode_document, WIRES[name].decode_request):
            try:
                read(body)
            except WireError:
                continue


@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data(), places=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=4))
def test_a_damaged_stream_raises_only_the_rooms_own_errors(
    name: str, data: st.DataObject, places: list[tuple[int, bytes]]
) -> None:
    whole = bytearray(b"".join(WIRES[name].encode_stream(data.draw(responses(name)))))
    for place, patch in places:
        start = place % len(whole)
        whole[start : start + max(len(patch), 1)] = patch
    decode(WIRES[name], bytes(whole))


@each_wire
@settings(max_examples=30, deadline=None)
@given(data=st.data(), share=st.floats(0, 1, exclude_max=True))
def test_a_stream_cut_anywhere_is_cut_or_whole_but_never_a_shorter_answer(
    name: str, data: st.DataObject, share: float
) -> None:
    whole = b"".join(WIRES[name].encode_stream(data.draw(responses(name))))
    decoder = WIRES[name].decoder()
    decoder.feed(whole[: int(len(whole) * share)], 0)
    try:
        response = decoder.finish()
    except CutStream:
        return
    full = decode(WIRES[name], whole)
    assert full is not None
    assert response.message == full.message


@each_wire
def test_hopeless_nesting_is_malformed(name: str) -> None:
    deep = b"[" * 200_000
    legal = b'{"usage":' * 900 + b"1" + b"}" * 900
    assert decode(WIRES[name], b"data: " + legal + b"\n\n") is None
    assert decode(WIRES[name], b"data: " + deep + b"\n\n") is None
    with pytest.raises(WireError):
        WIRES[name].decode_document(deep)
    with pytest.raises(WireError):
        WIRES[name].decode_request(b'{"model":"m","input":' + deep)


def test_one_long_line_in_tiny_chunks_does_not_cost_its_square() -> None:
    parser = EventParser()
    for _ in range(100_000):
        assert not list(parser.feed(b"data:0123456789"))
    assert len(next(iter(parser.feed(b"\n\n"))).data) > 1_000_000  # a square would take hours


@each_wire
def test_a_call_of_hopeless_nesting_can_be_sent_back(name: str) -> None:
    for depth in (90, 150, 400, 950, 100_000):
        call = ToolCall("a", "f", '{"x":' + "[" * depth + "]" * depth + "}")
        request = Request("m", "", (), (AssistantMessage((call,)),), max_output_tokens=1)
        assert WIRES[name].decode_request(WIRES[name].encode(request)) == replace(
            request, breakpoints=(0,) if name == "messages" else ()
        )
