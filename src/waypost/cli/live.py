"""The live view on a terminal: at most ten frames a second, and none that nobody would see change."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Self

from waypost.events import kinds
from waypost.events.event import Record

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from waypost.runs.view import RunView
    from waypost.wires.conversation import Delta

PAUSE = 0.1
"""Seconds between frames."""
FIRST = 0.2
"""Seconds before the first frame: the first request leaves before the layout library is loaded."""
TAIL = 2000


class LiveView:
    """An observer that keeps a picture of the run on the terminal while its `async with` lasts."""

    def __init__(self, view: RunView) -> None:
        """Goes on from this view, which it then owns."""
        self.view = view
        self._known = view.position
        self.word = ""
        self._tail = ""
        self._since = 0
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Starts drawing."""
        self._ticker = asyncio.create_task(self._draw())
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Draws the last frame and lets it stand."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker

    def on_record(self, record: Record) -> None:
        """Takes the event into the picture."""
        if record.seq <= self._known:
            return
        self.view.apply(record)
        if isinstance(record.event, kinds.ModelRequested):
            self._tail = ""
        if isinstance(record.event, kinds.ModelRequested | kinds.ToolCalled | kinds.GateStarted):
            self._since = record.at

    def on_delta(self, delta: Delta) -> None:
        """Shows the model's words as they come."""
        lead = "\n→ " if delta.kind == "call" else ""
        self._tail = (self._tail + lead + delta.text + (" " if lead else ""))[-TAIL:]

    def say(self, word: str) -> None:
        """Tells the person something in the picture's last line."""
        self.word = word

    async def _draw(self) -> None:
        live = None
        try:
            await asyncio.sleep(FIRST)
            live = self._begin()
            while True:
                live.update(self._picture(live), refresh=True)
                await asyncio.sleep(PAUSE)
        finally:
            live = live or self._begin()
            live.update(self._picture(live), refresh=True)
            live.stop()

    def _begin(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        live = Live(console=Console(highlight=False), auto_refresh=False, vertical_overflow="crop")
        live.start()
        return live

    def _picture(self, live: Live) -> Group:
        from rich.console import Group

        from waypost.cli.frame import Moment, Size, frame

        size = Size(live.console.width, max(6, live.console.height - 1))
        moment = Moment(time.time_ns() // 1000, self._since, self._tail, self.word)
        return Group(*frame(self.view, moment, size))
