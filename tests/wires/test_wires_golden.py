"""The exact bytes of one request on each wire: a change here costs every running conversation its cache.

To take new ones, delete the file and run the test twice; the first run writes it and fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from wires_cases import READ, SHELL, WIRES, reasoning

from waypost.wires.conversation import AssistantMessage, Request, Text, ToolCall, ToolMessage, UserMessage

GOLDEN = Path(__file__).parent / "golden"


def request(wire: str) -> Request:
    return Request(
        model="a-model",
        system="You are careful.\nVery.",
        tools=(SHELL, READ),
        messages=(
            UserMessage("Mend “naïve” 😀 \\ \x00 \ud800."),
            AssistantMessage(
                (
                    reasoning(wire, "Look first.", "c2VhbGVk"),
                    Text("I look."),
                    ToolCall("call_1", "shell", '{"command": "ls"}'),
                    ToolCall("call_2", "read", '{"path'),
                )
            ),
            ToolMessage("call_1", "a.py\n"),
            ToolMessage("call_2", "bad arguments", is_error=True),
            UserMessage("Go on."),
            AssistantMessage((Text("Done."),)),
            UserMessage("Sure?"),
        ),
        conversation="run-7/M01",
        breakpoints=(0, 3),
        max_output_tokens=8000,
        ordinal=2,
    )


@pytest.mark.parametrize("name", WIRES)
def test_a_requests_bytes_are_those_of_the_golden_file(name: str) -> None:
    path = GOLDEN / f"request.{name}.json"
    body = WIRES[name].encode(request(name))
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        pytest.fail(f"{path.name} was written; look at it, and commit it")
    assert body == path.read_bytes()
