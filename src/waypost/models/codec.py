"""Messages and answers as JSON, for the log, recordings and the mailbox: format version 1.

A message is `{"user": text}`, `{"assistant": [part, ...]}` or `{"result": call_id, "text": text}`; a part is
`{"text": text}`, `{"call": id, "name": ..., "arguments": ...}` or `{"reasoning": payload, "wire": ...}`.
A delta is `[kind, part, piece, at]`: where the piece is what comes next in the part that it belongs to, it
is told by its length alone, so that no word of an answer is stored twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from waypost.models.model import ModelError
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Json,
    Message,
    Part,
    Reasoning,
    Request,
    Response,
    Stop,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)

FORMAT = 1

Value = TypeVar("Value")


class BadEncoding(ModelError):
    """JSON that is no message, answer or request of ours; the text says which part."""


def canonical(value: Any) -> bytes:
    """The one compact JSON form of a value; keys keep their order.

    Text that UTF-8 can't carry (lone surrogates) makes the whole value ASCII with escapes.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def message_to_json(message: Message) -> Json:
    """Inverse of `message_from_json`."""
    if isinstance(message, UserMessage):
        return {"user": message.text}
    if isinstance(message, AssistantMessage):
        return {"assistant": [_part_to_json(part) for part in message.parts]}
    encoded: Json = {"result": message.call_id, "text": message.text}
    if message.is_error:
        encoded["error"] = True
    return encoded


def message_from_json(data: Json) -> Message:
    """Reads any kind of message. Raises BadEncoding."""
    return _reading("message", data, _message)


def response_to_json(response: Response) -> Json:
    """Inverse of `response_from_json`; empty fields are left out."""
    encoded: Json = {
        "parts": [_part_to_json(part) for part in response.message.parts],
        "stop": response.stop.value,
    }
    if response.usage is not None:
        encoded["usage"] = usage_to_json(response.usage)
    if response.id:
        encoded["id"] = response.id
    if response.model:
        encoded["model"] = response.model
    if response.deltas:
        encoded["deltas"] = _deltas_to_json(response)
    return encoded


def response_from_json(data: Json) -> Response:
    """Reads an answer with its deltas. Raises BadEncoding."""
    return _reading("answer", data, _response)


def request_to_json(request: Request) -> Json:
    """A request whole, what never changes first, so that an extended one begins with the same bytes."""
    encoded: Json = {"model": request.model, "system": request.system, "conversation": request.conversation}
    if request.max_output_tokens is not None:
        encoded["max_output_tokens"] = request.max_output_tokens
    encoded["tools"] = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in request.tools
    ]
    encoded["messages"] = [message_to_json(message) for message in request.messages]
    encoded["breakpoints"] = list(request.breakpoints)
    encoded["ordinal"] = request.ordinal
    return encoded


def request_from_json(data: Json) -> Request:
    """Reads a request. Raises BadEncoding."""
    return _reading("request", data, _request)


def encode_request(request: Request) -> bytes:
    """The bytes that models without a wire stand for: equal requests give equal bytes."""
    return canonical(request_to_json(request))


def usage_to_json(usage: Usage) -> Json:
    """The numbers that are not nought, `input` and `output` always."""
    encoded: Json = {"input": usage.input, "output": usage.output}
    for name in ("cached", "written", "reasoning"):
        if number := getattr(usage, name):
            encoded[name] = number
    return encoded


def usage_from_json(data: Json) -> Usage:
    """Reads token numbers. Raises BadEncoding for a number that is none, or below nought."""
    return _reading("usage", data, _usage)


def _reading(what: str, data: Any, read: Callable[[Mapping[str, Any]], Value]) -> Value:
    if not isinstance(data, Mapping):
        raise BadEncoding(f"a stored {what} must be a JSON object, not {type(data).__name__}")
    try:
        return read(data)
    except KeyError as error:
        raise BadEncoding(f"a stored {what} lacks {error}; it holds {sorted(map(str, data))}") from error
    except (TypeError, ValueError, IndexError) as error:
        raise BadEncoding(f"a stored {what} is not of format {FORMAT}: {error}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.60} is no number of 0 or more")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.60} is no list")
    return value


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.60} is no object")
    return value


