"""OpenAI's Responses protocol: requests. Answers are in `responses_answers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost.wires.canonical import Json, canonical, legal_name, ordered
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
from waypost.wires.error_body import decode_error_body, encode_openai_error
from waypost.wires.errors import ErrorDetail, ErrorKind
from waypost.wires.inbound import Conversation, read_request, text_of, tool_of
from waypost.wires.responses_answers import (
    NAME,
    ResponsesDecoder,
    encode_answer,
    encode_events,
    reasoning_text,
)


@dataclass(frozen=True, slots=True)
class ResponsesWire:
    """The codec; `extra` are further members of every request: `{"reasoning": {"effort": "high"}}`."""

    extra: Json = field(default_factory=dict)
    name: str = NAME
    path: str = "/responses"

    def headers(self, key: str) -> dict[str, str]:
        """What the protocol wants in the header, with the key where there is one."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def encode(self, request: Request) -> bytes:
        """Stateless: nothing is stored at the provider, so reasoning comes and goes encrypted."""
        body: Json = {
            "model": request.model,
            "stream": True,
            "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        if request.conversation:
            body["prompt_cache_key"] = request.conversation
        if request.max_output_tokens is not None:
            body["max_output_tokens"] = request.max_output_tokens
        body |= self.extra
        if request.tools:
            body["parallel_tool_calls"] = True
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "strict": False,
                    "parameters": tool.parameters,
                }
                for tool in request.tools
            ]
        if request.system:
            body["instructions"] = request.system
        body["input"] = [item for message in request.messages for item in _items(message)]
        return canonical(body)

    def decoder(self) -> StreamDecoder:
        """A fresh decoder for one streamed answer."""
        return ResponsesDecoder()

    def decode_document(self, body: bytes) -> Response:
        """The answer of a server that does not stream; raises MalformedStream and ProviderError."""
        return ResponsesDecoder().document(body)

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
        return encode_openai_error(kind, message)


def _items(message: Message) -> Iterator[Json]:
    if isinstance(message, UserMessage):
        content = [{"type": "input_text", "text": message.text}]
        yield {"type": "message", "role": "user", "content": content}
    elif isinstance(message, ToolMessage):
        yield {"type": "function_call_output", "call_id": message.call_id, "output": message.text}
    else:
        for part in message.parts:
            yield from _part_items(part)


def _part_items(part: Part) -> Iterator[Json]:
    if isinstance(part, Text) and part.text:
        content = [{"type": "output_text", "text": part.text}]
        yield {"type": "message", "role": "assistant", "content": content}
    elif isinstance(part, ToolCall):
        yield {
            "type": "function_call",
            "call_id": part.id,
            "name": legal_name(part.name),
            "arguments": part.arguments,
        }
    elif isinstance(part, Reasoning) and part.wire == NAME and _is_sendable(part.payload):
        yield ordered(part.payload)


def _is_sendable(payload: Json) -> bool:
    """An item with neither content would be looked up at the provider, where nothing is stored."""
    return bool(payload.get("encrypted_content") or payload.get("content"))


def _request(body: Json) -> Request:
    talk = Conversation()
    talk.system.append(string(body.get("instructions")))
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        _take_item(talk, item)
    return Request(
        model=body["model"],
        system=talk.instructions,
        tools=tuple(tool_of(tool) for tool in body.get("tools") or () if tool.get("type") == "function"),
        messages=tuple(talk.messages),
        conversation=string(body.get("prompt_cache_key")),
        max_output_tokens=body.get("max_output_tokens"),
    )


def _take_item(talk: Conversation, item: Json) -> None:
    kind, role = item.get("type", "message"), item.get("role")
    if kind == "function_call_output":
        talk.add(ToolMessage(item["call_id"], text_of(item["output"])))
    elif kind == "function_call":
        talk.add_parts([ToolCall(item["call_id"], item["name"], item["arguments"])])
    elif kind == "reasoning":
        talk.add_parts([Reasoning(NAME, item, reasoning_text(item))])
    elif kind != "message":
        raise ValueError(f"input items of type {kind!r} are not supported")
    elif role == "assistant":
        talk.add_parts([Text(text_of(item["content"]))])
    elif role == "user" or talk.messages:
        talk.add(UserMessage(text_of(item["content"])))
    else:
        talk.system.append(text_of(item["content"]))
