"""What the tests of this room share: requests, models made of plain lists, and strategies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from hypothesis import strategies as st

from waypost.models.codec import encode_request
from waypost.models.model import Model
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Message,
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

SHELL = Tool("shell", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
DONE = Tool("done", "Ends the work.", {"type": "object", "properties": {"summary": {"type": "string"}}})


def request(ordinal: int = 0, *messages: Message, tools: Sequence[Tool] = (SHELL, DONE)) -> Request:
    return Request("m", "You are careful.", tuple(tools), messages or (UserMessage("Go."),), ordinal=ordinal)


def said(text: str) -> Response:
    deltas = tuple(Delta(DeltaKind.TEXT, 0, letter, number) for number, letter in enumerate(text))
    return Response(AssistantMessage((Text(text),) if text else ()), Stop.END, Usage(10, 2), deltas=deltas)


class ListModel:
    """Answers with the next of a list: a response, or an error to raise."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    @property
    def name(self) -> str:
        return "list:"

    def encode(self, request: Request) -> bytes:
        return encode_request(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        for delta in answer.deltas:
            yield delta
        yield answer

    async def close(self) -> None:
        pass


async def everything(model: Model, asked: Request) -> list[Delta | Response]:
    return [item async for item in model.stream(asked)]


async def answer(model: Model, asked: Request) -> Response:
    *deltas, last = await everything(model, asked)
    assert isinstance(last, Response)
    assert tuple(deltas) == last.deltas
    return last


texts = st.text(st.characters(), max_size=40)  # lone surrogates too: tools' output may hold them
names = st.text("abcdefgh_", min_size=1, max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, json_values, max_size=3)
counts = st.integers(0, 2**40)
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(Reasoning, names, objects, texts),
    st.builds(ToolCall, names, names, texts),
)
assistants = st.builds(AssistantMessage, st.lists(parts, max_size=4).map(tuple))
messages = st.one_of(st.builds(UserMessage, texts), assistants, st.builds(ToolMessage, names, texts, st.booleans()))
usages = st.builds(Usage, counts, counts, counts, counts, counts)
tools = st.builds(Tool, names, texts, objects)
requests = st.builds(
    Request,
    names,
    texts,
    st.lists(tools, max_size=2).map(tuple),
    st.lists(messages, max_size=4).map(tuple),
    texts,
    st.lists(st.integers(0, 9), max_size=3).map(tuple),
    st.none() | counts,
    counts,
)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Answers whose deltas mostly, but not always, are the pieces of their parts."""
    message = draw(assistants)
    deltas: list[Delta] = []
    for number, part in enumerate(message.parts):
        if isinstance(part, ToolCall):
            deltas.append(Delta(DeltaKind.CALL, number, part.name, draw(counts)))
        kind = {Text: DeltaKind.TEXT, Reasoning: DeltaKind.REASONING}.get(type(part), DeltaKind.ARGUMENTS)
        text = part.arguments if isinstance(part, ToolCall) else part.text
        cut = draw(st.integers(0, len(text)))
        deltas += [Delta(kind, number, piece, draw(counts)) for piece in (text[:cut], text[cut:])]
    stray = st.builds(Delta, st.sampled_from(DeltaKind), st.integers(0, 5), texts, counts)
    deltas = draw(st.permutations(deltas)) if draw(st.booleans()) else deltas
    deltas += draw(st.lists(stray, max_size=3))
    return Response(
        message,
        draw(st.sampled_from(Stop)),
        draw(st.none() | usages),
        draw(texts),
        draw(texts),
        tuple(deltas),
    )
