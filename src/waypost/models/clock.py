"""Time as the models see it, so that hours of silence can be tested in milliseconds."""

from __future__ import annotations

import time
from typing import Protocol

NANOSECONDS = 1_000_000_000


class Clock(Protocol):
    """Tells the time and waits."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since the epoch."""
        ...

    def monotonic_ns(self) -> int:
        """A time in nanoseconds that never runs backwards; its zero means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Comes back when that many seconds have passed on this clock."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since the epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """The system's monotonic time in nanoseconds."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Waits without holding up other tasks."""
        import asyncio

        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that stands still until somebody sleeps; a sleep moves it on and comes back at once."""

    def __init__(self, now_ns: int = 1_700_000_000 * NANOSECONDS) -> None:
        self._start_ns = now_ns
        self._passed_ns = 0
        self.sleeps: list[float] = []

    def now_ns(self) -> int:
        """The start given plus all that was slept."""
        return self._start_ns + self._passed_ns

    def monotonic_ns(self) -> int:
        """All that was slept."""
        return self._passed_ns

    async def sleep(self, seconds: float) -> None:
        """Moves this clock on, remembers the wait in `sleeps`, and lets other tasks run once."""
        import asyncio

        self.advance(seconds)
        self.sleeps.append(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Moves this clock on without a wait."""
        self._passed_ns += round(max(0.0, seconds) * NANOSECONDS)
