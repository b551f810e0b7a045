"""Anthropic's Messages protocol: answers, streamed and whole, read and written."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from waypost.wires.canonical import Json, arguments_object, canonical, canonical_text
from waypost.wires.conversation import Part, Reasoning, Response, Stop, Text, ToolCall, Usage
from waypost.wires.decoder import StreamDecoder, count, raise_error, string
from waypost.wires.pieces import pieces
from waypost.wires.sse import frame

NAME = "messages"
THINKING = ("thinking", "redacted_thinking")
_STOPS = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "tool_use": Stop.CALLS,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "refusal": Stop.REFUSAL,
}
_REASONS = {
    Stop.END: "end_turn",
    Stop.CALLS: "tool_use",
    Stop.LENGTH: "max_tokens",
    Stop.REFUSAL: "refusal",
    Stop.OTHER: "pause_turn",
}


class MessagesDecoder(StreamDecoder):
    """Reads `message_*` and `content_block_*` events; blocks are told apart by their index."""

    _last_event = "message_stop"

    def __init__(self) -> None:
        super().__init__(NAME)
        self._blocks: dict[Hashable, Json] = {}
        self._signatures: dict[Hashable, list[str]] = {}
        self._counts: Json = {}

    def _read(self, event: Json, name: str) -> None:
        kind = event.get("type") or name
        if kind == "content_block_delta":
            self._grow(event["index"], event["delta"])
        elif kind == "content_block_start":
            self._open(event["index"], event["content_block"])
        elif kind == "content_block_stop":
            self._close(event["index"])
        elif kind == "message_start":
            self._start(event["message"])
        elif kind == "message_delta":
            self._stop_by(event["delta"].get("stop_reason"))
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self._end()
        elif kind == "error":
            raise_error(event.get("error") or event, "the provider reported an error without a reason")

    def _read_document(self, body: Json) -> None:
        if body.get("type") == "error":
            raise_error(body.get("error"), "the provider reported an error without a reason")
        self._start(body)
        for index, block in enumerate(body["content"]):
            self._open(index, block)
        self._stop_by(body.get("stop_reason"))
        self._end()

    def _start(self, message: Json) -> None:
        self._assembly.id = string(message.get("id"))
        self._assembly.model = string(message.get("model"))
        self._count(message.get("usage"))

    def _open(self, index: Hashable, block: Json) -> None:
        kind = block["type"]
        self._blocks[index] = block
        if kind == "text":
            self._assembly.add_text(index, string(block.get("text")))
        elif kind == "tool_use":
            self._assembly.open_call(index, string(block["name"]), string(block["id"]))
        elif kind in THINKING:
            self._signatures[index] = []
            self._assembly.open_reasoning(index, lambda text: self._thinking(index, text))
            self._assembly.add_reasoning(index, string(block.get("thinking")))

    def _grow(self, index: Hashable, delta: Json) -> None:
        kind = delta["type"]
        if kind == "text_delta":
            self._assembly.add_text(index, string(delta["text"]))
        elif kind == "input_json_delta":
            self._assembly.add_arguments(index, string(delta["partial_json"]))
        elif kind == "thinking_delta":
            self._assembly.add_reasoning(index, string(delta["thinking"]))
        elif kind == "signature_delta":
            self._signatures[index].append(string(delta["signature"]))

    def _close(self, index: Hashable) -> None:
        """A call whose arguments were not streamed has them in the block that opened it."""
        block = self._blocks.get(index) or {}
        if block.get("type") == "tool_use" and not self._assembly.draft(index).pieces:
            self._assembly.add_arguments(index, canonical_text(block.get("input") or {}))

    def _thinking(self, index: Hashable, text: str) -> Json:
        """The block exactly as it would have come unstreamed."""
        block = dict(self._blocks[index])
        if block["type"] == "thinking":
            block["thinking"] = text
        if self._signatures[index]:
            block["signature"] = "".join(self._signatures[index])
        return block

    def _stop_by(self, reason: object) -> None:
        if reason:
            self._stop = _STOPS.get(string(reason), Stop.OTHER)

    def _count(self, usage: object) -> None:
        """Counts are cumulative: the last event that names one counts."""
        if isinstance(usage, dict):
            self._counts |= {key: value for key, value in usage.items() if value is not None}
            self._usage = _usage(self._counts)

    def _end(self) -> None:
        for index in self._blocks:
            self._close(index)
        self.has_ended = True


def encode_answer(response: Response) -> bytes:
    """The whole answer as one JSON text."""
    blocks = [_block(part) for part in response.message.parts]
    return canonical(_document(response, blocks, _REASONS[response.stop]))


def encode_events(response: Response) -> Iterator[bytes]:
    """The answer as events."""
    for event in _events(response):
        yield frame(event, event["type"])


def _events(response: Response) -> Iterator[Json]:
    start = _document(response, [], None)
    if "usage" in start:
        start["usage"] = {**start["usage"], "output_tokens": 0}
    yield {"type": "message_start", "message": start}
    for index, part in enumerate(response.message.parts):
        block = _block(part)
        yield {"type": "content_block_start", "index": index, "content_block": _opening(block)}
        for delta in _deltas(part, block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    usage = {"usage": _usage_object(response.usage)} if response.usage else {}
    stop = {"stop_reason": _REASONS[response.stop], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, **usage}
    yield {"type": "message_stop"}


def _block(part: Part) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, ToolCall):
        arguments = arguments_object(part.arguments)
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
    if part.wire == NAME:
        return part.payload
    return {"type": "thinking", "thinking": part.text, "signature": ""}


def _opening(block: Json) -> Json:
    """A block as it is announced, before its deltas."""
    empty: Json = {
        "text": {"text": ""},
        "tool_use": {"input": {}},
        "thinking": {"thinking": "", "signature": ""},
    }
    return {key: empty.get(block["type"], {}).get(key, value) for key, value in block.items()}


def _deltas(part: Part, block: Json) -> Iterator[Json]:
    if isinstance(part, Text):
        yield from ({"type": "text_delta", "text": piece} for piece in pieces(part.text))
    elif isinstance(part, ToolCall):
        for piece in pieces(part.arguments):
            yield {"type": "input_json_delta", "partial_json": piece}
    elif isinstance(part, Reasoning) and block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        if block.get("signature"):
            yield {"type": "signature_delta", "signature": block["signature"]}


def _document(response: Response, blocks: list[Json], reason: str | None) -> Json:
    usage = {"usage": _usage_object(response.usage)} if response.usage else {}
    return {
        "id": response.id,
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": None,
        **usage,
    }


def _usage(usage: Json) -> Usage:
    """Anthropic counts what was neither read from the cache nor written to it as input; we count all."""
    cached = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return Usage(
        input=count(usage, "input_tokens") + cached + written,
        output=count(usage, "output_tokens"),
        cached=cached,
        written=written,
        reasoning=count(usage, "output_tokens_details", "thinking_tokens"),
    )


def _usage_object(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {
        "input_tokens": max(usage.input - usage.cached - usage.written, 0),
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }
