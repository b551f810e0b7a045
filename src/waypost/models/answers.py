"""Answers as a person writes them down: words and calls, made into what a provider would have streamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waypost.models.codec import canonical
from waypost.models.estimate import Estimator
from waypost.models.model import ModelError
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Json,
    Part,
    Reasoning,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    Usage,
)

PIECE = 48  # characters of a delta
ROLES = {"shell": ("shell", "command"), "finish": ("done", "summary")}  # role: tool, its argument
USAGE = ("input", "output", "cached", "written", "reasoning")
EXAMPLE = '{"text": "Looking.", "calls": [{"tool": "shell", "args": {"command": "ls"}}]}'


class BadAnswer(ModelError):
    """A written answer that can't be understood; the text names the key and shows the mend."""


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call by the tool's name, or by role ("shell", "finish"); `args` in text form go as they stand."""

    tool: str
    args: Json | str
    role: str = ""


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """One answer before it becomes a Response; `usage` holds the numbers that were written, by name."""

    text: str = ""
    calls: tuple[WrittenCall, ...] = ()
    reasoning: str = ""
    usage: Mapping[str, int] | None = None


def parse_answer(data: Any, where: str = "the answer") -> WrittenAnswer:
    """Reads `{"text", "calls", "reasoning", "usage"}`, or one bare call. Raises BadAnswer."""
    data = _object(data, where)
    if data.keys() & {"tool", *ROLES}:
        return WrittenAnswer(calls=(_call(data, where),))
    _known(data, {"text", "calls", "reasoning", "usage"}, where)
    calls = data.get("calls", [])
    if not isinstance(calls, list):
        raise BadAnswer(f"{where}.calls: must be a list, as in {EXAMPLE}")
    return WrittenAnswer(
        text=_string(data.get("text", ""), f"{where}.text"),
        calls=tuple(_call(call, f"{where}.calls[{index}]") for index, call in enumerate(calls)),
        reasoning=_string(data.get("reasoning", ""), f"{where}.reasoning"),
        usage=_usage(data["usage"], f"{where}.usage") if data.get("usage") else None,
    )


def respond(answer: WrittenAnswer, request: Request, estimator: Estimator, at: int = 0) -> Response:
    """What a provider would have sent; ids follow from the request's ordinal, missing usage is estimated.

    `at` is the time of all deltas: nanoseconds since the request left.
    """
    words = answer.text
    calls: list[ToolCall] = []
    offered = {tool.name: tool.parameters for tool in request.tools}
    for call in answer.calls:
        tool, args = _resolve(call, offered)
        if call.role == "finish" and offered and tool not in offered:
            words = "\n".join(filter(None, [words, str(args)]))  # no tool to finish with: finish in words
            continue
        text = args if isinstance(args, str) else canonical(args).decode()
        calls.append(ToolCall(f"call_{request.ordinal}_{len(calls)}", tool, text))
    parts: list[Part] = []
    if answer.reasoning:
        parts.append(Reasoning("written", {"text": answer.reasoning}, answer.reasoning))
    if words:
        parts.append(Text(words))
    message = AssistantMessage((*parts, *calls))
    return Response(
        message=message,
        stop=Stop.CALLS if calls else Stop.END,
        usage=_usage_of(answer, message, request, estimator),
        id=f"answer_{request.ordinal}",
        model=request.model,
        deltas=deltas_of(message, at),
    )


def deltas_of(message: AssistantMessage, at: int = 0) -> tuple[Delta, ...]:
    """The pieces in which a provider would have streamed a message, all at one time."""
    deltas: list[Delta] = []
    for number, part in enumerate(message.parts):
        if isinstance(part, ToolCall):
            deltas.append(Delta(DeltaKind.CALL, number, part.name, at))
        text = part.arguments if isinstance(part, ToolCall) else part.text
        kind = {Text: DeltaKind.TEXT, ToolCall: DeltaKind.ARGUMENTS}.get(type(part), DeltaKind.REASONING)
        deltas += (Delta(kind, number, text[start : start + PIECE], at) for start in range(0, len(text), PIECE))
    return tuple(deltas)


def _resolve(call: WrittenCall, offered: Mapping[str, Json]) -> tuple[str, Json | str]:
    """The tool's name and arguments; a role's one argument takes the name that the offered tool gives it."""
    if not call.role:
        return call.tool, call.args
    tool, argument = ROLES[call.role]
    schema = offered.get(tool)
    if schema is None:
        return tool, call.args if call.role == "finish" and offered else {argument: call.args}
    properties = schema.get("properties", {})
    if argument not in properties:
        argument = next(iter(schema.get("required") or properties), argument)
    return tool, {argument: call.args}


def _usage_of(answer: WrittenAnswer, message: AssistantMessage, request: Request, estimator: Estimator) -> Usage:
    given = dict(answer.usage or {})
    if "input" not in given:
        given["input"] = max(estimator.estimate_request(request), given.get("cached", 0) + given.get("written", 0))
    if "output" not in given:
        given["output"] = estimator.estimate_message(message)
    return Usage(**given)


def _call(data: Any, where: str) -> WrittenCall:
    data = _object(data, where)
    for role, (tool, _) in ROLES.items():
        if role in data:
            _known(data, {role}, where)
            return WrittenCall(tool, _string(data[role], f"{where}.{role}"), role)
    if "tool" not in data:
        raise BadAnswer(f'{where}: a call needs "tool" and "args", as in {EXAMPLE}')
    _known(data, {"tool", "args"}, where)
    args = data.get("args", {})
    if not isinstance(args, dict | str):
        raise BadAnswer(f"{where}.args: must be an object with the tool's arguments, not {args!r:.60}")
    return WrittenCall(_string(data["tool"], f"{where}.tool"), args)


def _usage(data: Any, where: str) -> dict[str, int]:
    numbers = {{"write": "written"}.get(name, name): number for name, number in _object(data, where).items()}
    _known(numbers, set(USAGE), where)
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise BadAnswer(f"{where}.{name}: must be a number of tokens, not {number!r:.60}")
    return numbers


def _object(data: Any, where: str) -> Json:
    if not isinstance(data, dict):
        raise BadAnswer(f"{where}: must be a JSON object, as in {EXAMPLE}; it is {data!r:.60}")
    return data


def _string(data: Any, where: str) -> str:
    if not isinstance(data, str):
        raise BadAnswer(f"{where}: must be a text in quotes, not {data!r:.60}")
    return data


def _known(data: Mapping[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(data.keys() - names):
        raise BadAnswer(f"{where}.{unknown[0]}: no such key; there are {', '.join(sorted(names))}")