def _part_to_json(part: Part) -> Json:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, ToolCall):
        return {"call": part.id, "name": part.name, "arguments": part.arguments}
    encoded: Json = {"reasoning": part.payload, "wire": part.wire}
    if part.text:
        encoded["text"] = part.text
    return encoded


def _part(data: Any) -> Part:
    data = _object(data)
    if "call" in data:
        return ToolCall(_text(data["call"]), _text(data["name"]), _text(data["arguments"]))
    if "reasoning" in data:
        return Reasoning(_text(data["wire"]), _object(data["reasoning"]), _text(data.get("text", "")))
    return Text(_text(data["text"]))


def _message(data: Mapping[str, Any]) -> Message:
    if "user" in data:
        return UserMessage(_text(data["user"]))
    if "assistant" in data:
        return AssistantMessage(tuple(map(_part, _list(data["assistant"]))))
    return ToolMessage(_text(data["result"]), _text(data["text"]), data.get("error") is True)


def _usage(data: Mapping[str, Any]) -> Usage:
    return Usage(
        _count(data["input"]),
        _count(data["output"]),
        _count(data.get("cached", 0)),
        _count(data.get("written", 0)),
        _count(data.get("reasoning", 0)),
    )


def _response(data: Mapping[str, Any]) -> Response:
    message = AssistantMessage(tuple(map(_part, _list(data["parts"]))))
    return Response(
        message=message,
        stop=Stop(data["stop"]),
        usage=_reading("usage", data["usage"], _usage) if "usage" in data else None,
        id=_text(data.get("id", "")),
        model=_text(data.get("model", "")),
        deltas=_deltas(message, _list(data.get("deltas", []))),
    )


def _request(data: Mapping[str, Any]) -> Request:
    limit = data.get("max_output_tokens")
    return Request(
        model=_text(data["model"]),
        system=_text(data["system"]),
        tools=tuple(
            Tool(_text(tool["name"]), _text(tool["description"]), _object(tool["parameters"]))
            for tool in map(_object, _list(data["tools"]))
        ),
        messages=tuple(_reading("message", item, _message) for item in _list(data["messages"])),
        conversation=_text(data["conversation"]),
        breakpoints=tuple(map(_count, _list(data["breakpoints"]))),
        max_output_tokens=None if limit is None else _count(limit),
        ordinal=_count(data["ordinal"]),
    )


def _source(message: AssistantMessage, kind: DeltaKind, part: int) -> str:
    """The whole text that deltas of this kind and part are pieces of; nothing where there is no such part."""
    if not 0 <= part < len(message.parts):
        return ""
    whole = message.parts[part]
    if isinstance(whole, ToolCall):
        return {DeltaKind.CALL: whole.name, DeltaKind.ARGUMENTS: whole.arguments}.get(kind, "")
    if isinstance(whole, Text):
        return whole.text if kind is DeltaKind.TEXT else ""
    return whole.text if kind is DeltaKind.REASONING else ""


def _deltas_to_json(response: Response) -> list[list[Any]]:
    encoded: list[list[Any]] = []
    told: dict[tuple[DeltaKind, int], int] = {}
    for delta in response.deltas:
        key = (delta.kind, delta.part)
        offset = told.get(key, 0)
        piece: str | int = delta.text
        if _source(response.message, *key).startswith(delta.text, offset):
            piece = len(delta.text)
            told[key] = offset + piece
        encoded.append([delta.kind.value, delta.part, piece, delta.at])
    return encoded


def _deltas(message: AssistantMessage, data: list[Any]) -> tuple[Delta, ...]:
    deltas: list[Delta] = []
    told: dict[tuple[DeltaKind, int], int] = {}
    for kind_name, part, piece, at in map(_list, data):
        key = (DeltaKind(kind_name), _count(part))
        text = piece
        if not isinstance(piece, str):
            offset = told.get(key, 0)
            told[key] = offset + _count(piece)
            text = _source(message, *key)[offset : told[key]]
            if len(text) != piece:
                raise ValueError(f"a delta of {piece} characters runs past the end of part {part}")
        deltas.append(Delta(key[0], key[1], text, _count(at)))
    return tuple(deltas)
