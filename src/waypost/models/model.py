"""The seam between the agent and whatever answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from waypost.wires.conversation import Delta, Request, Response


class ModelError(Exception):
    """The model gave no answer; the text says what happened and the mend."""


class BadModel(ModelError):
    """The model's name, key or address can't work; asking again won't help."""


@dataclass(eq=False)
class TransientFailure(ModelError):
    """A failure worth another try: 429, 5xx, a cut stream, an unreadable or empty answer.

    `retry_after` is in seconds, where the provider named it.
    """

    reason: str
    status: int | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.reason


class ContextOverflow(ModelError):
    """The provider says that the prompt does not fit its window."""


class Model(Protocol):
    """Answers requests. One object serves one run; it keeps no conversation of its own."""

    @property
    def name(self) -> str:
        """As given on the command line: `openai:gpt-5.5`."""
        ...

    def encode(self, request: Request) -> bytes:
        """The request's exact bytes: equal requests give equal bytes."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """The answer's deltas as they come, then exactly one Response that holds them all.

        Raises TransientFailure, ContextOverflow or BadModel.
        """
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
