from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import models_cases as cases
import pytest
from hypothesis import given

from waypost.models.model import BadModel
from waypost.models.scripted import ScriptedModel, read_script
from waypost.wires.conversation import (
    AssistantMessage,
    Request,
    Response,
    Stop,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)

SCRIPT = {
    "turns": [
        {"text": "Looking.", "calls": [{"shell": "ls"}, {"tool": "read", "args": {"path": "a b"}}]},
        {"shell": "true"},
        {"text": "Thought.", "reasoning": "Hm.", "usage": {"input": 100, "output": 7, "cached": 90}},
    ],
    "generate": {"steps": 2, "bytes": 10, "command": "say {step} {bytes}"},
    "final": {"finish": "Everything is done."},
}


def script(folder: Path, data: Any = SCRIPT) -> ScriptedModel:
    file = folder / "script.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return ScriptedModel(f"scripted:{file}", read_script(file))


def turn(model: ScriptedModel, asked: Request) -> Response:
    return asyncio.run(cases.answer(model, asked))


def test_turns_then_generated_steps_then_the_final_turn_for_ever(tmp_path: Path) -> None:
    model = script(tmp_path)
    answers = [turn(model, cases.request(ordinal)) for ordinal in range(7)]
    assert [[call.arguments for call in answer.message.calls] for answer in answers] == [
        ['{"command":"ls"}', '{"path":"a b"}'],
        ['{"command":"true"}'],
        [],
        ['{"command":"say 0 10"}'],
        ['{"command":"say 1 10"}'],
        ['{"summary":"Everything is done."}'],
        ['{"summary":"Everything is done."}'],
    ]
    assert [answer.stop for answer in answers[:3]] == [Stop.CALLS, Stop.CALLS, Stop.END]
    assert answers[5].message.calls[0].name == "done"


def test_the_turn_follows_from_the_ordinal_alone(tmp_path: Path) -> None:
    model = script(tmp_path)
    later = turn(model, cases.request(1))
    turn(model, cases.request(0))
    assert turn(model, cases.request(1)) == later


def test_call_ids_differ_within_a_run(tmp_path: Path) -> None:
    model = script(tmp_path)
    calls = [call for n in range(9) for call in turn(model, cases.request(n)).message.calls]
    assert len({call.id for call in calls}) == len(calls)


def test_usage_is_taken_as_written_or_estimated(tmp_path: Path) -> None:
    model = script(tmp_path)
    assert turn(model, cases.request(2)).usage == Usage(100, 7, cached=90)
    short = turn(model, cases.request(0)).usage
    long = turn(model, cases.request(0, UserMessage("word " * 1000))).usage
    assert short is not None
    assert long is not None
    assert 0 < short.input < long.input
    assert short.output == long.output > 0


def test_reasoning_comes_before_the_words(tmp_path: Path) -> None:
    answer = turn(script(tmp_path), cases.request(2))
    assert [getattr(part, "text", "") for part in answer.message.parts] == ["Hm.", "Thought."]


def test_a_role_takes_the_name_that_the_offered_tool_gives_its_argument(tmp_path: Path) -> None:
    shell = Tool("shell", "", {"properties": {"script": {}, "limit": {}}, "required": ["script"]})
    answer = turn(script(tmp_path), cases.request(1, tools=[shell]))
    assert answer.message.calls[0].arguments == '{"script":"true"}'


def test_finishing_where_no_tool_finishes_is_plain_text(tmp_path: Path) -> None:
    answer = turn(script(tmp_path), cases.request(5, tools=[cases.SHELL]))
    assert (answer.message.text, answer.message.calls) == ("Everything is done.", ())


def test_arguments_written_as_text_are_sent_as_they_stand(tmp_path: Path) -> None:
    model = script(tmp_path, {"turns": [{"tool": "shell", "args": '{"command": "ls'}]})
    assert turn(model, cases.request()).message.calls[0].arguments == '{"command": "ls'


def test_a_call_whose_outcome_is_unknown_is_made_again_before_the_next_turn(tmp_path: Path) -> None:
    calls = (ToolCall("call_0_0", "shell", '{"command":"ls"}'), ToolCall("call_0_1", "shell", "{}"))
    history = (
        UserMessage("Go."),
        AssistantMessage((Text("Looking."), *calls)),
        ToolMessage("call_0_0", "a.py"),
        ToolMessage("call_0_1", "Outcome unknown: the run was interrupted", is_error=True),
    )
    answer = turn(script(tmp_path), cases.request(1, *history))
    assert [call.arguments for call in answer.message.calls] == ["{}", '{"command":"true"}']
    assert answer.message.calls[0].id != "call_0_1"


def test_the_generated_command_prints_that_many_bytes_and_succeeds(tmp_path: Path) -> None:
    import subprocess

    model = script(tmp_path, {"generate": {"steps": 1, "bytes": 1234}})
    command = json.loads(turn(model, cases.request()).message.calls[0].arguments)["command"]
    shell = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=True)
    assert len(shell.stdout) == 1234


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("{", r"script\.json:1:2: not JSON"),
        ("[]", "must be an object"),
        ({"turn": []}, "turn: no such key; there are turns"),
        ({"turns": {}}, "turns: must be a list"),
        ({"turns": [{"calls": [{"tol": "x"}]}]}, r"turns\[0\]\.calls\[0\]: a call needs"),
        ({"turns": ["ls"]}, r"turns\[0\]: must be a JSON object"),
        ({"turns": [{"text": 3}]}, r"turns\[0\]\.text: must be a text"),
        ({"turns": [{"tool": "a", "args": []}]}, r"turns\[0\]\.args: must be an object"),
        ({"turns": [{"text": "a", "usage": {"input": -1}}]}, r"turns\[0\]\.usage\.input"),
        ({"turns": [{"text": "a", "usage": {"tokens": 1}}]}, "tokens: no such key"),
        ({"generate": {"steps": "many"}}, r"generate\.steps"),
        ({"final": {"finish": None}}, r"final\.finish"),
        ({"faults": {"1": {"status": 500}}}, "chaos"),
    ],
)
def test_a_bad_script_is_refused_with_file_key_and_mend(tmp_path: Path, data: Any, told: str) -> None:
    with pytest.raises(BadModel, match=told) as caught:
        script(tmp_path, data)
    assert "script.json" in str(caught.value)


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"nowhere\.json: can't read the script"):
        read_script(tmp_path / "nowhere.json")


@given(cases.json_values)
def test_any_other_json_is_a_script_or_refused(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for value in (data, {"turns": [data]}, {"turns": [{"calls": [data]}]}, {"generate": data}):
        with suppress(BadModel):
            turn(script(folder, json.dumps(value)), cases.request())


def test_the_files_of_the_measuring_harness_are_read(tmp_path: Path) -> None:
    data = {"turns": [{"text": "a"}], "compaction": {"texts": ["s"]}, "aside": "t", "final": {"text": "End."}}
    assert turn(script(tmp_path, data), cases.request(4)).message.text == "End."
