"""OpenAI's Responses protocol: answers, streamed and whole, read and written."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from waypost.wires.canonical import Json, canonical
from waypost.wires.conversation import Part, Reasoning, Response, Stop, Text, ToolCall, Usage
from waypost.wires.decoder import StreamDecoder, count, raise_error, string
from waypost.wires.pieces import pieces
from waypost.wires.sse import frame

NAME = "responses"
_TEXT_DELTAS = {"response.output_text.delta", "response.refusal.delta"}
_REASONING_DELTAS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_LAST = {"response.completed", "response.incomplete", "response.failed"}
_REASONS = {Stop.LENGTH: "max_output_tokens", Stop.REFUSAL: "content_filter", Stop.OTHER: "other"}
_STOPS = {reason: stop for stop, reason in _REASONS.items()}
_BETWEEN_SUMMARIES = "\n\n"


class ResponsesDecoder(StreamDecoder):
    """Reads `response.*` events; items are told apart by their `output_index`."""

    _last_event = "response.completed"

    def __init__(self) -> None:
        super().__init__(NAME)
        self._done: set[Hashable] = set()

    def _read(self, event: Json, name: str) -> None:
        kind = event.get("type") or name
        index = event.get("output_index")
        if kind in _TEXT_DELTAS:
            self._refuse_if(kind == "response.refusal.delta")
            self._assembly.add_text((index, event.get("content_index")), string(event["delta"]))
        elif kind == "response.function_call_arguments.delta":
            self._assembly.add_arguments(index, string(event["delta"]))
        elif kind in _REASONING_DELTAS:
            self._assembly.add_reasoning(index, string(event["delta"]))
        elif kind == "response.reasoning_summary_part.added" and event.get("summary_index"):
            self._assembly.add_reasoning(index, _BETWEEN_SUMMARIES)
        elif kind == "response.output_item.added":
            self._open(index, event["item"])
        elif kind == "response.output_item.done":
            self._close(index, event["item"])
        elif kind in _LAST:
            self._end(event["response"])
        elif kind == "response.created":
            self._name(event["response"])
        elif kind == "error":
            raise_error(event.get("error") or event, "the provider reported an error without a reason")

    def _read_document(self, body: Json) -> None:
        self._end(body)

    def _name(self, response: Json) -> None:
        self._assembly.id = string(response.get("id")) or self._assembly.id
        self._assembly.model = string(response.get("model")) or self._assembly.model

    def _open(self, index: Hashable, item: Json) -> None:
        if item["type"] == "reasoning":
            self._assembly.open_reasoning(index, lambda _: item)
        elif item["type"] == "function_call" and index not in self._assembly:
            self._assembly.open_call(index, string(item.get("name")), string(item.get("call_id")))

    def _close(self, index: Hashable, item: Json) -> None:
        """Takes a finished item: what was not streamed before is in it."""
        self._done.add(index)
        kind = item["type"]
        self._open(index, item)
        if kind == "reasoning" and not self._assembly.draft(index).pieces:
            self._assembly.add_reasoning(index, reasoning_text(item))
        elif kind == "function_call" and not self._assembly.draft(index).pieces:
            self._assembly.add_arguments(index, string(item.get("arguments")))
        elif kind == "message":
            for number, part in enumerate(item.get("content") or ()):
                self._refuse_if(part.get("type") == "refusal")
                if (index, number) not in self._assembly:
                    text = string(part.get("text")) or string(part.get("refusal"))
                    self._assembly.add_text((index, number), text)

    def _refuse_if(self, is_refusal: bool) -> None:
        if is_refusal:
            self._stop = Stop.REFUSAL

    def _end(self, response: Json) -> None:
        self._name(response)
        raise_error(response.get("error"))
        status = response["status"]
        if status in ("failed", "cancelled"):
            raise_error(f"the response is {status}")
        for index, item in enumerate(response.get("output") or ()):
            # Some servers stream no items, or only parts of them.
            if index not in self._done:
                self._close(index, item)
        if status == "incomplete":
            reason = (response.get("incomplete_details") or {}).get("reason")
            self._stop = _STOPS.get(string(reason), Stop.OTHER)
        if isinstance(response.get("usage"), dict):
            self._usage = _usage(response["usage"])
        self.has_ended = True


def reasoning_text(item: Json) -> str:
    """What of a reasoning item is readable: its summaries, or else its content."""
    shown = item.get("summary") or item.get("content") or ()
    return _BETWEEN_SUMMARIES.join(string(part.get("text")) for part in shown)


def encode_answer(response: Response) -> bytes:
    """The whole answer as one JSON text."""
    items = [_item(response, number, part) for number, part in enumerate(response.message.parts)]
    return canonical(_document(response, items))


def encode_events(response: Response) -> Iterator[bytes]:
    """The answer as events, numbered as OpenAI does."""
    for number, event in enumerate(_events(response)):
        yield frame({**event, "sequence_number": number}, event["type"])


def _events(response: Response) -> Iterator[Json]:
    opening = {**_document(response, []), "status": "in_progress", "incomplete_details": None, "usage": None}
    yield {"type": "response.created", "response": opening}
    items = []
    for index, part in enumerate(response.message.parts):
        item = _item(response, index, part)
        items.append(item)
        place = {"item_id": item.get("id", ""), "output_index": index}
        yield {"type": "response.output_item.added", "output_index": index, "item": _opening(item)}
        yield from _inside(part, item, place)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    last = "response.incomplete" if response.stop in _REASONS else "response.completed"
    yield {"type": last, "response": _document(response, items)}


def _inside(part: Part, item: Json, place: Json) -> Iterator[Json]:
    if isinstance(part, ToolCall):
        for piece in pieces(part.arguments):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        done = {"name": part.name, "arguments": part.arguments}
        yield {"type": "response.function_call_arguments.done", **place, **done}
    elif isinstance(part, Reasoning):
        for piece in pieces(part.text):
            delta = {"summary_index": 0, "delta": piece}
            yield {"type": "response.reasoning_summary_text.delta", **place, **delta}
    else:
        content = item["content"][0]
        inside = {**place, "content_index": 0}
        yield {"type": "response.content_part.added", **inside, "part": {**content, "text": ""}}
        for piece in pieces(part.text):
            yield {"type": "response.output_text.delta", **inside, "delta": piece, "logprobs": []}
        yield {"type": "response.output_text.done", **inside, "text": part.text, "logprobs": []}
        yield {"type": "response.content_part.done", **inside, "part": content}


def _opening(item: Json) -> Json:
    """An item as it is announced, before its content."""
    if item["type"] == "message":
        return {**item, "status": "in_progress", "content": []}
    if item["type"] == "function_call":
        return {**item, "status": "in_progress", "arguments": ""}
    return item


def _item(response: Response, number: int, part: Part) -> Json:
    if isinstance(part, Reasoning):
        return part.payload
    common = {
        "id": f"{'msg' if isinstance(part, Text) else 'fc'}_{response.id}_{number}",
        "status": "completed",
    }
    if isinstance(part, ToolCall):
        call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
        return {"type": "function_call", **common, **call}
    content = [{"type": "output_text", "text": part.text, "annotations": []}]
    return {"type": "message", **common, "role": "assistant", "content": content}


def _document(response: Response, items: list[Json]) -> Json:
    reason = _REASONS.get(response.stop)
    return {
        "id": response.id,
        "object": "response",
        "created_at": 0,  # the same answer gives the same bytes
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": response.model,
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": _usage_object(response.usage),
    }


def _usage(usage: Json) -> Usage:
    return Usage(
        input=count(usage, "input_tokens"),
        output=count(usage, "output_tokens"),
        cached=count(usage, "input_tokens_details", "cached_tokens"),
        written=count(usage, "input_tokens_details", "cache_write_tokens"),
        reasoning=count(usage, "output_tokens_details", "reasoning_tokens"),
    )


def _usage_object(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
