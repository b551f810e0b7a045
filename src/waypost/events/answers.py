"""Events of talking to a model: what was asked, what came back, what it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from waypost.events.blob import Blob
from waypost.events.event import HEAD, Event, event


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and money of one answer; `cost` is None where the price is unknown."""

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class PromptSegment:
    """A message of a prompt, or what stands before all messages: the event that it comes from, and its digest.

    The digest is salted with that event's salt: once the event is erased, no guess of its text can be confirmed.
    """

    event: int
    digest: str


@event("model.requested", schema=2)
@dataclass(frozen=True, slots=True)
class ModelRequested(Event):
    """A request leaves: the intent before the answer.

    Its prompt is the first `kept` segments of this run's request before it, then `segments`; `digest` is the SHA-256 of
    all their digests. Version 1 had no segments, and the digest of the request's bytes.
    """

    milestone: str
    ordinal: int
    digest: str
    messages: int
    estimate: int
    purpose: str = "step"
    kept: int = 0
    segments: tuple[PromptSegment, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an answer came in: the number of its pieces and the root (hexadecimal) of the tree that they make.

    `unit` says what a piece is: a provider's `token`, a `delta` of its stream, or a whole `message`.
    """

    unit: str
    count: int
    root: str


@event("model.responded")
@dataclass(frozen=True, slots=True)
class ModelResponded(Event):
    """A whole answer; `answer` is it in the models room's JSON form, with its deltas and their times.

    `left` is when the request left, in nanoseconds since 1970 (UTC); the deltas' times count from there. `seed` is what
    the salts of its tokens are made from (hexadecimal).
    """

    milestone: str
    ordinal: int
    answer: Blob
    stop: str
    spent: Spent
    estimated: bool = False
    took: int = 0
    purpose: str = "step"
    left: str = ""
    seed: str = ""
    tokens: Tokens | None = field(default=None, metadata=HEAD)


@event("model.failed")
@dataclass(frozen=True, slots=True)
class ModelFailed(Event):
    """A try gave no usable answer; `wait` is what is waited before the next one."""

    milestone: str
    ordinal: int
    reason: str
    attempt: int
    wait: int
    status: int | None = None
