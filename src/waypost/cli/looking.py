"""`waypost status`, `log` and `checkpoints`: what is and what was, changing nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError
from waypost.cli.table import rows
from waypost.cli.words import clock, count, one_line

if TYPE_CHECKING:
    from waypost.events.event import Record
    from waypost.events.log import Log
    from waypost.runs.project import Project
    from waypost.runs.view import RunView

POLL = 0.2
"""Seconds between two looks at the log while following it."""


def status(
    run: arguments.RunArgument = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Show where a run stands, and how to go on."""
    from waypost.cli.status import lines
    from waypost.cli.statusjson import status_json

    with arguments.project_here() as project:
        name = project.resolve(run)
        if watch:
            _watch(project, name, as_json)
            return
        view, pid = _look(project, name)
        text = json.dumps(status_json(view, pid), indent=2) if as_json else "\n".join(lines(view, pid, _now()))
        sys.stdout.write(text + "\n")


def _look(project: Project, run: str) -> tuple[RunView, int | None]:
    from waypost.runs.lock import holder
    from waypost.runs.view import load_view

    return load_view(project.log, run), holder(project.root, run)


def _now() -> int:
    return time.time_ns() // 1000


def _watch(project: Project, run: str, as_json: bool) -> None:
    """Shows the status anew when the log has grown; on a terminal in place."""
    from waypost.cli.status import lines
    from waypost.cli.statusjson import status_json

    seen: tuple[int, int | None] | None = None
    is_terminal = sys.stdout.isatty() and not as_json
    while True:
        view, pid = _look(project, run)
        if (view.position, pid) != seen or is_terminal:
            seen = view.position, pid
            if as_json:
                sys.stdout.write(json.dumps(status_json(view, pid)) + "\n")
            else:
                home = "\x1b[H\x1b[2J" if is_terminal else ""
                sys.stdout.write(home + "\n".join(lines(view, pid, _now())) + "\n")
            sys.stdout.flush()
        time.sleep(1)


def log(
    run: arguments.RunArgument = None,
    *,
    as_json: arguments.AsEvents = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more until Ctrl-C.")] = False,
    after: Annotated[int, typer.Option("--after", metavar="SEQ", help="Only what comes after this position.")] = 0,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only this kind, such as gate.ended; repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what rewinds have hidden.")] = False,
) -> None:
    """Tell what happened, event by event."""
    from waypost.cli.jsonlines import line, write_line
    from waypost.cli.plain import log_line

    with arguments.project_here() as project:
        kinds = _known(kind or [])
        name = project.resolve(run)
        for record in _records(project.log, name, after, kinds, everything=everything, follow=follow):
            write_line(line(record, project.log) if as_json else log_line(record))


def _known(kinds: list[str]) -> tuple[str, ...]:
    """The kinds asked for; `gate` stands for all kinds that begin so. Raises CommandError for one that isn't any."""
    from waypost.events.event import KINDS

    found: list[str] = []
    for asked in kinds:
        matching = [name for name in KINDS if name == asked or name.startswith(f"{asked}.")]
        if not matching:
            raise CommandError(f"{one_line(asked)} is no kind of event; there are: {', '.join(sorted(KINDS))}")
        found += matching
    return tuple(found)


def _records(
    log: Log, run: str, after: int, kinds: tuple[str, ...], *, everything: bool, follow: bool
) -> Iterator[Record]:
    from waypost.events.history import live

    while True:
        read = log.read(run, after=after, kinds=kinds) if everything else live(log, run, kinds, after=after)
        for record in read:
            after = record.seq
            yield record
        if not follow:
            return
        time.sleep(POLL)


def checkpoints(run: arguments.RunArgument = None, as_json: arguments.AsJson = False) -> None:
    """List the places that a run can be taken back to."""
    from waypost.cli.plain import checkpoint_files
    from waypost.events.kinds import Checkpointed
    from waypost.runs import rewinding

    with arguments.project_here() as project:
        name = project.resolve(run)
        found = [(record, item) for record in rewinding.checkpoints(project, name)
                 if isinstance(item := record.event, Checkpointed)]  # fmt: skip
        if as_json:
            from waypost.cli.jsonlines import as_json as event_json

            answer = {"run": name, "checkpoints": [event_json(record, project.log) for record, _ in found]}
            sys.stdout.write(json.dumps(answer) + "\n")
            return
    if not found:
        sys.stdout.write(f"{name} has no checkpoint yet\n")
        return
    body = [
        (str(item.number), clock(record.at), item.milestone, count(item.changed, "file"), item.tree[:10],
         checkpoint_files(item) or item.note)
        for record, item in found
    ]  # fmt: skip
    head = ("NUMBER", "TIME", "FOR", "CHANGED", "TREE", "WHAT")
    sys.stdout.write("\n".join(rows(head, body, right=(0,), flexible=5)) + "\n")
    sys.stdout.write(f"go back with: waypost rewind {name} NUMBER\n")
