"""A prompt as segments: what each is made from, and its digest, so that a prefix that is sent again is hashed once."""

from __future__ import annotations

import dataclasses
import json

from waypost.events.canonical import sha256
from waypost.events.event import Record
from waypost.events.kinds import PromptSegment
from waypost.models.codec import message_to_json
from waypost.wires.conversation import Message, Tool

Segments = tuple[PromptSegment, ...]
NOWHERE = PromptSegment(0, "")
_DOMAIN = b"waypost prompt segment 1\0"


def segment(record: Record, message: Message, place: int = 0) -> PromptSegment:
    """A message that an event holds; `place` counts where it holds several."""
    return _made(record, place, message_to_json(message))


def tools_text(tools: tuple[Tool, ...]) -> str:
    """The tools as the log keeps them."""
    return _json([dataclasses.asdict(tool) for tool in tools])


def preamble(opened: Record, system: str, tools: str) -> PromptSegment:
    """What stands before all messages: the system text and the tools' text, of the event that opened the attempt."""
    return _made(opened, 1, [system, tools])


def digest_of(segments: Segments) -> str:
    """One digest of a whole prompt: the SHA-256 of its segments' digests in order."""
    return sha256(bytes.fromhex("".join(one.digest for one in segments)))


def kept_of(before: Segments, now: Segments) -> int:
    """How many segments of the prompt before stand first in this one too."""
    limit = min(len(before), len(now))
    return next((place for place in range(limit) if before[place] != now[place]), limit)


def _made(record: Record, place: int, content: object) -> PromptSegment:
    salted = _DOMAIN + place.to_bytes(4, "big") + record.salt + _json(content).encode("utf-8", "surrogatepass")
    return PromptSegment(record.seq, sha256(salted))


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
