from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools_cases import bench, call, refused

from waypost.agent.tools.bench import OfferedTool
from waypost.agent.tools.registry import TOOLS, parse_arguments, specs, tool_named
from waypost.agent.tools.result import Asked, Blocked, Decided, Done, Noted, Rejected, Result
from waypost.wires.conversation import Tool

NAMES = [tool.name for tool in specs()]


def test_the_tools_their_order_and_their_size() -> None:
    assert [
        *("shell", "read", "edit", "write", "find"),
        *("search", "symbol", "references", "impact", "map"),
        *("expand", "decide", "note", "ask", "done", "blocked"),
    ] == NAMES
    whole = json.dumps([[tool.name, tool.description, tool.parameters] for tool in specs()])
    assert len(whole) / 4 <= 1_500
    assert {tool.spec.name for tool in TOOLS if tool.changes_tree} == {"shell", "edit", "write"}


def test_every_example_is_accepted_by_its_own_tool() -> None:
    for tool in TOOLS:
        assert parse_arguments(tool.spec.name, json.dumps(tool.example)) == tool.example


@pytest.mark.parametrize(
    ("name", "raw", "arguments"),
    [
        ("shell", '{"cmd": "ls"}', {"command": "ls"}),
        (
            "edit",
            '{"file_path": "a", "old_string": "b", "new_str": "c"}',
            {"path": "a", "old": "b", "new": "c"},
        ),
        (
            "edit",
            '{"filename": "a", "old_str": "b", "new_string": "c"}',
            {"path": "a", "old": "b", "new": "c"},
        ),
        ("write", '{"path": "a", "content": "b"}', {"path": "a", "text": "b"}),
        ("edit", "*** Begin Patch\n*** End Patch", {"patch": "*** Begin Patch\n*** End Patch"}),
        ("read", '{"path": "a", "start": "3", "end": 4.0}', {"path": "a", "start": 3, "end": 4}),
        ("read", '{"path": "a", "start": null}', {"path": "a"}),
        ("read", '"{\\"path\\": \\"a\\"}"', {"path": "a"}),
        ("edit", '{"all": "TRUE"}', {"all": True}),
        ("shell", '{"command": "a\nb"}', {"command": "a\nb"}),
        ("shell", '{"command": "\\ud800x\\ud83d\\ude00"}', {"command": "\ufffdx😀"}),
        ("blocked", '{"because": "x"}', {"reason": "x"}),
    ],
)
def test_what_is_plainly_meant_is_accepted(name: str, raw: str, arguments: dict[str, Any]) -> None:
    assert parse_arguments(name, raw) == arguments


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("shell", '{"command": "ls" "x"}', "no valid JSON: Expecting ',' delimiter: line 1 column 18, at"),
        ("shell", '{"command": "ls', "no valid JSON: Unterminated string"),
        ("shell", "[1]", "must be one JSON object, not an array"),
        (
            "shell",
            "",
            "shell: command missing. Nothing was run.\nIt takes (command: string, timeout?: integer)",
        ),
        ("shell", '{"command": ["ls"]}', "command must be a string, not an array"),
        ("shell", '{"command": "ls", "timeout": "soon"}', "timeout must be an integer, not a string"),
        ("shell", '{"command": "ls", "timeout": true}', "timeout must be an integer, not a boolean"),
        ("shell", '{"command": "ls", "time": 1}', "there is no argument 'time'; did you mean timeout?"),
        ("find", '{"pattern": "x", "kind": "names"}', "kind must be one of text, files, not 'names'"),
        ("write", "{}", "path and text missing"),
        (
            "decide",
            '{"title": "t", "decision": "d", "because": "b", "rejected": ["x"]}',
            "rejected[0] must be an",
        ),
        (
            "decide",
            '{"title": "t", "decision": "d", "because": "b", "rejected": [{"option": "x"}]}',
            "rejected[0] lacks 'because'",
        ),
        ("bash", "{}", "There is no tool 'bash'. Did you mean shell? The tools are: shell, read, edit"),
        ("teleport", "{}", "There is no tool 'teleport'. The tools are: shell"),
        ("Shel", "{}", "There is no tool 'Shel'. Did you mean shell?"),
        ("read", "[" * 100_000, "can't be read as JSON"),
        ("read", '{"start": ' + "9" * 5_000 + "}", "can't be read as JSON"),
    ],
)
def test_a_bad_call_is_taught_the_mend(name: str, raw: str, told: str) -> None:
    error = parse_arguments(name, raw)
    assert isinstance(error, str)
    assert told in error
    tool = tool_named(name)
    if tool:
        assert f"for example {json.dumps(tool.example, ensure_ascii=False)}" in error


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ARGUMENT_NAMES = st.sampled_from(sorted({name for tool in specs() for name in tool.parameters["properties"]}))


