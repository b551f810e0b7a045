"""OpenAI's Chat Completions protocol: answers, streamed and whole, read and written."""

from __future__ import annotations

from collections.abc import Iterator

from waypost.wires.canonical import Json, canonical
from waypost.wires.chat_calls import CallPieces
from waypost.wires.chat_reasoning import (
    NAME,
    TEXT_MEMBERS,
    ReasoningDraft,
    reasoning_members,
    thinking_block,
    thinking_text,
)
from waypost.wires.conversation import (
    AssistantMessage,
    Part,
    Reasoning,
    Response,
    Stop,
    Text,
    ToolCall,
    Usage,
)
from waypost.wires.decoder import StreamDecoder, count, raise_error, string
from waypost.wires.errors import ErrorDetail, ErrorKind, ProviderError
from waypost.wires.inbound import text_of
from waypost.wires.pieces import pieces
from waypost.wires.sse import frame

_STOPS = {
    "stop": Stop.END,
    "eos": Stop.END,
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "tool_calls": Stop.CALLS,
    "function_call": Stop.CALLS,
    "length": Stop.LENGTH,
    "max_tokens": Stop.LENGTH,
    "model_length": Stop.LENGTH,
    "content_filter": Stop.REFUSAL,
}
_REASONS = {
    Stop.END: "stop",
    Stop.CALLS: "tool_calls",
    Stop.LENGTH: "length",
    Stop.REFUSAL: "content_filter",
    Stop.OTHER: "other",
}
_TEXT, _REASONING = "text", "reasoning"


class ChatDecoder(StreamDecoder):
    """Reads chunks; only the first choice counts, as only one was asked for."""

    _last_event = "a finish_reason or [DONE]"

    def __init__(self) -> None:
        super().__init__(NAME)
        self._is_finished = False
        self._refused = False
        self._reasoning = ReasoningDraft()
        self._calls = CallPieces(self._assembly, self._sign)

    def _is_complete(self) -> bool:
        return self.has_ended or self._is_finished

    def _read_mark(self, text: str) -> bool:
        self.has_ended = text == "[DONE]"
        return self.has_ended

    def _read(self, event: Json, name: str) -> None:
        if name == "error" and not event.get("error"):
            raise_error(event)
        raise_error(event.get("error"))
        self._read_chunk(event, "delta")

    def _read_document(self, body: Json) -> None:
        raise_error(body.get("error"))
        if not body["choices"]:
            raise ValueError("no choices")
        self._read_chunk(body, "message")

    def _read_chunk(self, chunk: Json, member: str) -> None:
        self._assembly.id = self._assembly.id or string(chunk.get("id"))
        self._assembly.model = self._assembly.model or string(chunk.get("model"))
        choices = [choice for choice in chunk.get("choices") or () if not choice.get("index")]
        for choice in choices[:1]:
            raise_error(choice.get("error"))
            self._read_message(choice.get(member) or {})
            self._finish(string(choice.get("finish_reason")).lower())
        # Groq and Moonshot put it elsewhere.
        places = (chunk, chunk.get("x_groq") or {}, *choices)
        for usage in (place.get("usage") for place in places):
            if isinstance(usage, dict):
                self._usage = _usage(usage)

    def _read_message(self, message: Json) -> None:
        self._read_reasoning(message)
        content = message.get("content")
        if isinstance(content, list):
            if thinking := thinking_text(content):
                self._add_reasoning("thinking", thinking)
            content = text_of([block for block in content if block.get("type") != "thinking"])
        self._assembly.add_text(_TEXT, string(content))
        if refusal := string(message.get("refusal")):
            self._refused = True
            self._assembly.add_text(_TEXT, refusal)
        for piece in message.get("tool_calls") or ():
            self._calls.take(piece)

    def _read_reasoning(self, message: Json) -> None:
        details = self._reasoning.add_details(message.get("reasoning_details") or [])
        for member in TEXT_MEMBERS:
            if text := string(message.get(member)):
                return self._add_reasoning(member, text)
        if message.get("reasoning_details"):
            self._add_reasoning("", details)
        return None

    def _add_reasoning(self, member: str, text: str) -> None:
        self._reasoning.name(member)
        self._assembly.open_reasoning(_REASONING, self._reasoning.payload)
        self._assembly.add_reasoning(_REASONING, text)

    def _sign(self, number: int, extra: Json) -> None:
        self._reasoning.sign_call(number, extra)
        self._assembly.open_reasoning(_REASONING, self._reasoning.payload)

    def _finish(self, reason: str) -> None:
        if not reason:
            return
        if reason == "error":
            raise_error("the provider ended the answer with an error")
        if reason == "insufficient_system_resource":
            raise ProviderError(ErrorDetail(ErrorKind.OVERLOADED, "the provider's system is overloaded"))
        self._is_finished = True
        self._stop = Stop.REFUSAL if self._refused else _STOPS.get(reason, Stop.OTHER)


