"""`chaos(seed=7,cut=0.1,...):MODEL`: any model, with the faults that providers really have.

Which fault comes follows from the seed, the request's ordinal and the try alone, so that a run goes wrong in
the same way each time. Broken and unknown calls are put before the answer's own first call, which stays: so a
script is still played to its end by an agent that explains the error and goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from waypost.models.answers import deltas_of
from waypost.models.clock import Clock
from waypost.models.model import Model, TransientFailure
from waypost.models.streams import closing
from waypost.wires.conversation import AssistantMessage, Delta, Part, Request, Response, Stop, ToolCall

STATUSES = (500, 502, 503, 529)
LONGEST_STORM = 4  # refusals in a row
LONGEST_RETRY_AFTER = 20  # seconds
MOST_DELTAS = 8  # before a cut


@dataclass(frozen=True, slots=True)
class Faults:
    """The share of tries, 0 to 1, that each fault spoils; together at most 1."""

    cut: float = 0.0  # some deltas, then the connection is lost
    malformed: float = 0.0  # a call whose arguments are cut off
    unknown: float = 0.0  # a call of a tool that nobody offered
    empty: float = 0.0  # an answer without words and calls
    storm: float = 0.0  # several 429 in a row, with Retry-After
    error: float = 0.0  # 5xx
    silence: float = 0.0  # nothing for `hours`, then the answer

    def __post_init__(self) -> None:
        """Raises ValueError for shares that are none."""
        shares = [getattr(self, field.name) for field in fields(self)]
        if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise ValueError(f"the shares of faults must be 0 to 1 and together at most 1, not {shares}")

    def at(self, point: float) -> str:
        """The fault whose share holds this point of 0 to 1; nothing past the last one."""
        for field in fields(self):
            point -= getattr(self, field.name)
            if point < 0:
                return field.name
        return ""


class ChaosModel:
    """Spoils some of another model's answers."""

    def __init__(
        self, inner: Model, faults: Faults, clock: Clock, *, seed: int = 0, hours: float = 3.0, name: str = ""
    ) -> None:
        self._inner = inner
        self._faults = faults
        self._clock = clock
        self._seed = seed
        self._hours = hours
        self._name = name or f"chaos(seed={seed}):{inner.name}"
        self._tries: tuple[int, int] = (-1, 0)  # ordinal asked last, and how often
        self.unhurried = bool(getattr(inner, "unhurried", False))

    @property
    def name(self) -> str:
        """The whole specification, the inner model's name at its end."""
        return self._name

    def encode(self, request: Request) -> bytes:
        """The inner model's bytes."""
        return self._inner.encode(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """The inner model's answer, unless this try's fault comes in between."""
        ordinal, tries = request.ordinal, self._count(request.ordinal)
        if tries < self._storm(ordinal):
            after = 1 + self._number(LONGEST_RETRY_AFTER, "after", ordinal, tries)
            raise TransientFailure("chaos: 429, too many requests", 429, float(after))
        fault = self._faults.at(self._point("fault", ordinal, tries))
        if fault == "error":
            status = STATUSES[self._number(len(STATUSES), "status", ordinal, tries)]
            raise TransientFailure(f"chaos: the server failed with {status}", status)
        if fault == "silence":
            await self._clock.sleep(self._hours * 3600)
        left = 1 + self._number(MOST_DELTAS, "cut", ordinal, tries) if fault == "cut" else -1
        async with closing(self._inner.stream(request)) as stream:
            async for item in stream:
                if left == 0 or (left > 0 and isinstance(item, Response)):
                    raise TransientFailure("chaos: the stream was cut")
                left -= 1
                for piece in self._passed_on(item, fault):
                    yield piece

    async def close(self) -> None:
        """Closes the inner model."""
        await self._inner.close()

    def _count(self, ordinal: int) -> int:
        last, tries = self._tries
        self._tries = (ordinal, tries + 1 if ordinal == last else 0)
        return self._tries[1]

    def _storm(self, ordinal: int) -> int:
        """How many of the first tries of this ordinal are refused."""
        if self._faults.at(self._point("fault", ordinal, 0)) != "storm":
            return 0
        return 2 + self._number(LONGEST_STORM - 1, "storm", ordinal, 0)

    @staticmethod
    def _passed_on(item: Delta | Response, fault: str) -> Iterator[Delta | Response]:
        """A spoilt answer's deltas come with it, made anew; until then nothing is told."""
        spoils = fault in {"empty", "malformed", "unknown"}
        if spoils and isinstance(item, Response):
            response = _spoilt(item, fault)
            yield from response.deltas
            yield response
        elif not spoils:
            yield item

    def _point(self, *of: object) -> float:
        """A number from 0 to 1 that follows from the seed and from what it is for."""
        digest = hashlib.sha256(repr((self._seed, *of)).encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def _number(self, below: int, *of: object) -> int:
        return int(self._point(*of) * below)


def _spoilt(response: Response, fault: str) -> Response:
    if fault == "empty":
        return replace(response, message=AssistantMessage(()), stop=Stop.END, deltas=())
    calls = response.message.calls
    if fault not in {"malformed", "unknown"} or not calls:
        return response
    parts: list[Part] = list(response.message.parts)
    parts.insert(parts.index(calls[0]), _spoilt_call(calls[0], fault))
    message = AssistantMessage(tuple(parts))
    at = response.deltas[-1].at if response.deltas else 0
    return replace(response, message=message, deltas=deltas_of(message, at))


def _spoilt_call(call: ToolCall, fault: str) -> ToolCall:
    spoilt = replace(call, id=f"{call.id}_{fault}")
    if fault == "unknown":
        return replace(spoilt, name=f"{call.name}_everything")
    return replace(spoilt, arguments=call.arguments[: max(1, len(call.arguments) // 2)])


if TYPE_CHECKING:

    def _is_a_model(chaos: ChaosModel) -> Model:
        return chaos
