"""One session of work on a run, from this terminal: what is shown, what Ctrl-C does, how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from waypost.cli.errors import Exit
from waypost.cli.sinks import showing
from waypost.cli.words import one_line

if TYPE_CHECKING:
    from waypost.events.kinds import RunEnded
    from waypost.runs.project import Project
    from waypost.runs.settings import Settings

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = "stopping at the next safe point; Ctrl-C again stops at once"


async def until_interrupted(work: Coroutine[Any, Any, T], say: Callable[[str], None]) -> T | None:
    """What `work` returns, or None after a signal cancelled it; a second signal ends the process at once.

    A signal that the parent has this process ignore stays ignored.
    """
    task, loop, count = asyncio.ensure_future(work), asyncio.get_running_loop(), 0

    def interrupted() -> None:
        nonlocal count
        count += 1
        if count > 1:
            _at_once()
        say(STOPPING)
        task.cancel()

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, interrupted)
    try:
        return await task
    except asyncio.CancelledError:
        if not count:
            raise
        return None
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


def _at_once() -> None:
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")
    os._exit(Exit.INTERRUPTED)


def work_on(project: Project, run: str, settings: Settings, *, after: int, as_json: bool) -> int:
    """Works on the run, shows it, and gives the exit code. Events after position `after` are shown first."""
    ended = asyncio.run(_work_on(project, run, settings, after, as_json))
    _say_how_it_ended(project, run, ended, as_json)
    if ended is None or ended.outcome == "interrupted":
        return Exit.INTERRUPTED
    return Exit.SO if ended.outcome == "complete" else Exit.NOT_SO


async def _work_on(project: Project, run: str, settings: Settings, after: int, as_json: bool) -> RunEnded | None:
    from waypost.runs.supervisor import work

    async with showing(project.log, run, as_json=as_json) as sink:
        for record in project.log.read(run, after=after):
            sink.on_record(record)
        tell = getattr(sink, "say", say)
        return await until_interrupted(work(project, run, settings, sink), tell)


def say(text: str) -> None:
    """A word to the person, beside what is shown."""
    sys.stderr.write(f"waypost: {text}\n")
    sys.stderr.flush()


def _say_how_it_ended(project: Project, run: str, ended: RunEnded | None, as_json: bool) -> None:
    from waypost.cli.figures import next_step
    from waypost.runs.view import load_view

    view = load_view(project.log, run)
    outcome = ended.outcome if ended is not None else "interrupted"
    reason = f": {one_line(ended.reason)}" if ended is not None and ended.reason else ""
    write = sys.stderr.write if as_json else sys.stdout.write
    write(f"{run} is {outcome}{reason}\n")
    if view.opened is not None:
        write(f"branch {one_line(view.opened.branch)}\n")
    for item in view.waiting:
        write(f"waits for you: {one_line(item.item)}: {one_line(item.text, 100)} (waypost review)\n")
    if outcome == "complete":
        write(f"see it with: waypost report {run} -o report.html\n")
    else:
        write(f"resume with: {next_step(view, None)[0] if outcome == 'budget' else f'waypost resume {run}'}\n")
