"""What a person finds in a mailbox: the request as a page to read, and how to answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from waypost.models.codec import message_to_json
from waypost.wires.conversation import (
    AssistantMessage,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolMessage,
    UserMessage,
)

LINE = 100  # characters of a message that was read before

README = """\
This folder is a mailbox. A Waypost run writes its requests here, and you are the model.

Read     000000.request.md    what is new since the request before, at the end of the page
         000000.request.json  the whole request: system text, tools, messages
Write    000000.response.json  with the same number

    {"text": "I look around first.",
     "calls": [{"tool": "shell", "args": {"command": "ls"}}]}

"text" is what you say, "calls" are the tools that you want called, in this order; give either or both.
The tools and their arguments stand in 000000.request.md. Write the arguments as an object, or as a text
where you want it sent exactly as it stands. {"shell": "ls"} is short for a call of the shell,
{"finish": "what was done"} for the call that ends the work. You may also give "reasoning" (a text) and
"usage" ({"input": 1200, "output": 40, "cached": 1000}); otherwise the tokens are estimated.

The file may be written slowly: it is read when it is whole. What can't be understood is renamed to
000000.response.invalid-1.json, and 000000.error.txt says why; then write it again. There is no hurry.
"""


def letter(request: Request, before: Sequence[Any]) -> str:
    """A request as Markdown, what is new at the end.

    `before` are the messages of the request before this one, as `message_to_json` gives them.
    """
    known = _shared(request.messages, before)
    new = request.messages[known:]
    parts = [
        f"# Request {request.ordinal}\n",
        f"Answer in `{request.ordinal:06}.response.json`, as `README.txt` shows.",
        f"The whole request is in `{request.ordinal:06}.request.json`.\n",
    ]
    if known:
        parts += [f"## Known already: {known} messages, system text and {len(request.tools)} tools\n"]
        parts += [f"- {_heading(message)}: {_line(message)}" for message in request.messages[:known]]
    else:
        parts += ["## System\n", _fenced(request.system), "## Tools\n"]
        parts += map(_tool, request.tools)
    title = f"## New: {len(new)} messages\n" if new else "## Nothing is new: the last answer is asked for again\n"
    parts += ["", title]
    parts += [f"### {_heading(message)}\n\n{_body(message)}" for message in new]
    return "\n".join(parts) + "\n"


def _shared(messages: Sequence[Message], before: Sequence[Any]) -> int:
    """How many messages at the beginning are the same."""
    for number, (message, known) in enumerate(zip(messages, before, strict=False)):
        if message_to_json(message) != known:
            return number
    return min(len(messages), len(before))


def _heading(message: Message) -> str:
    if isinstance(message, UserMessage):
        return "To you"
    if isinstance(message, AssistantMessage):
        return "You"
    return f"Result of {message.call_id}" + (" (an error)" if message.is_error else "")


def _line(message: Message) -> str:
    if isinstance(message, AssistantMessage):
        calls = ", ".join(f"{call.name} {call.arguments}" for call in message.calls)
        text = f"{message.text} {calls}"
    else:
        text = message.text
    words = " ".join(text.split())
    return json.dumps(words[:LINE], ensure_ascii=False) + ("…" if len(words) > LINE else "")


def _body(message: Message) -> str:
    if isinstance(message, UserMessage | ToolMessage):
        return _fenced(message.text)
    shown = []
    for part in message.parts:
        if isinstance(part, Text):
            shown.append(_fenced(part.text))
        elif isinstance(part, Reasoning):
            shown.append(f"Reasoning:\n\n{_fenced(part.text)}")
        else:
            shown.append(f"Call {part.id}: `{part.name}`\n\n{_fenced(part.arguments)}")
    return "\n".join(shown)


def _tool(tool: Tool) -> str:
    schema = json.dumps(tool.parameters, ensure_ascii=False, indent=1)
    return f"### {tool.name}\n\n{_fenced(tool.description)}\n{_fenced(schema)}"


def _fenced(text: str) -> str:
    """Text in a fence that nothing in it can close."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}\n"
