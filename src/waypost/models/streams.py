"""Streams that are left before their end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from waypost.wires.conversation import Delta, Response


@asynccontextmanager
async def closing(stream: AsyncIterator[Delta | Response]) -> AsyncIterator[AsyncIterator[Delta | Response]]:
    """Lets go of a model's stream at once, with its connection, and not when it happens to be collected."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
