"""Streams as the many servers send them that speak Chat Completions, each in its own dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.wires.chat import ChatWire
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

WIRE = ChatWire()
Json = dict[str, Any]


def chunk(delta: Json, reason: str | None = None, **more: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}


def read(*chunks: Json, done: bool = True) -> Response:
    decoder = WIRE.decoder()
    for each in chunks:
        decoder.feed(f"data: {json.dumps(each)}\n\n".encode(), 0)
    if done:
        decoder.feed(b"data: [DONE]\n\n", 0)
    return decoder.finish()


def pieces(*calls: Json) -> Json:
    return chunk({"tool_calls": list(calls)})


def piece(arguments: str | Json | None = None, **members: Any) -> Json:
    name = {"name": members.pop("name")} if "name" in members else {}
    return {**members, "function": {**name, "arguments": arguments}}


END = chunk({}, "tool_calls")
TWO = (ToolCall("a", "shell", '{"x":1}'), ToolCall("b", "read", '{"y":2}'))


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            [
                pieces(piece("", index=0, id="a", type="function", name="shell")),
                pieces(piece('{"x"', index=0)),
                pieces(piece(":1}", index=0)),
                pieces(piece("", index=1, id="b", type="function", name="read")),
                pieces(piece('{"y":2}', index=1)),
            ],
            id="as OpenAI does",
        ),
        pytest.param(
            [
                pieces(piece("", index=0, id="a", name="shell"), piece("", index=1, id="b", name="read")),
                pieces(piece('{"y"', index=1), piece('{"x"', index=0)),
                pieces(piece(":1}", index=0), piece(":2}", index=1)),
            ],
            id="interleaved",
        ),
        pytest.param(
            [
                pieces(piece('{"x"', index=0, id="a", name="shell")),
                pieces(piece(":1}", index=0, id="a", name="shell")),
                pieces(piece('{"y":2}', index=1, id="b", name="read")),
            ],
            id="name and id in every piece",
        ),
        pytest.param(
            [
                pieces(piece("", index=0, id="a", name="sh")),
                pieces(piece("", index=0, name="ell")),
                pieces(piece('{"x":1}', index=0)),
                pieces(piece('{"y":2}', index=1, id="b", name="read")),
            ],
            id="a name in parts",
        ),
        pytest.param(
            [
                pieces(piece('{"x":1}', index=0, id="a", name="shell")),
                pieces(piece('{"y":2}', index=0, id="b", name="read")),
            ],
            id="whole calls that all have the index 0",
        ),
        pytest.param(
            [pieces(piece('{"x":1}', id="a", name="shell"), piece({"y": 2}, id="b", name="read"))],
            id="whole calls without an index, arguments as an object",
        ),
        pytest.param(
            [
                pieces(piece('{"x"', id="a", name="shell")),
                pieces(piece(":1}")),
                pieces(piece('{"y"', id="b", name="read")),
                pieces(piece(":2}")),
            ],
            id="pieces without an index",
        ),
    ],
)
def test_calls_in_pieces_are_put_together(stream: list[Json]) -> None:
    response = read(*stream, END)
    assert response.message.calls == TWO
    assert response.stop is Stop.CALLS


def test_calls_without_ids_get_ids_that_differ_and_stay_the_same() -> None:
    stream = [pieces(piece("{}", name="read"), piece("{}", name="read"), piece(None, name="done")), END]
    first, second = read(*stream), read(*stream)
    ids = [call.id for call in first.message.calls]
    assert len(set(ids)) == 3
    assert all(len(each) == 9 and each.isalnum() for each in ids)
    assert first == second


def test_an_answer_with_calls_that_ends_by_stop_ends_by_calls() -> None:
    assert read(pieces(piece("{}", index=0, id="a", name="f")), chunk({}, "stop")).stop is Stop.CALLS


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_by_the_member_that_it_came_by(member: str) -> None:
    response = read(chunk({"role": "assistant", member: "Hm"}), chunk({member: "m."}), chunk({"content": "Yes."}), END)
    assert response.message.parts == (Reasoning("chat", {member: "Hmm."}, "Hmm."), Text("Yes."))
    body = json.loads(WIRE.encode(Request("m", "", (), (UserMessage("?"), response.message))))
    assert body["messages"][1] == {"role": "assistant", "content": "Yes.", member: "Hmm."}


def test_reasoning_details_grow_together_and_go_back_whole() -> None:
    def detail(**members: Any) -> Json:
        return {"index": 0, "format": "f", **members}

    sealed = {"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1", "index": 1, "format": "f"}
    response = read(
        chunk({"reasoning": "Hm", "reasoning_details": [detail(type="reasoning.text", text="Hm")]}),
        chunk({"reasoning": "m", "reasoning_details": [detail(type="reasoning.text", text="m")]}),
        chunk({"reasoning_details": [detail(type="reasoning.text", signature="sig")]}),
        chunk({"reasoning_details": [sealed]}),
        chunk({"content": "Yes."}, "stop"),
    )
    whole = detail(type="reasoning.text", text="Hmm", signature="sig")
    payload = {"reasoning": "Hmm", "reasoning_details": [whole, sealed]}
    assert response.message.parts[0] == Reasoning("chat", payload, "Hmm")


def test_geminis_signed_calls_go_back_signed() -> None:
    signed = {"google": {"thought_signature": "abc"}}
    first = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}, "extra_content": signed}
    response = read(pieces(first), pieces(piece("{}", index=0, id="b", name="g")), END)
    body = json.loads(WIRE.encode(Request("m", "", (), (response.message,))))
    calls = body["messages"][0]["tool_calls"]
    assert calls[0]["extra_content"] == signed
    assert "extra_content" not in calls[1]


def test_mistrals_thinking_blocks_go_back_as_blocks() -> None:
    block = {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm"}]}
    response = read(chunk({"content": [block]}), chunk({"content": "Yes."}, "stop"))
    assert response.message.parts == (Reasoning("chat", {"thinking": "Hmm"}, "Hmm"), Text("Yes."))
    body = json.loads(WIRE.encode(Request("m", "", (), (response.message,))))
    assert body["messages"][0]["content"] == [block, {"type": "text", "text": "Yes."}]


@pytest.mark.parametrize(
    ("more", "usage"),
    [
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 4, 5, 2, 3),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_cache_hit_tokens": 5,
                "prompt_tokens_details": None,
            },
            Usage(9, 4, 5),
        ),
    ],
)
def test_usage_is_read_wherever_it_stands(more: Json, usage: Usage) -> None:
    end = chunk({}, "stop")
    assert read(end, {**end, "choices": [], "usage": more}).usage == usage
    assert read({**end, "x_groq": {"usage": more}}).usage == usage
    assert read({**end, "choices": [{**end["choices"][0], "usage": more}]}).usage == usage
    assert read({**end, "usage": None}).usage is None


def test_either_of_two_ends_is_enough_and_none_is_a_cut() -> None:
    said = chunk({"content": "Hello"})
    assert read(said).message.text == "Hello"
    assert read(said, chunk({}, "stop"), done=False).message.text == "Hello"
    with pytest.raises(CutStream, match="finish_reason"):
        read(said, done=False)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("length", Stop.LENGTH),
        ("MAX_TOKENS", Stop.LENGTH),
        ("content_filter", Stop.REFUSAL),
        ("STOP", Stop.END),
        ("malformed_function_call", Stop.OTHER),
    ],
)
def test_finish_reasons_of_all_dialects_are_known(reason: str, stop: Stop) -> None:
    assert read(chunk({"content": "x"}, reason)).stop is stop


def test_a_refusal_is_told_from_an_answer() -> None:
    response = read(chunk({"refusal": "I can't."}), chunk({}, "stop"))
    assert (response.message.text, response.stop) == ("I can't.", Stop.REFUSAL)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, ErrorKind.SERVER),
        ({"error": {"message": "slow down", "code": 429}}, ErrorKind.RATE_LIMIT),
        ({"error": {"message": "maximum context length is 8192 tokens"}}, ErrorKind.CONTEXT_OVERFLOW),
        ({"error": "engine died"}, ErrorKind.SERVER),
        ({"choices": [{"delta": {}, "finish_reason": "error"}]}, ErrorKind.SERVER),
        ({"choices": [{"delta": {}, "finish_reason": "insufficient_system_resource"}]}, ErrorKind.OVERLOADED),
    ],
)
def test_an_error_within_the_stream_is_no_answer(event: Json, kind: ErrorKind) -> None:
    with pytest.raises(ProviderError) as failed:
        read(chunk({"content": "Hel"}), event)
    assert failed.value.detail.kind is kind


def test_a_bad_call_goes_back_as_one_that_every_server_can_parse() -> None:
    calls = (ToolCall("a", "no such.tool", '{"x'), ToolCall("b", "", ""), ToolCall("c", "f", '{"n":1e999}'))
    request = Request("m", "", (), (AssistantMessage(calls), ToolMessage("a", "bad")))
    sent = [call["function"] for call in json.loads(WIRE.encode(request))["messages"][0]["tool_calls"]]
    assert [json.loads(each["arguments"]) for each in sent] == [{"_raw": '{"x'}, {}, {"_raw": '{"n":1e999}'}]
    assert [each["name"] for each in sent] == ["no_such_tool", "unnamed", "f"]


def test_dialect_options_change_what_is_sent() -> None:
    request = Request("m", "", (), (UserMessage("a"),), "talk", max_output_tokens=5)
    plain = json.loads(ChatWire(asks_for_usage=False).encode(request))
    assert plain.keys() == {"model", "stream", "max_tokens", "messages"}
    openai = ChatWire(cache_key=True, limit="max_completion_tokens", extra={"reasoning_effort": "low"})
    body = json.loads(openai.encode(request))
    assert (body["prompt_cache_key"], body["max_completion_tokens"], body["reasoning_effort"]) == (
        "talk",
        5,
        "low",
    )
