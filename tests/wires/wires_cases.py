"""Values and strategies that the tests of the wires share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from waypost.wires.canonical import canonical_text
from waypost.wires.chat import ChatWire
from waypost.wires.conversation import (
    AssistantMessage,
    DeltaKind,
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
from waypost.wires.messages import MessagesWire
from waypost.wires.responses import ResponsesWire
from waypost.wires.wire import Wire

WIRES: dict[str, Wire] = {
    "responses": ResponsesWire(),
    "chat": ChatWire(cache_key=True, limit="max_completion_tokens"),
    "messages": MessagesWire(),
}
SHELL = Tool(
    "shell",
    "Runs a command.",
    {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
)
READ = Tool("read", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}})

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
words = texts.filter(str.strip)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
objects = st.dictionaries(
    names.filter(lambda name: name != "_raw"), scalars | st.lists(scalars, max_size=2), max_size=3
)
arguments = objects.map(canonical_text)
counts = st.integers(0, 10**7)


def reasoning(wire: str, text: str, sealed: str) -> Reasoning:
    """A reasoning part as the wire's own decoder makes it."""
    payload: dict[str, Any] = {
        "responses": {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": text}],
            "encrypted_content": sealed,
        },
        "chat": {"reasoning_content": text},
        "messages": {"type": "thinking", "thinking": text, "signature": sealed},
    }[wire]
    return Reasoning(wire, payload, text)


def reasonings(wire: str) -> st.SearchStrategy[Reasoning]:
    return st.builds(reasoning, st.just(wire), texts, texts)


calls = st.builds(ToolCall, names, names, arguments)


@st.composite
def answers(draw: st.DrawFn, wire: str, free: bool = False) -> AssistantMessage:
    """A message as a model on this wire gives it; `free` ones hold arguments of any text."""
    kind = st.builds(ToolCall, names, names, texts) if free else calls
    called = draw(st.lists(kind, max_size=3, unique_by=lambda call: call.id))
    thoughts: list[Part] = draw(st.lists(reasonings(wire), max_size=1))
    said: list[Part] = draw(st.lists(st.builds(Text, words), max_size=1))
    parts = [*thoughts, *said, *called]
    return AssistantMessage(tuple(parts or [Text("nothing to say")]))


def results(wire: str) -> st.SearchStrategy[ToolMessage]:
    errors = st.booleans() if wire == "messages" else st.just(False)
    return st.builds(ToolMessage, names, st.text(st.characters(codec="utf-8"), max_size=9), errors)


@st.composite
def conversations(draw: st.DrawFn, wire: str) -> tuple[Message, ...]:
    """Turns that alternate, in the form that survives the wire unchanged."""
    users = st.lists(st.builds(UserMessage, words), min_size=1, max_size=2)
    messages: list[Message] = list(draw(users))
    for _ in range(draw(st.integers(0, 3))):
        messages.append(draw(answers(wire)))
        messages += draw(st.lists(results(wire), max_size=2))
        messages += draw(users)
    return tuple(messages)


@st.composite
def requests(draw: st.DrawFn, wire: str) -> Request:
    return Request(
        model=draw(names),
        system=draw(st.just("") | words),
        tools=tuple(draw(st.lists(st.builds(Tool, names, texts, objects), max_size=2))),
        messages=draw(conversations(wire)),
        conversation=draw(st.just("") | names),
        max_output_tokens=draw(st.integers(1, 10**6) if wire == "messages" else st.none() | st.integers(1, 10**6)),
    )


anything = st.text(max_size=9)  # lone surrogates and blanks included
strange_parts = st.one_of(
    st.builds(Text, anything),
    st.builds(ToolCall, anything, anything, anything),
    st.sampled_from(list(WIRES)).flatmap(reasonings),
)
strange_messages = st.lists(
    st.one_of(
        st.builds(UserMessage, anything),
        st.builds(ToolMessage, anything, anything, st.booleans()),
        st.builds(AssistantMessage, st.lists(strange_parts, max_size=3).map(tuple)),
    ),
    max_size=6,
).map(tuple)
strange_requests = st.builds(
    Request,
    names,
    anything,
    st.just((SHELL, READ)),
    strange_messages,
    st.just("talk"),
    st.lists(st.integers(0, 6), max_size=5).map(tuple),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    cached, written = draw(counts), draw(counts)
    return Usage(cached + written + draw(counts), draw(counts), cached, written, draw(counts))


@st.composite
def responses(draw: st.DrawFn, wire: str, free: bool = True) -> Response:
    """A whole answer without deltas, as this wire can say it."""
    message = draw(answers(wire, free))
    natural = Stop.CALLS if message.calls else Stop.END
    stop = draw(st.sampled_from([natural, natural, Stop.LENGTH, Stop.REFUSAL, Stop.OTHER]))
    return Response(message, stop, draw(st.none() | usages()), draw(names), draw(names))


def without_deltas(response: Response) -> Response:
    return replace(response, deltas=())


def texts_of_deltas(response: Response) -> dict[int, dict[DeltaKind, str]]:
    """What the deltas say of each part, joined."""
    joined: dict[int, dict[DeltaKind, str]] = {}
    for delta in response.deltas:
        of_part = joined.setdefault(delta.part, {})
        of_part[delta.kind] = of_part.get(delta.kind, "") + delta.text
    return joined


def texts_of_parts(response: Response) -> dict[int, dict[DeltaKind, str]]:
    """The same, as the parts say it."""
    wanted: dict[int, dict[DeltaKind, str]] = {}
    for number, part in enumerate(response.message.parts):
        if isinstance(part, ToolCall):
            said = {DeltaKind.CALL: part.name, DeltaKind.ARGUMENTS: part.arguments}
        else:
            said = {DeltaKind.TEXT if isinstance(part, Text) else DeltaKind.REASONING: part.text}
        if said := {kind: text for kind, text in said.items() if text}:
            wanted[number] = said
    return wanted
