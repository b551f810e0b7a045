"""OpenAI's Chat Completions protocol: requests. Answers are in `chat_answers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost.wires.canonical import Json, canonical, legal_arguments, legal_name, raw_arguments
from waypost.wires.chat_answers import ChatDecoder, encode_answer, encode_events
from waypost.wires.chat_reasoning import NAME, reasoning_members, reasoning_of
from waypost.wires.conversation import (
    AssistantMessage,
    Message,
    Part,
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


@dataclass(frozen=True, slots=True)
class ChatWire:
    """The codec; its options say in which dialect of the many servers it speaks.

    `cache_key` sends the conversation as `prompt_cache_key`, which is OpenAI's own; `limit` names the
    member that limits the answer; `asks_for_usage` is off for servers that refuse `stream_options`;
    `extra` are further members of every request.
    """

    cache_key: bool = False
    limit: str = "max_tokens"
    asks_for_usage: bool = True
    extra: Json = field(default_factory=dict)
    name: str = NAME
    path: str = "/chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        """What the protocol wants in the header, with the key where there is one."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def encode(self, request: Request) -> bytes:
        """The request's exact bytes; see `Wire.encode`."""
        body: Json = {"model": request.model, "stream": True}
        if self.asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        if self.cache_key and request.conversation:
            body["prompt_cache_key"] = request.conversation
        if request.max_output_tokens is not None:
            body[self.limit] = request.max_output_tokens
        body |= self.extra
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        system = [{"role": "system", "content": request.system}] if request.system else []
        body["messages"] = system + [_message(message) for message in request.messages]
        return canonical(body)

    def decoder(self) -> StreamDecoder:
        """A fresh decoder for one streamed answer."""
        return ChatDecoder()

    def decode_document(self, body: bytes) -> Response:
        """The answer of a server that does not stream; raises MalformedStream and ProviderError."""
        return ChatDecoder().document(body)

    def decode_error(self, status: int, body: bytes) -> ErrorDetail:
        """What the body of an error status says; never raises."""
        return decode_error_body(status, body)

    def decode_request(self, body: bytes) -> Request:
        """A client's request; raises MalformedRequest."""
        return read_request(body, self._request)

    def encode_stream(self, response: Response) -> Iterator[bytes]:
        """The answer as server-sent events."""
        return encode_events(response)

    def encode_document(self, response: Response) -> bytes:
        """The answer as one JSON text."""
        return encode_answer(response)

    def encode_error(self, _status: int, kind: ErrorKind, message: str) -> bytes:
        """The body of an error status."""
        return encode_openai_error(kind, message)

    def _request(self, body: Json) -> Request:
        talk = Conversation()
        for message in body["messages"]:
            _take_message(talk, message)
        limits = (body.get(key) for key in (self.limit, "max_completion_tokens", "max_tokens"))
        return Request(
            model=body["model"],
            system=talk.instructions,
            tools=tuple(tool_of(tool["function"]) for tool in body.get("tools") or () if "function" in tool),
            messages=tuple(talk.messages),
            conversation=string(body.get("prompt_cache_key")),
            max_output_tokens=next((limit for limit in limits if limit is not None), None),
        )


def _message(message: Message) -> Json:
    if isinstance(message, UserMessage):
        return {"role": "user", "content": message.text}
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    thinking, members, extras = reasoning_members(message)
    content: str | list[Json] | None = message.text
    if thinking:
        content = [*thinking, {"type": "text", "text": message.text}]
    elif message.calls and not message.text:
        content = None
    calls = [_call(call, extras.get(str(number))) for number, call in enumerate(message.calls)]
    return {"role": "assistant", "content": content, **members, **({"tool_calls": calls} if calls else {})}


def _call(call: ToolCall, extra: object) -> Json:
    function = {"name": legal_name(call.name), "arguments": legal_arguments(call.arguments)}
    return {
        "id": call.id,
        "type": "function",
        "function": function,
        **({"extra_content": extra} if extra else {}),
    }


def _take_message(talk: Conversation, message: Json) -> None:
    role = message["role"]
    if role == "assistant":
        talk.add(AssistantMessage(tuple(_assistant_parts(message))))
    elif role == "tool":
        talk.add(ToolMessage(message["tool_call_id"], text_of(message.get("content"))))
    elif role == "user" or talk.messages:
        talk.add(UserMessage(text_of(message.get("content"))))
    else:
        talk.system.append(text_of(message.get("content")))


def _assistant_parts(message: Json) -> Iterator[Part]:
    if reasoning := reasoning_of(message):
        yield reasoning
    content = message.get("content")
    if isinstance(content, list):
        content = [block for block in content if block.get("type") != "thinking"]
    if text := text_of(content):
        yield Text(text)
    for call in message.get("tool_calls") or ():
        yield ToolCall(call["id"], call["function"]["name"], raw_arguments(call["function"]["arguments"]))