def encode_answer(response: Response) -> bytes:
    """The whole answer as one JSON text."""
    message = response.message
    thinking, members, extras = reasoning_members(message)
    answer: Json = {"role": "assistant", "content": message.text or None, **members, **_foreign(message)}
    if thinking:
        answer["content"] = [*thinking, {"type": "text", "text": message.text}]
    if message.calls:
        answer["tool_calls"] = [_call(call, extras.get(str(n))) for n, call in enumerate(message.calls)]
    choice = {"index": 0, "message": answer, "finish_reason": _REASONS[response.stop]}
    usage = {"usage": _usage_object(response.usage)} if response.usage else {}
    return canonical({**_head(response, "chat.completion"), "choices": [choice], **usage})


def encode_events(response: Response) -> Iterator[bytes]:
    """The answer as chunks, usage in the last one, then the mark of the end."""
    head = _head(response, "chat.completion.chunk")

    def chunk(delta: Json, reason: str | None = None) -> bytes:
        return frame({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    yield chunk({"role": "assistant", "content": ""})
    for delta in _deltas(response.message):
        yield chunk(delta)
    yield chunk({}, _REASONS[response.stop])
    if response.usage:
        yield frame({**head, "choices": [], "usage": _usage_object(response.usage)})
    yield frame("[DONE]")


def _deltas(message: AssistantMessage) -> Iterator[Json]:
    extras = reasoning_members(message)[2]
    number = 0
    for part in message.parts:
        if isinstance(part, ToolCall):
            yield from _call_deltas(part, number, extras.get(str(number)))
            number += 1
        else:
            yield from _part_deltas(part)


def _part_deltas(part: Part) -> Iterator[Json]:
    if isinstance(part, Text):
        yield from ({"content": piece} for piece in pieces(part.text))
    elif isinstance(part, Reasoning):
        payload = part.payload if part.wire == NAME else {TEXT_MEMBERS[0]: part.text}
        if details := payload.get("reasoning_details"):
            yield {"reasoning_details": details}
        if "thinking" in payload:
            yield from ({"content": [thinking_block(piece)]} for piece in pieces(payload["thinking"]))
        for member in TEXT_MEMBERS:
            yield from ({member: piece} for piece in pieces(payload.get(member) or ""))


def _call_deltas(call: ToolCall, index: int, extra: object) -> Iterator[Json]:
    yield {"tool_calls": [{"index": index, **_call(call, extra, "")}]}
    for piece in pieces(call.arguments):
        yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _call(call: ToolCall, extra: object, arguments: str | None = None) -> Json:
    function = {"name": call.name, "arguments": call.arguments if arguments is None else arguments}
    return {
        "id": call.id,
        "type": "function",
        "function": function,
        **({"extra_content": extra} if extra else {}),
    }


def _foreign(message: AssistantMessage) -> Json:
    """The readable text of reasoning that came by another protocol."""
    parts = (part for part in message.parts if isinstance(part, Reasoning) and part.wire != NAME)
    text = "".join(part.text for part in parts)
    return {TEXT_MEMBERS[0]: text} if text else {}


def _head(response: Response, kind: str) -> Json:
    return {"id": response.id, "object": kind, "created": 0, "model": response.model}


def _usage(usage: Json) -> Usage:
    cached = count(usage, "prompt_tokens_details", "cached_tokens")
    written = count(usage, "prompt_tokens_details", "cache_write_tokens")
    return Usage(
        input=count(usage, "prompt_tokens"),
        output=count(usage, "completion_tokens"),
        cached=cached or count(usage, "prompt_cache_hit_tokens") or count(usage, "cached_tokens"),
        written=written,
        reasoning=count(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _usage_object(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
