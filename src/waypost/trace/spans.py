"""A run as OpenTelemetry spans in OTLP's JSON form, named by the conventions for generative AI.

Run and attempts are `invoke_agent`, answers `chat`, calls `execute_tool`. Times come from the log, ids from the run's
name and the events' positions: the same log gives the same bytes. What was said is not exported, only its figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from waypost import __version__
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live
from waypost.events.log import Log
from waypost.trace.errors import NoSuchEvent

INTERNAL, CLIENT = 1, 3
ERROR = 2
SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
_PROVIDERS = {"openai-chat": "openai", "xai": "x_ai", "mistral": "mistral_ai", "azure": "azure.ai.openai"}
Attributes = Mapping[str, str | int | tuple[str, ...]]


@dataclass(slots=True)
class _Open:
    """What is under way while the log is read."""

    run: str
    trace: str
    model: str
    attempt: str = ""
    attempt_began: Record | None = None
    requested: Record | None = None
    chat: str = ""
    called: dict[int, tuple[Record, str]] = field(default_factory=dict)


def otlp(log: Log, run: str) -> dict[str, Any]:
    """The run's live history as one `TracesData` object. Raises NoSuchEvent for a run that was never opened."""
    spans = list(_spans(log, run))
    resource = {"attributes": _attributes({"service.name": "waypost", "service.version": __version__})}
    scope = {"name": "waypost", "version": __version__}
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}], "schemaUrl": SCHEMA}]
    }


def _spans(log: Log, run: str) -> Iterator[dict[str, Any]]:
    records = live(log, run)
    first = next(records, None)
    if first is None or not isinstance(first.event, kinds.RunOpened):
        raise NoSuchEvent(f"run {run} was never opened; nothing can be told of it")
    opened = first.event
    state = _Open(run, hashlib.sha256(run.encode()).hexdigest()[:32], opened.model)
    last, ended = first, ""
    for record in records:
        yield from _after(state, record)
        last = record
        if isinstance(record.event, kinds.RunEnded):
            ended = record.event.outcome
        if isinstance(record.event, kinds.RunStarted) and record.event.model:
            state.model = record.event.model
    if state.attempt_began is not None:
        yield _attempt(state, last, "open")
    facts = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": _provider(opened.model),
        "gen_ai.agent.name": "waypost",
        "gen_ai.agent.id": run,
        "gen_ai.request.model": _model(opened.model),
        "waypost.outcome": ended or "open",
    }
    failed = "" if ended == "complete" else ended
    yield _span(state, _id(run, "run"), "", "invoke_agent waypost", INTERNAL, (first, last), facts, failed)


def _after(state: _Open, record: Record) -> Iterator[dict[str, Any]]:
    """The spans that end with this event."""
    match record.event:
        case kinds.AttemptOpened():
            state.attempt, state.attempt_began = _id(state.run, f"attempt/{record.seq}"), record
        case kinds.AttemptClosed(outcome=outcome) if state.attempt_began is not None:
            yield _attempt(state, record, outcome)
            state.attempt, state.attempt_began = "", None
        case kinds.ModelRequested():
            if state.requested is not None:
                yield _chat(state, record, None)
            state.requested, state.chat = record, _id(state.run, f"chat/{record.seq}")
        case kinds.ModelResponded() as answer if state.requested is not None:
            yield _chat(state, record, answer)
            state.requested = None
        case kinds.ToolCalled():
            state.called[record.seq] = (record, _id(state.run, f"call/{record.seq}"))
        case kinds.ToolEnded() as ended if ended.called in state.called:
            yield _tool(state, record, ended)
        case _:
            pass


def _attempt(state: _Open, record: Record, outcome: str) -> dict[str, Any]:
    began = state.attempt_began
    assert began is not None
    opened = began.event
    assert isinstance(opened, kinds.AttemptOpened)
    facts: Attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": _provider(state.model),
        "gen_ai.agent.name": opened.milestone,
        "gen_ai.conversation.id": f"{state.run}/{opened.milestone}/{opened.attempt}",
        "gen_ai.request.model": _model(state.model),
        "waypost.milestone": opened.milestone,
        "waypost.outcome": outcome,
    }
    name = f"invoke_agent {opened.milestone}"
    failed = "" if outcome in {"passed", "open"} else outcome
    return _span(state, state.attempt, _id(state.run, "run"), name, INTERNAL, (began, record), facts, failed)


def _chat(state: _Open, record: Record, answer: kinds.ModelResponded | None) -> dict[str, Any]:
    asked = state.requested
    assert asked is not None
    facts: dict[str, str | int | tuple[str, ...]] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(state.model),
        "gen_ai.request.model": _model(state.model),
        "waypost.position": asked.seq,
    }
    if answer is not None:
        facts |= {
            "gen_ai.response.finish_reasons": (answer.stop,),
            "gen_ai.usage.input_tokens": answer.spent.input,
            "gen_ai.usage.output_tokens": answer.spent.output,
            "gen_ai.usage.cache_read.input_tokens": answer.spent.cached,
            "gen_ai.usage.cache_creation.input_tokens": answer.spent.written,
            "waypost.step": answer.ordinal,
            "waypost.milestone": answer.milestone,
        }
    parent = state.attempt or _id(state.run, "run")
    failed = "" if answer is not None else "_OTHER"
    return _span(state, state.chat, parent, f"chat {_model(state.model)}", CLIENT, (asked, record), facts, failed)


def _tool(state: _Open, record: Record, ended: kinds.ToolEnded) -> dict[str, Any]:
    began, identity = state.called.pop(ended.called)
    facts: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": ended.tool,
        "gen_ai.tool.call.id": ended.call,
        "gen_ai.tool.type": "function",
        "waypost.position": began.seq,
    }
    failed = "" if ended.outcome == "done" else ended.outcome
    parent = state.attempt or _id(state.run, "run")
    return _span(state, identity, parent, f"execute_tool {ended.tool}", INTERNAL, (began, record), facts, failed)


def _span(
    state: _Open,
    identity: str,
    parent: str,
    name: str,
    kind: int,
    between: tuple[Record, Record],
    facts: Attributes,
    failed: str,
) -> dict[str, Any]:
    span: dict[str, Any] = {"traceId": state.trace, "spanId": identity}
    if parent:
        span["parentSpanId"] = parent
    began, ended = between
    told = {**facts, "error.type": failed} if failed else facts
    return {
        **span,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(began.at * 1000),
        "endTimeUnixNano": str(max(began.at, ended.at) * 1000),
        "attributes": _attributes(told),
        "status": {"code": ERROR, "message": failed} if failed else {},
    }


def _attributes(facts: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in facts.items()]


def _value(value: str | int | tuple[str, ...]) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _id(run: str, name: str) -> str:
    return hashlib.sha256(f"{run}/{name}".encode()).hexdigest()[:16]


def _provider(model: str) -> str:
    prefix = model.partition(":")[0].partition("(")[0] or "unknown"
    return _PROVIDERS.get(prefix, prefix)


def _model(model: str) -> str:
    return model.partition(":")[2] or model
