"""Anthropic's Messages protocol: requests. Answers are in `messages_answers`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost.wires.canonical import Json, arguments_object, arguments_text, canonical, legal_name, ordered
from waypost.wires.conversation import (
    Message,
    Part,
    Reasoning,
    Request,
    Response,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from waypost.wires.decoder import StreamDecoder, string
from waypost.wires.error_body import decode_error_body, encode_anthropic_error
from waypost.wires.errors import ErrorDetail, ErrorKind
from waypost.wires.inbound import Conversation, read_request, text_of, tool_of
from waypost.wires.messages_answers import NAME, THINKING, MessagesDecoder, encode_answer, encode_events

API_VERSION = "2023-06-01"
MARK = {"cache_control": {"type": "ephemeral"}}
MARKS_IN_MESSAGES = 3  # four are allowed in all; the system text has one
BLANK = "(empty)"  # blank text blocks are refused


@dataclass(frozen=True, slots=True)
class MessagesWire:
    """The codec; `max_tokens` is sent where the request names no limit, as the protocol demands one.

    `extra` are further members of every request, such as `{"thinking": {"type": "adaptive"}}`.
    """

    max_tokens: int = 32_000
    extra: Json = field(default_factory=dict)
    name: str = NAME
    path: str = "/messages"

    def headers(self, key: str) -> dict[str, str]:
        """What the protocol wants in the header, with the key where there is one."""
        return {"anthropic-version": API_VERSION, **({"x-api-key": key} if key else {})}

    def encode(self, request: Request) -> bytes:
        """Cache marks stand on the system text, the last block, and the newest segments' ends."""
        body: Json = {
            "model": request.model,
            "max_tokens": request.max_output_tokens or self.max_tokens,
            "stream": True,
        }
        if request.conversation:
            body["metadata"] = {"user_id": request.conversation}
        body |= self.extra
        if request.tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
                for tool in request.tools
            ]
        if request.system.strip():
            body["system"] = [{"type": "text", "text": request.system, **MARK}]
        body["messages"] = _turns(request)
        return canonical(body)

    def decoder(self) -> StreamDecoder:
        """A fresh decoder for one streamed answer."""
        return MessagesDecoder()

    def decode_document(self, body: bytes) -> Response:
        """The answer of a server that does not stream; raises MalformedStream and ProviderError."""
        return MessagesDecoder().document(body)

    def decode_error(self, status: int, body: bytes) -> ErrorDetail:
        """What the body of an error status says; never raises."""
        return decode_error_body(status, body)

    def decode_request(self, body: bytes) -> Request:
        """A client's request; raises MalformedRequest."""
        return read_request(body, _request)

    def encode_stream(self, response: Response) -> Iterator[bytes]:
        """The answer as server-sent events."""
        return encode_events(response)

    def encode_document(self, response: Response) -> bytes:
        """The answer as one JSON text."""
        return encode_answer(response)

    def encode_error(self, _status: int, kind: ErrorKind, message: str) -> bytes:
        """The body of an error status."""
        return encode_anthropic_error(kind, message)


@dataclass(slots=True)
class _Block:
    """A content block, and the number of the message that it came from."""

    source: int
    content: Json


def _turns(request: Request) -> list[Json]:
    """Messages as turns that alternate: what one side says in a row is one turn."""
    turns: list[tuple[str, list[_Block]]] = []
    for number, message in enumerate(request.messages):
        role = "user" if isinstance(message, UserMessage | ToolMessage) else "assistant"
        blocks = [_Block(number, content) for content in _blocks(message)]
        if blocks and turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((role, blocks))
    for role, blocks in turns:
        if role == "user":  # results must come first in their turn
            blocks.sort(key=lambda block: block.content["type"] != "tool_result")
    _mark([block for _, blocks in turns for block in blocks], request.breakpoints)
    return [{"role": role, "content": [block.content for block in blocks]} for role, blocks in turns]


def _mark(blocks: list[_Block], breakpoints: tuple[int, ...]) -> None:
    """Sets cache marks on the last block, and on the last ones of the newest messages at breakpoints."""
    last_of = {block.source: block for block in blocks if block.content["type"] not in THINKING}
    end = next((block for block in reversed(blocks) if block.content["type"] not in THINKING), None)
    chosen = [last_of[number] for number in sorted(set(breakpoints)) if number in last_of]
    if end is not None:
        chosen = [block for block in chosen if block is not end] + [end]
    for block in chosen[-MARKS_IN_MESSAGES:]:
        block.content = {**block.content, **MARK}


def _blocks(message: Message) -> Iterator[Json]:
    if isinstance(message, UserMessage):
        yield {"type": "text", "text": message.text if message.text.strip() else BLANK}
    elif isinstance(message, ToolMessage):
        content = {"content": message.text} if message.text else {}
        error = {"is_error": True} if message.is_error else {}
        yield {"type": "tool_result", "tool_use_id": _legal_id(message.call_id), **content, **error}
    else:
        for part in message.parts:
            yield from _part_blocks(part)


def _part_blocks(part: Part) -> Iterator[Json]:
    """Thinking stays where the model put it, which is first: signatures cover the order too."""
    if isinstance(part, Text) and part.text.strip():
        yield {"type": "text", "text": part.text}
    elif isinstance(part, ToolCall):
        arguments = arguments_object(part.arguments)
        yield {
            "type": "tool_use",
            "id": _legal_id(part.id),
            "name": legal_name(part.name),
            "input": arguments,
        }
    elif isinstance(part, Reasoning) and part.wire == NAME:
        yield ordered(part.payload)


def _legal_id(call_id: str) -> str:
    """Other providers' ids hold letters that Anthropic refuses; a run may change its model."""
    return _ILLEGAL.sub("_", call_id) or "_"


def _request(body: Json) -> Request:
    talk = Conversation()
    talk.system.append(text_of(body.get("system")))
    breakpoints: list[int] = []
    for turn in body["messages"]:
        content = turn["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            _take_block(talk, turn["role"], block)
            if block.get("cache_control"):
                breakpoints.append(len(talk.messages) - 1)
    return Request(
        model=body["model"],
        system=talk.instructions,
        tools=tuple(tool_of(tool, "input_schema") for tool in body.get("tools") or () if "input_schema" in tool),
        messages=tuple(talk.messages),
        conversation=string((body.get("metadata") or {}).get("user_id")),
        breakpoints=tuple(breakpoints),
        max_output_tokens=body["max_tokens"],
    )


def _take_block(talk: Conversation, role: str, block: Json) -> None:
    kind = block["type"]
    if kind == "tool_result":
        is_error = bool(block.get("is_error"))
        talk.add(ToolMessage(block["tool_use_id"], text_of(block.get("content")), is_error))
    elif role != "assistant":
        talk.add(UserMessage(text_of([block])))
    elif kind == "tool_use":
        talk.add_parts([ToolCall(block["id"], block["name"], arguments_text(block["input"]))])
    elif kind in THINKING:
        talk.add_parts([Reasoning(NAME, block, string(block.get("thinking")))])
    else:
        talk.add_parts([Text(text_of([block]))])


_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")
