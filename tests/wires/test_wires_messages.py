"""Streams as Anthropic's documentation shows them, and what its requests must keep to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.wires.conversation import (
    AssistantMessage,
    Reasoning,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)
from waypost.wires.errors import CutStream, ErrorKind, ProviderError
from waypost.wires.messages import MessagesWire

WIRE = MessagesWire()
Json = dict[str, Any]
START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "usage": {
            "input_tokens": 10,
            "cache_read_input_tokens": 200,
            "cache_creation_input_tokens": 30,
            "output_tokens": 1,
        },
    },
}


def end(reason: str = "end_turn") -> list[Json]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 15}},
        {"type": "message_stop"},
    ]


def block(index: int, opening: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": opening},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def read(*events: Json) -> Response:
    decoder = WIRE.decoder()
    for event in events:
        decoder.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode(), 0)
    return decoder.finish()


def sent(*messages: Any, **more: Any) -> list[Json]:
    body: Json = json.loads(WIRE.encode(Request("m", "", (), messages, **more)))
    turns: list[Json] = body["messages"]
    return turns


def test_thinking_text_and_parallel_calls_become_parts_in_order() -> None:
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    redacted = {"type": "redacted_thinking", "data": "EmwKAh"}
    response = read(
        START,
        {"type": "ping"},
        *block(
            0,
            thinking,
            {"type": "thinking_delta", "thinking": "Let me "},
            {"type": "thinking_delta", "thinking": "see."},
            {"type": "signature_delta", "signature": "EqQB"},
        ),
        *block(1, redacted),
        *block(2, {"type": "text", "text": ""}, {"type": "text_delta", "text": "I look."}),
        *block(
            3,
            {"type": "tool_use", "id": "toolu_a", "name": "shell", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"command": "l'},
            {"type": "input_json_delta", "partial_json": 's"}'},
        ),
        *block(4, {"type": "tool_use", "id": "toolu_b", "name": "now", "input": {}}),
        *end("tool_use"),
    )
    signed = {"type": "thinking", "thinking": "Let me see.", "signature": "EqQB"}
    assert response.message.parts == (
        Reasoning("messages", signed, "Let me see."),
        Reasoning("messages", redacted),
        Text("I look."),
        ToolCall("toolu_a", "shell", '{"command": "ls"}'),
        ToolCall("toolu_b", "now", "{}"),
    )
    assert response.stop is Stop.CALLS
    assert response.usage == Usage(input=240, output=15, cached=200, written=30)
    (turn,) = sent(response.message)
    assert turn["content"][:2] == [signed, redacted]


def test_counts_in_the_last_event_replace_those_of_the_first() -> None:
    start = {**START, "message": {**START["message"], "usage": {"input_tokens": 0, "output_tokens": 0}}}
    stop = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    assert read(start, stop, {"type": "message_stop"}).usage == Usage(7, 3)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("max_tokens", Stop.LENGTH),
        ("model_context_window_exceeded", Stop.LENGTH),
        ("refusal", Stop.REFUSAL),
        ("stop_sequence", Stop.END),
        ("pause_turn", Stop.OTHER),
    ],
)
def test_stop_reasons_are_told_apart(reason: str, stop: Stop) -> None:
    assert read(START, *end(reason)).stop is stop


@pytest.mark.parametrize(
    ("kind", "message", "wanted"),
    [
        ("overloaded_error", "Overloaded", ErrorKind.OVERLOADED),
        ("api_error", "Internal server error", ErrorKind.SERVER),
        ("rate_limit_error", "slow down", ErrorKind.RATE_LIMIT),
        (
            "invalid_request_error",
            "prompt is too long: 201000 tokens > 200000 maximum",
            ErrorKind.CONTEXT_OVERFLOW,
        ),
        ("invalid_request_error", "messages.1: no", ErrorKind.INVALID),
    ],
)
def test_an_error_within_the_stream_is_no_answer(kind: str, message: str, wanted: ErrorKind) -> None:
    with pytest.raises(ProviderError) as failed:
        read(START, {"type": "error", "error": {"type": kind, "message": message}})
    assert failed.value.detail.kind is wanted


def test_without_message_stop_a_stream_is_cut() -> None:
    with pytest.raises(CutStream, match="message_stop"):
        read(START, *block(0, {"type": "text", "text": "Hello"}), end()[0])


def test_results_come_first_in_one_user_turn_with_the_text_that_follows() -> None:
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))
    turns = sent(
        UserMessage("go"),
        AssistantMessage(calls),
        ToolMessage("a", "one"),
        UserMessage("meanwhile"),
        ToolMessage("b", "", is_error=True),
    )
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [(each["type"], each.get("content"), each.get("is_error")) for each in turns[2]["content"]] == [
        ("tool_result", "one", None),
        ("tool_result", None, True),
        ("text", None, None),
    ]


def test_what_anthropic_refuses_is_never_sent() -> None:
    turns = sent(
        UserMessage(" "),
        AssistantMessage(()),
        AssistantMessage((Text("\n"), ToolCall("functions.f:0", "a.b", "[1]"))),
        ToolMessage("functions.f:0", "ok"),
    )
    assert turns[0]["content"][0]["text"] == "(empty)"
    (call,) = turns[1]["content"]
    assert (call["id"], call["name"], call["input"]) == ("functions_f_0", "a_b", {"_raw": "[1]"})
    assert turns[2]["content"][0]["tool_use_id"] == call["id"]


def test_marks_stand_on_the_newest_breakpoints_and_on_the_last_block() -> None:
    messages = [UserMessage("0")]
    for number in range(1, 9):
        messages += [AssistantMessage((Text(f"{number}"),)), UserMessage(f"{number}")]  # type: ignore[list-item]
    turns = sent(*messages, breakpoints=(2, 4, 6, 8))
    marked = [number for number, turn in enumerate(turns) if "cache_control" in turn["content"][-1]]
    assert marked == [6, 8, len(turns) - 1]


def test_a_request_names_a_limit_always() -> None:
    assert json.loads(WIRE.encode(Request("m", "", (), ())))["max_tokens"] == 32_000
    assert json.loads(WIRE.encode(Request("m", "", (), (), max_output_tokens=9)))["max_tokens"] == 9
