"""Where a run's events go while a person, a pipe or a program watches."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from waypost.cli.jsonlines import JsonLines
from waypost.cli.plain import PlainLines

if TYPE_CHECKING:
    from waypost.cli.live import LiveView
    from waypost.events.log import Log

    Sink = JsonLines | PlainLines | LiveView


@asynccontextmanager
async def showing(log: Log, run: str, *, as_json: bool) -> AsyncIterator[Sink]:
    """JSON lines when asked for, the live view on a terminal, plain lines elsewhere."""
    if as_json:
        yield JsonLines(log)
    elif not sys.stdout.isatty():
        yield PlainLines()
    else:
        from waypost.cli.live import LiveView
        from waypost.runs.view import load_view

        async with LiveView(load_view(log, run)) as live:
            yield live
