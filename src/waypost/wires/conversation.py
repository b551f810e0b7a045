"""What a model is sent and what it answers, in no protocol's own terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Json


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the model's answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning item, carried opaque: `payload` goes back to the same wire exactly as it came."""

    wire: str
    payload: Json
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One requested call; `arguments` is the JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


Part = Text | Reasoning | ToolCall


@dataclass(frozen=True, slots=True)
class UserMessage:
    """Text from the runtime or from a human."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """One answer of the model, its parts in the order in which they came."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All words of the answer."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """All calls that the answer asks for, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def is_empty(self) -> bool:
        """Neither words nor calls: an answer that must be asked for again."""
        return not self.calls and not self.text.strip()


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """The result of one call."""

    call_id: str
    text: str
    is_error: bool = False


Message = UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model.

    `breakpoints` are the numbers of messages after which a segment ends (cache marks may be set there).
    `conversation` names the conversation for providers that route by it. `ordinal` counts the answers
    that the run had before: scripted and recorded models choose their turn by it.
    """

    model: str
    system: str
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]
    conversation: str = ""
    breakpoints: tuple[int, ...] = ()
    max_output_tokens: int | None = None
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; `input` is all of the prompt, cached and written included."""

    input: int
    output: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


class Stop(StrEnum):
    """Why an answer ended."""

    END = "end"
    CALLS = "calls"
    LENGTH = "length"
    REFUSAL = "refusal"
    OTHER = "other"


class DeltaKind(StrEnum):
    """What a piece of a streamed answer belongs to."""

    TEXT = "text"
    REASONING = "reasoning"
    CALL = "call"  # a call begins; the text is its name
    ARGUMENTS = "arguments"


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer as it came: `part` numbers the part, `at` is nanoseconds since the request left."""

    kind: DeltaKind
    part: int
    text: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. `usage` is None where the provider said nothing; `deltas` are in order of arrival."""

    message: AssistantMessage
    stop: Stop
    usage: Usage | None = None
    id: str = ""
    model: str = ""
    deltas: tuple[Delta, ...] = field(default=(), repr=False)
