"""`waypost report`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError


def report(
    run: arguments.RunArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="Write one self-contained page here.")
    ] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Tell what a run did, as a page, as Markdown or as JSON."""
    from waypost import __version__
    from waypost.cli.report_page.facts import gather
    from waypost.runs.lock import holder

    with arguments.project_here() as project:
        name = project.resolve(run)
        facts = gather(project.log, name, holder(project.root, name))
    if output is not None:
        from waypost.cli.report_page.page import page

        _write(output, page(facts, __version__))
        sys.stderr.write(f"wrote {output}\n")
    if as_json:
        from waypost.cli.report_page.summary import as_json as report_json

        sys.stdout.write(json.dumps(report_json(facts), indent=2) + "\n")
    elif output is None:
        from waypost.cli.report_page.summary import markdown

        sys.stdout.write(markdown(facts))


def _write(place: Path, text: str) -> None:
    """Whole or not at all: a page that is there before stays until the new one is complete."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(place)
    except OSError as problem:
        raise CommandError(f"can't write {place}: {problem.strerror}; name a file in a folder that exists") from problem
