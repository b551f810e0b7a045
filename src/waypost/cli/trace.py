"""`waypost trace`: from an event up to its approval and down to lines in HEAD; and exports in other tools' formats."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError
from waypost.cli.words import count, moment, one_line

if TYPE_CHECKING:
    from waypost.runs.project import Project
    from waypost.trace.walk import Link, Walk

LONGEST = 40
"""Links that are listed for a person on one side."""


def trace(
    event: Annotated[
        str, typer.Argument(metavar="EVENT | DIR", help="A position in the log; with --export, a folder to write to.")
    ],
    export: Annotated[
        str | None,
        typer.Option("--export", metavar="FORMAT", help="Write a run as git-ai, agent-trace, otel or in-toto."),
    ] = None,
    run: arguments.RunOption = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Walk from an event both ways: up to its request, attempt and approval, down to the lines that are left of it.

    With --export FORMAT the run is written to a folder: git-ai authorship notes (3.0.0), Agent Trace records (0.1.0),
    OpenTelemetry spans (OTLP JSON), or an in-toto attestation of a finished run.
    """
    with arguments.project_here() as project:
        if export is not None:
            _export(project, project.resolve(run), export, Path(event), as_json)
        else:
            _walk(project, _position(event), as_json)


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise CommandError(f"{one_line(text)} is no position of the log; `waypost log` shows them, as in: trace 120")
    return int(text)


def _walk(project: Project, seq: int, as_json: bool) -> None:
    from waypost.trace.blame import Blame
    from waypost.trace.walk import walk

    found = walk(Blame(project.repository, project.log), seq)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(project, found)) + "\n")
    else:
        sys.stdout.write("\n".join(_in_words(found)) + "\n")


def _as_json(project: Project, found: Walk) -> dict[str, Any]:
    from waypost.cli.jsonlines import as_json

    return {
        "event": as_json(found.record, project.log),
        "live": found.is_live,
        "milestone": found.milestone,
        "step": dataclasses.asdict(found.step) if found.step else None,
        "up": [dataclasses.asdict(link) for link in found.up],
        "down": [dataclasses.asdict(link) for link in found.down],
        "surviving": [dataclasses.asdict(one) for one in found.surviving],
        "unlooked": found.unlooked,
    }


def _in_words(found: Walk) -> list[str]:
    record = found.record
    hidden = "" if found.is_live else " · hidden by a rewind"
    step = f" · step {found.step.ordinal}" if found.step else ""
    lines = [*_links(tuple(reversed(found.up)), "up")]
    lines.append(f"{record.seq:>8}  {record.event.kind} of {record.run}, {moment(record.at)}{step}{hidden}")
    lines += _links(found.down, "down")
    for one in found.surviving:
        ranges = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in one.lines)
        lines.append(f"          in HEAD: {one_line(one.path)}:{ranges} ({one.sure})")
    if found.step and not found.surviving:
        lines.append("          in HEAD: no line of it is left in the files that the run changed")
    if found.unlooked:
        lines.append(f"          {count(found.unlooked, 'more file')} of the run not looked at")
    return lines


def _links(links: tuple[Link, ...], side: str) -> list[str]:
    kept = links[-LONGEST:] if side == "up" else links[:LONGEST]
    lines = [f"{link.seq:>8}  {link.what:<10} {one_line(link.text, 90)}".rstrip() for link in kept]
    left = len(links) - len(kept)
    return [*lines, f"          {left} more (--json shows all)"] if left else lines


def _export(project: Project, run: str, form: str, folder: Path, as_json: bool) -> None:
    from waypost.trace.blame import Blame
    from waypost.trace.export import export
    from waypost.trace.git_ai import NOTES

    files = export(Blame(project.repository, project.log), run, form)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(os.fsencode(text))
    if as_json:
        told = {"run": run, "format": form, "files": [str(folder / name) for name in files]}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    sys.stdout.write(f"{count(len(files), 'file')} in {one_line(str(folder))}\n")
    if form == "git-ai" and files:
        sys.stdout.write(f"attach one with: git notes --ref={NOTES} add -F FILE COMMIT\n")
