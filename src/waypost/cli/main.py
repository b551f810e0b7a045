"""The `waypost` command: which commands there are, and an example of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer

from waypost import __version__
from waypost.cli import (
    blame,
    demo,
    doctor,
    documents,
    errors,
    gate,
    index,
    ledger,
    looking,
    prompts,
    reporting,
    run,
    search,
    steering,
    trace,
)

COMMANDS: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (documents.init, ('waypost init --goal "Read dates in ISO 8601" --name iso-dates',)),
    (documents.lint, ("waypost lint", "waypost lint .agent/iso-dates --json")),
    (documents.approve, ("waypost approve iso-dates",)),
    (
        run.run,
        (
            "waypost run iso-dates --model openai:gpt-5.5 --max-cost 5",
            'waypost run "Add a --quiet option to the command line" --model ollama:qwen3-coder',
            "waypost run iso-dates --model openai-chat:NAME --base-url http://127.0.0.1:8000/v1 --json",
        ),
    ),
    (run.resume, ("waypost resume", "waypost resume iso-dates-7f3a --max-cost 10", "waypost resume --waive M03")),
    (looking.status, ("waypost status", "waypost status iso-dates --watch", "waypost status --json")),
    (steering.steer, ('waypost steer "Keep the old option working"',)),
    (steering.pause, ("waypost pause",)),
    (steering.stop, ("waypost stop",)),
    (looking.log, ("waypost log --follow", "waypost log iso-dates --json --kind gate.ended --after 1200")),
    (looking.checkpoints, ("waypost checkpoints",)),
    (steering.rewind, ("waypost rewind 12 --preview", "waypost rewind iso-dates 12", "waypost rewind --undo")),
    (gate.gate, ("waypost gate", "waypost gate iso-dates M02 --json")),
    (
        steering.review,
        (
            "waypost review",
            "waypost review accept M02.A2",
            'waypost review reject M02.A2 --text "Name it after what it returns"',
            'waypost review answer Q1 "Yes, drop Python 3.9"',
        ),
    ),
    (index.index, ("waypost index", "waypost index --root ../shop --json")),
    (index.symbol, ("waypost symbol parse_date", "waypost symbol Calendar.add --json")),
    (index.references, ("waypost references Calendar.add", "waypost references parse_date --limit 10 --json")),
    (index.callers, ("waypost callers Calendar.add",)),
    (index.callees, ("waypost callees Calendar.add",)),
    (index.outline, ("waypost outline src/dates.py",)),
    (index.impact, ("waypost impact", "waypost impact --diff change.patch --json")),
    (index.grep, ("waypost grep 'def parse_\\w+'", "waypost grep TODO --all --ignore-case")),
    (
        search.search,
        ("waypost search 'where are dates parsed'", "waypost search Calendar.add --root ../shop --json -k 5"),
    ),
    (search.related, ("waypost related src/dates.py:42",)),
    (blame.blame, ("waypost blame src/dates.py:42", "waypost blame src/dates.py:40-60 --rev main --json")),
    (trace.trace, ("waypost trace 812", "waypost trace --export in-toto attestations")),
    (reporting.report, ("waypost report", "waypost report iso-dates -o report.html")),
    (doctor.doctor, ("waypost doctor", "waypost doctor --json")),
    (demo.demo, ("waypost demo",)),
)

app = typer.Typer(
    name="waypost",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _examples(lines: Sequence[str]) -> str:
    """The text below a command's help; the mark keeps its lines as they are."""
    return "\b\n" + "\n".join((("Examples:" if len(lines) > 1 else "Example:"), *(f"  {line}" for line in lines)))


for _function, _lines in COMMANDS:
    app.command(epilog=_examples(_lines))(_function)
ledger.ledger.command(epilog=prompts.EXAMPLES)(prompts.prompts)
app.command(name="map", epilog=_examples(("waypost map --tokens 1000", "waypost map --focus src/dates.py --json")))(
    search.repository_map
)
app.add_typer(ledger.ledger)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"waypost {__version__}\n")
        raise typer.Exit


@app.callback(
    epilog=_examples(
        ('waypost run "Read dates in ISO 8601" --model openai:gpt-5.5', "waypost status --watch", "waypost resume")
    )
)
def waypost(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Runs a coding agent for hours, on any model, without losing the plot.

    Exit codes: 0 so; 1 not so (red, blocked, out of budget); 2 bad input; 3 something the machine lacks;
    130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    with errors.Told():
        app(args=arguments, prog_name="waypost")
    raise SystemExit(0)
