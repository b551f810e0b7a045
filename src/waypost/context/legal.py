"""What a legal working set is, one named property each: what providers refuse otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from waypost.wires.conversation import AssistantMessage, Message, Part, ToolCall, ToolMessage, UserMessage


def begins_with_the_user(messages: Sequence[Message]) -> bool:
    """The first message is the user's."""
    return bool(messages) and isinstance(messages[0], UserMessage)


def results_follow_their_calls(messages: Sequence[Message]) -> bool:
    """Between an answer with calls and the next message of another kind stand exactly its calls' results."""
    expected: list[str] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.call_id not in expected:
                return False
            expected.remove(message.call_id)
        elif expected:
            return False
        elif isinstance(message, AssistantMessage):
            expected = [call.id for call in message.calls]
    return not expected


def call_ids_are_unique(messages: Sequence[Message]) -> bool:
    """No two calls share an id."""
    names = [call.id for message in messages if isinstance(message, AssistantMessage) for call in message.calls]
    return len(names) == len(set(names))


def no_answer_is_empty(messages: Sequence[Message]) -> bool:
    """Every answer of the model has words or calls."""
    return all(message.parts for message in messages if isinstance(message, AssistantMessage))


PROPERTIES = (begins_with_the_user, results_follow_their_calls, call_ids_are_unique, no_answer_is_empty)


def broken_properties(messages: Sequence[Message]) -> tuple[str, ...]:
    """Names of the properties that do not hold, as words."""
    return tuple(check.__name__.replace("_", " ") for check in PROPERTIES if not check(messages))


def with_own_ids(message: AssistantMessage, before: Sequence[Message], number: int) -> AssistantMessage:
    """The answer with new ids for calls whose own is empty or was given already: some servers count from 0 anew."""
    taken = {call.id for other in before if isinstance(other, AssistantMessage) for call in other.calls}
    parts: list[Part] = []
    for place, part in enumerate(message.parts):
        if not isinstance(part, ToolCall):
            parts.append(part)
            continue
        is_new = bool(part.id) and part.id not in taken
        own = part if is_new else replace(part, id=f"{part.id or 'call'}_{number}_{place}")
        taken.add(own.id)
        parts.append(own)
    return AssistantMessage(tuple(parts))
