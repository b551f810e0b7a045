"""`waypost demo`."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli.errors import Exit
from waypost.cli.table import styled

if TYPE_CHECKING:
    from waypost.demo.stage import Stage
    from waypost.events.kinds import RunEnded


def demo(
    at: Annotated[
        Path | None,
        typer.Option(
            "--at", metavar="DIR", help="Play it in this folder; waypost-demo in the temporary one if left out."
        ),
    ] = None,
) -> None:
    """Play a recorded run against a real package.

    Only the model's answers are recorded: worktree, edits, commands and gates are real.
    """
    from waypost.demo.stage import RECORDING, prepare
    from waypost.models.recorded import read_recording

    day = read_recording(RECORDING).header.note[:10]
    _say(f"Only the model's answers are recorded ({day}); worktree, edits, commands and gates are real.")
    stage = prepare(at, f"recorded:{RECORDING}", _say)
    try:
        import asyncio

        ended = asyncio.run(_play(stage))
        code = _tell(stage, ended)
    finally:
        stage.project.close()
    raise typer.Exit(code)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _play(stage: Stage) -> RunEnded | None:
    from waypost.cli.session import say, until_interrupted
    from waypost.cli.sinks import showing
    from waypost.runs.supervisor import work

    project, run = stage.project, stage.run
    async with showing(project.log, run, as_json=False) as sink:
        for record in project.log.read(run, after=stage.start):
            sink.on_record(record)
        tell = getattr(sink, "say", say)
        return await until_interrupted(work(project, run, stage.settings, sink), tell)


def _tell(stage: Stage, ended: RunEnded | None) -> int:
    """What came out, where it lies, what to try, how to be rid of it."""
    from waypost.cli.status import lines
    from waypost.demo.stage import leftovers
    from waypost.runs.view import load_view

    view = load_view(stage.project.log, stage.run)
    is_complete = ended is not None and ended.outcome == "complete"
    told = lines(view, None, time.time_ns() // 1000)
    report = stage.folder / "report.html"
    _write_report(stage, report)
    root, program = stage.project.root, _program()
    branch = view.opened.branch if view.opened else ""
    documents = root / (view.opened.folder if view.opened else "")
    rows = (
        ("report", report),
        ("documents", documents),
        ("branch", branch),
        ("log", root / ".waypost" / "state.db"),
    )
    next_steps = (
        f"cd {shlex.quote(str(root))}",
        f"git log --stat main..{branch}",
        f"{program} log",
        f"{program} review",
    )
    told = told[: told.index(styled("How to go on", "bold"))] if is_complete else [*told, ""]
    told += [*_gates(stage), styled("Where it is", "bold"), *(f"  {name:<10} {place}" for name, place in rows), ""]
    told += [styled("Look around", "bold"), *(f"  {line}" for line in next_steps), ""]
    removal = " ".join(shlex.quote(str(folder)) for folder in leftovers(stage))
    told += [styled("Remove it", "bold"), f"  rm -rf {removal}"]
    _say("\n" + "\n".join(told))
    if is_complete:
        return Exit.SO
    return Exit.INTERRUPTED if ended is None or ended.outcome == "interrupted" else Exit.NOT_SO


def _gates(stage: Stage) -> list[str]:
    """How often gates ran, and which were red on the way: the table shows only how each ended."""
    from waypost.cli.words import count
    from waypost.events.kinds import GateEnded

    ended = [event for record in stage.project.log.read(stage.run) if isinstance(event := record.event, GateEnded)]
    verdicts = [event for event in ended if event.purpose != "baseline"]
    red = [f"{verdict.milestone} {verdict.gate}" for verdict in verdicts if verdict.verdict == "red"]
    told = f"{count(len(verdicts), 'gate')} ran in clean checkouts"
    told += f"; red on the way: {', '.join(red)}" if red else ""
    return [told, ""] if verdicts else []


def _write_report(stage: Stage, place: Path) -> None:
    from waypost import __version__
    from waypost.cli.report_page.facts import gather
    from waypost.cli.report_page.page import page

    place.write_text(page(gather(stage.project.log, stage.run, None), __version__), "utf-8")


def _program() -> str:
    """The command as it can be typed here: its bare name only where that is found."""
    return "waypost" if shutil.which("waypost") else shlex.quote(str(Path(sys.executable).with_name("waypost")))
