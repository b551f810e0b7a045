"""Reading a client's request, as a server of any of the three protocols does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from waypost.wires.canonical import Json, parse_object, well_formed
from waypost.wires.conversation import AssistantMessage, Message, Part, Request, Tool
from waypost.wires.errors import MalformedRequest

_TEXT_TYPES = {"text", "input_text", "output_text"}


def read_request(body: bytes, read: Callable[[Json], Request]) -> Request:
    """Applies a protocol's reader; whatever it stumbles over becomes MalformedRequest."""
    try:
        return read(well_formed(parse_object(body)))
    except KeyError as problem:
        raise MalformedRequest(f"the request lacks {problem}") from problem
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise MalformedRequest(f"unreadable request: {problem}") from problem


def text_of(content: Any) -> str:
    """The text of a content that is a string or a list of text blocks.

    Raises MalformedRequest for images and other kinds: dropping them in silence would change what was asked.
    """
    if content is None or isinstance(content, str):
        return content or ""
    for block in content:
        if block.get("type") not in _TEXT_TYPES:
            raise MalformedRequest(f"content of type {block.get('type')!r} is not supported; send text")
    return "".join(block["text"] for block in content)


def tool_of(function: Json, schema_key: str = "parameters") -> Tool:
    """A tool from its definition; raises KeyError for one without a name."""
    return Tool(function["name"], function.get("description") or "", function.get(schema_key) or {})


class Conversation:
    """Collects messages, joining what the protocol splits into several items of one answer."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.system: list[str] = []

    def add(self, message: Message) -> None:
        """Appends a message."""
        self.messages.append(message)

    def add_parts(self, parts: Iterator[Part] | list[Part]) -> None:
        """Appends to the answer that is being given, or begins one."""
        added = tuple(parts)
        if self.messages and isinstance(last := self.messages[-1], AssistantMessage):
            self.messages[-1] = AssistantMessage(last.parts + added)
        else:
            self.messages.append(AssistantMessage(added))

    @property
    def instructions(self) -> str:
        """All system texts, in order."""
        return "\n\n".join(filter(None, self.system))
