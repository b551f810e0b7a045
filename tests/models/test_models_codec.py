from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import models_cases as cases
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.models.codec import (
    BadEncoding,
    canonical,
    encode_request,
    message_from_json,
    message_to_json,
    request_from_json,
    request_to_json,
    response_from_json,
    response_to_json,
    usage_from_json,
)
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Message,
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

GOLDEN = Path(__file__).parent / "golden" / "codec-v1.json"


def example() -> dict[str, Any]:
    call = ToolCall("c1", "shell", '{"command": "ls"}')
    message = AssistantMessage(
        (Reasoning("messages", {"type": "thinking", "signature": "s="}, "Hm."), Text("Ich sehe nach …"), call)
    )
    response = Response(
        message,
        Stop.CALLS,
        Usage(1200, 40, cached=1000, reasoning=12),
        "r1",
        "m-2026",
        (
            Delta(DeltaKind.REASONING, 0, "Hm.", 5),
            Delta(DeltaKind.TEXT, 1, "Ich sehe", 10),
            Delta(DeltaKind.TEXT, 1, " nach …", 20),
            Delta(DeltaKind.CALL, 2, "shell", 30),
            Delta(DeltaKind.ARGUMENTS, 2, '{"command": "ls"}', 40),
            Delta(DeltaKind.ARGUMENTS, 7, "of no part", 50),
        ),
    )
    messages = (UserMessage("Go."), message, ToolMessage("c1", "no such file", is_error=True))
    request = Request("m", "Careful.", (cases.SHELL,), messages, "talk-1", (0, 2), 4096, 3)
    return {"request": request_to_json(request), "response": response_to_json(response)}


def test_format_version_1_is_what_the_golden_file_says() -> None:
    golden = json.loads(GOLDEN.read_bytes())
    assert example() == golden
    assert list(example()["request"]) == list(golden["request"])
    assert request_to_json(request_from_json(golden["request"])) == golden["request"]
    assert response_to_json(response_from_json(golden["response"])) == golden["response"]


@given(cases.messages)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert message_from_json(json.loads(canonical(message_to_json(message)))) == message


@given(cases.responses())
def test_every_answer_comes_back_with_its_deltas(response: Response) -> None:
    assert response_from_json(json.loads(canonical(response_to_json(response)))) == response


@given(cases.requests)
def test_every_request_comes_back_as_it_was(request_: Request) -> None:
    assert request_from_json(json.loads(encode_request(request_))) == request_


def test_the_pieces_of_a_part_are_stored_as_lengths() -> None:
    stored = response_to_json(cases.said("Hello"))
    assert stored["deltas"] == [["text", 0, 1, at] for at in range(5)]


def test_a_longer_conversation_begins_with_the_bytes_of_the_shorter() -> None:
    shorter = cases.request(0, UserMessage("Go."))
    longer = cases.request(1, UserMessage("Go."), AssistantMessage((Text("Yes."),)))
    common = encode_request(shorter).partition(b'],"breakpoints"')[0]
    assert encode_request(longer).startswith(common)


def test_text_that_utf8_cannot_carry_is_kept() -> None:
    message = ToolMessage("c", "half \ud800 a pair, grün")
    assert message_from_json(json.loads(canonical(message_to_json(message)))) == message


@given(cases.json_values)
def test_foreign_json_is_refused_by_name_and_nothing_else_is_raised(value: Any) -> None:
    for read in (message_from_json, response_from_json, request_from_json, usage_from_json):
        with suppress(BadEncoding):
            read(value)


@given(cases.responses(), st.data())
def test_a_damaged_answer_is_refused_by_name_and_nothing_else_is_raised(
    response: Response, data: st.DataObject
) -> None:
    stored = response_to_json(response)
    stored[data.draw(st.sampled_from(sorted(stored)))] = data.draw(cases.json_values)
    with suppress(BadEncoding):
        response_from_json(stored)


def test_a_length_past_the_end_of_its_part_is_refused() -> None:
    stored = response_to_json(cases.said("Hello")) | {"deltas": [["text", 0, 6, 1]]}
    with pytest.raises(BadEncoding, match="past the end of part 0"):
        response_from_json(stored)