@given(st.sampled_from(NAMES), st.dictionaries(ARGUMENT_NAMES | st.text(), JSON_VALUES, max_size=5))
def test_any_object_is_arguments_that_fit_the_schema_or_an_error(name: str, given_: dict[str, Any]) -> None:
    parsed = parse_arguments(name, json.dumps(given_))
    if isinstance(parsed, str):
        assert parsed.startswith(f"{name}: ")
        parsed.encode()
        return
    tool = tool_named(name)
    assert tool
    schema = tool.spec.parameters
    assert set(schema["required"]) <= set(parsed) <= set(schema["properties"])
    # What was accepted is accepted again, unchanged.
    assert parse_arguments(name, json.dumps(parsed)) == parsed


@given(st.sampled_from([*NAMES, "other"]), st.text(max_size=60))
def test_any_text_is_arguments_or_an_error(name: str, raw: str) -> None:
    assert isinstance(parse_arguments(name, raw), dict | str)


def test_words_to_the_loop_are_signals_and_change_nothing(tmp_path: Path) -> None:
    on = bench(tmp_path)
    decided = call(on, "decide", title="T", decision="D", because="B", rejected=[{"option": "O", "because": "R"}])
    assert decided.signal == Decided("T", "D", "B", (Rejected("O", "R"),))
    assert call(on, "note", text="n").signal == Noted("n")
    asked = call(on, "ask", question="q?")
    assert asked.signal == Asked("q?")
    assert "queued for the human" in asked.text
    assert call(on, "done", summary="s").signal == Done("s")
    assert call(on, "blocked", reason="r").signal == Blocked("r")
    assert list(tmp_path.iterdir()) == []


def test_expand_brings_back_lines_in_pages(tmp_path: Path) -> None:
    async def whole(handle: str) -> str | None:
        return "".join(f"row {number}\n" for number in range(1, 201)) if handle == "h1" else None

    on = bench(tmp_path, expand=whole, shown=400)
    first = call(on, "expand", handle=" h1 ")
    last = first.facts["last"]
    assert first.text.endswith(f"row {last}\n[lines 1-{last} of 200; go on with start={last + 1}]")
    assert call(on, "expand", handle="h1", start=199).text == "199\trow 199\n200\trow 200\n[lines 199-200 of 200]"
    assert "h2: no such handle; use one as it was shown" in refused(on, "expand", handle="h2")
    assert "h1 has 200 lines; start=500" in refused(on, "expand", handle="h1", start=500)


def test_a_full_disk_is_not_the_models_to_mend(tmp_path: Path) -> None:
    async def full(arguments: dict[str, Any], on: object) -> Result:
        raise OSError(arguments["number"], "what the system says", str(tmp_path / "a"))

    tool = OfferedTool(Tool("fails", "", {}), {}, full)
    on = bench(tmp_path)
    with pytest.raises(OSError, match="what the system says"):
        asyncio.run(tool.run({"number": errno.ENOSPC}, on))
    other = asyncio.run(tool.run({"number": errno.EACCES}, on))
    assert (other.is_error, other.text) == (True, "a: what the system says")
