"""Streams as OpenAI's documentation shows them, and as servers that speak its protocol send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.wires.conversation import (
    AssistantMessage,
    DeltaKind,
    Reasoning,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    Usage,
    UserMessage,
)
from waypost.wires.errors import CutStream, ErrorKind, MalformedStream, ProviderError
from waypost.wires.responses import ResponsesWire

WIRE = ResponsesWire()
USAGE = {
    "input_tokens": 328,
    "input_tokens_details": {"cached_tokens": 256},
    "output_tokens": 52,
    "output_tokens_details": {"reasoning_tokens": 32},
    "total_tokens": 380,
}
CREATED = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "gpt-5", "status": "in_progress"},
}


def completed(*output: dict[str, Any], **changes: Any) -> dict[str, Any]:
    response = {
        "id": "resp_1",
        "model": "gpt-5",
        "status": "completed",
        "error": None,
        "output": list(output),
    }
    return {"type": "response.completed", "response": {**response, "usage": USAGE, **changes}}


def read(*events: dict[str, Any]) -> Response:
    decoder = WIRE.decoder()
    for event in events:
        decoder.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode(), 0)
    return decoder.finish()


def call_events(index: int, call_id: str, name: str, *pieces: str) -> list[dict[str, Any]]:
    item = {"type": "function_call", "id": f"fc_{index}", "call_id": call_id, "name": name}
    place = {"item_id": f"fc_{index}", "output_index": index}
    whole = {**item, "arguments": "".join(pieces), "status": "completed"}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**item, "arguments": ""}},
        *({"type": "response.function_call_arguments.delta", **place, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **place, "arguments": "".join(pieces)},
        {"type": "response.output_item.done", "output_index": index, "item": whole},
    ]


def test_reasoning_text_and_parallel_calls_become_parts_in_order() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    sealed = {
        **thought,
        "encrypted_content": "gAAAA",
        "summary": [{"type": "summary_text", "text": "First"}, {"type": "summary_text", "text": "Then"}],
    }
    summary = {"item_id": "rs_1", "output_index": 0}
    text = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    response = read(
        CREATED,
        {"type": "response.output_item.added", "output_index": 0, "item": thought},
        {"type": "response.reasoning_summary_part.added", **summary, "summary_index": 0, "part": {}},
        {"type": "response.reasoning_summary_text.delta", **summary, "summary_index": 0, "delta": "First"},
        {"type": "response.reasoning_summary_part.added", **summary, "summary_index": 1, "part": {}},
        {"type": "response.reasoning_summary_text.delta", **summary, "summary_index": 1, "delta": "Then"},
        {"type": "response.output_item.done", "output_index": 0, "item": sealed},
        {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "content": []}},
        {"type": "response.output_text.delta", **text, "delta": "I "},
        {"type": "response.output_text.delta", **text, "delta": "look."},
        {"type": "response.output_text.done", **text, "text": "I look."},
        *call_events(2, "call_a", "shell", '{"comm', 'and":"ls"}'),
        *call_events(3, "call_b", "read"),
        completed(),
    )
    assert response.message.parts == (
        Reasoning("responses", sealed, "First\n\nThen"),
        Text("I look."),
        ToolCall("call_a", "shell", '{"command":"ls"}'),
        ToolCall("call_b", "read", ""),
    )
    assert response.stop is Stop.CALLS
    assert response.usage == Usage(328, 52, 256, 0, 32)
    assert (response.id, response.model) == ("resp_1", "gpt-5")
    kinds = [(delta.kind, delta.part) for delta in response.deltas]
    assert kinds.index((DeltaKind.CALL, 2)) < kinds.index((DeltaKind.ARGUMENTS, 2))


def test_an_answer_that_comes_only_with_the_last_event_is_whole() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}
    call = {"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{}"}
    assert read(CREATED, completed(message, call)).message.parts == (
        Text("Hello"),
        ToolCall("c", "shell", "{}"),
    )


def test_a_refusal_is_told_from_an_answer() -> None:
    place = {"output_index": 0, "content_index": 0}
    refused = read(CREATED, {"type": "response.refusal.delta", **place, "delta": "I can't."}, completed())
    assert (refused.message.text, refused.stop) == ("I can't.", Stop.REFUSAL)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("max_output_tokens", Stop.LENGTH),
        ("content_filter", Stop.REFUSAL),
        ("news", Stop.OTHER),
        (None, Stop.OTHER),
    ],
)
def test_an_incomplete_answer_says_why(reason: str | None, stop: Stop) -> None:
    event = completed(status="incomplete", incomplete_details={"reason": reason})
    assert read(CREATED, {**event, "type": "response.incomplete"}).stop is stop


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("context_length_exceeded", ErrorKind.CONTEXT_OVERFLOW),
        ("rate_limit_exceeded", ErrorKind.RATE_LIMIT),
        ("insufficient_quota", ErrorKind.QUOTA),
        ("server_is_overloaded", ErrorKind.OVERLOADED),
        ("server_error", ErrorKind.SERVER),
        ("invalid_prompt", ErrorKind.INVALID),
    ],
)
def test_a_failed_answer_says_what_failed(code: str, kind: ErrorKind) -> None:
    event = completed(status="failed", error={"code": code, "message": "Try again in 1.5s."})
    with pytest.raises(ProviderError, match="Try again") as failed:
        read(CREATED, {**event, "type": "response.failed"})
    assert (failed.value.detail.kind, failed.value.detail.retry_after) == (kind, 1.5)


def test_both_forms_of_error_event_are_read() -> None:
    with pytest.raises(ProviderError, match="flat"):
        read({"type": "error", "code": "server_error", "message": "flat", "param": None})
    with pytest.raises(ProviderError, match="nested"):
        read({"type": "error", "error": {"type": "server_error", "message": "nested"}})


def test_without_its_last_event_a_stream_is_cut() -> None:
    with pytest.raises(CutStream, match=r"response\.completed"):
        read(CREATED, *call_events(0, "c", "shell", "{}"))
    with pytest.raises(CutStream):
        read()


def test_a_malformed_event_is_quoted() -> None:
    with pytest.raises(MalformedStream, match=r"response\.crea"):
        WIRE.decoder().feed(b'data: {"type":"response.crea\n\n', 0)


def test_a_surrogate_pair_cut_between_two_deltas_becomes_one_character() -> None:
    delta = '{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"%s"}'
    decoder = WIRE.decoder()
    for half in (r"a\ud83d", r"\ude00b"):
        decoder.feed(b"data: " + (delta % half).encode() + b"\n\n", 0)
    decoder.feed(f"data: {json.dumps(completed())}\n\n".encode(), 0)
    response = decoder.finish()
    assert response.message.text == "a😀b"
    assert "".join(delta.text for delta in response.deltas) == "a😀b"


def test_reasoning_that_only_the_providers_store_could_complete_is_not_sent_back() -> None:
    bare = Reasoning("responses", {"type": "reasoning", "id": "rs_1", "summary": []})
    foreign = Reasoning("messages", {"type": "thinking", "thinking": "x", "signature": "y"}, "x")
    request = Request("m", "", (), (UserMessage("a"), AssistantMessage((bare, foreign, Text("b")))))
    kinds = [item["type"] for item in json.loads(WIRE.encode(request))["input"]]
    assert kinds == ["message", "message"]


def test_a_real_clients_looser_request_is_read() -> None:
    request = WIRE.decode_request(
        json.dumps(
            {
                "model": "m",
                "instructions": "Be brief.",
                "tools": [{"type": "web_search"}, {"type": "function", "name": "f"}],
                "input": [
                    {"role": "developer", "content": "And kind."},
                    {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
                ],
            }
        ).encode()
    )
    assert request.system == "Be brief.\n\nAnd kind."
    assert request.messages == (UserMessage("Hello"),)
    assert [tool.name for tool in request.tools] == ["f"]
