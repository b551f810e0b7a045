"""`waypost ledger prompts`: was the model sent what the log holds?"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import NotSo
from waypost.cli.ledger import bar
from waypost.cli.table import styled
from waypost.cli.words import count

if TYPE_CHECKING:
    from waypost.runs.prompting import Prompts

SHOWN = 10
EXAMPLES = "\b\nExamples:\n  waypost ledger prompts\n  waypost ledger prompts shop-1f0c --json"


def prompts(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="One run; without it, all.", show_default=False)
    ] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Make every prompt again from the log, and compare it with what was written down as sent. Exit 1 if one differs.

    Each prompt is listed as segments: the system text with the tools, then a message each, by salted digests.
    """
    from waypost.runs.prompting import check_prompts

    with arguments.project_here() as project, bar("making prompts again") as progress:
        names = (run,) if run else project.log.runs()
        found = [check_prompts(project, name, progress) for name in names]
    if as_json:
        told = {"ok": not any(one.unlike for one in found), "runs": [dataclasses.asdict(one) for one in found]}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for one in found for line in _lines(one)) or "no run in this log yet\n")
    if any(one.unlike for one in found):
        raise NotSo("a prompt is not what the log holds")


def _lines(found: Prompts) -> Iterator[str]:
    mark = styled("✘", "red") if found.unlike else styled("✔", "green")
    yield f"{mark} {found.run}: {count(found.alike, 'prompt')} as the log makes them"
    for seqs, what in (
        (found.unlike, "differ from what the log makes"),
        (found.other_tools, "were sent with the system text or tools of another Waypost"),
        (found.untold, "can't be compared: not listed, or a text of theirs is erased"),
    ):
        if seqs:
            more = f" and {len(seqs) - SHOWN} more" if len(seqs) > SHOWN else ""
            yield f"  {len(seqs)} {what}: events {', '.join(map(str, seqs[:SHOWN]))}{more}"
