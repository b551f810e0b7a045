from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import AsyncIterator
from typing import Any

import models_cases as cases
import pytest

from waypost.models.clock import FakeClock
from waypost.models.codec import response_from_json, response_to_json
from waypost.models.model import BadModel, ContextOverflow, ModelError, TransientFailure
from waypost.models.pydantic_ai import PydanticAIModel, messages_of
from waypost.models.registry import open_model
from waypost.wires.conversation import (
    AssistantMessage,
    Reasoning,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)

INSTALLED = importlib.util.find_spec("pydantic_ai") is not None
needs_extra = pytest.mark.skipif(not INSTALLED, reason="the extra pydantic-ai is not installed")


@pytest.mark.skipif(INSTALLED, reason="the extra pydantic-ai is installed")
def test_without_the_extra_the_command_that_installs_it_is_told() -> None:
    with pytest.raises(BadModel, match=r"pip install 'waypost\[pydantic-ai\]'"):
        open_model("pydantic-ai:bedrock:m", base_url=None, environ={}, clock=FakeClock())


def function_model(play: Any) -> PydanticAIModel:
    from pydantic_ai.models.function import FunctionModel

    return PydanticAIModel("pydantic-ai:function", FunctionModel(stream_function=play), FakeClock())


def ask(model: PydanticAIModel, *messages: Any) -> Response:
    return asyncio.run(cases.answer(model, cases.request(0, *messages)))


@needs_extra
def test_words_reasoning_and_calls_come_in_pieces_and_whole() -> None:
    from pydantic_ai.models.function import DeltaThinkingPart, DeltaToolCall

    async def play(messages: Any, info: Any) -> AsyncIterator[Any]:
        assert [tool.name for tool in info.function_tools] == ["shell", "done"]
        yield {0: DeltaThinkingPart(content="Hm.", signature="s=")}
        yield "Look"
        yield "ing."
        yield {2: DeltaToolCall("shell", '{"com', tool_call_id="c1")}
        yield {2: DeltaToolCall(json_args='mand": "ls"}')}

    response = ask(function_model(play))
    assert response.message.text == "Looking."
    assert response.message.calls == (ToolCall("c1", "shell", '{"command": "ls"}'),)
    reasoning = response.message.parts[0]
    assert isinstance(reasoning, Reasoning)
    assert (reasoning.text, reasoning.payload["signature"]) == ("Hm.", "s=")
    assert response.stop is Stop.CALLS
    assert "".join(delta.text for delta in response.deltas) == 'Hm.Looking.shell{"command": "ls"}'
    assert response_from_json(response_to_json(response)) == response


@needs_extra
def test_a_history_is_told_with_results_beside_their_calls_and_opaque_parts_unchanged() -> None:
    call = ToolCall("c1", "shell", '{"command": "ls"}')
    details = {"call": "c1", "details": {"provider_name": "google", "provider_details": {"thought": "x="}}}
    thought = Reasoning("pydantic-ai", {"signature": "s=", "provider_name": "google"}, "Hm.")
    foreign = Reasoning("responses", {"encrypted_content": "e"}, "Not for this wire.")
    said = AssistantMessage((thought, foreign, Text("Looking."), Reasoning("pydantic-ai", details), call))
    asked = cases.request(1, UserMessage("Go."), said, ToolMessage("c1", "a.py"), UserMessage("Go on."))
    first, answer, last = messages_of(asked)
    assert [part.part_kind for part in first.parts] == ["system-prompt", "user-prompt"]
    assert [part.part_kind for part in answer.parts] == ["thinking", "text", "tool-call"]
    assert answer.parts[0].signature == "s="
    assert answer.parts[2].provider_details == {"thought": "x="}
    assert [part.part_kind for part in last.parts] == ["tool-return", "user-prompt"]
    assert last.parts[0].tool_name == "shell"


@needs_extra
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, TransientFailure),
        (503, TransientFailure),
        (529, TransientFailure),
        (401, BadModel),
        (404, BadModel),
    ],
)
def test_a_providers_refusal_is_told_apart(status: int, expected: type[ModelError]) -> None:
    from pydantic_ai.exceptions import ModelHTTPError

    async def play(messages: Any, info: Any) -> AsyncIterator[str]:
        raise ModelHTTPError(status, "m", {"error": "no"})
        yield ""

    with pytest.raises(expected) as caught:
        ask(function_model(play))
    assert str(status) in str(caught.value)
    if isinstance(caught.value, TransientFailure):
        assert caught.value.status == status


@needs_extra
def test_a_prompt_that_does_not_fit_is_an_overflow() -> None:
    from pydantic_ai.exceptions import ModelContextWindowExceededError

    async def play(messages: Any, info: Any) -> AsyncIterator[str]:
        raise ModelContextWindowExceededError("m", "too long")
        yield ""

    with pytest.raises(ContextOverflow):
        ask(function_model(play))


@needs_extra
def test_the_packages_own_test_model_answers() -> None:
    from pydantic_ai.models.test import TestModel

    model = PydanticAIModel("pydantic-ai:test", TestModel(call_tools=[]), FakeClock())
    response = ask(model)
    assert response.message.text
    assert response.usage is not None
    assert response.usage.input > 0


@needs_extra
@pytest.mark.parametrize("spec", ["pydantic-ai:nobody:m", "pydantic-ai:bedrock:m", "pydantic-ai:m"])
def test_a_model_that_cannot_be_opened_is_refused(spec: str) -> None:
    if spec.startswith("pydantic-ai:bedrock") and importlib.util.find_spec("boto3"):
        pytest.skip("Bedrock's own package is installed")
    with pytest.raises(BadModel, match="pydantic-ai"):
        open_model(spec, base_url=None, environ=os.environ, clock=FakeClock())
