"""Writes docs/cli.md from the commands' own `--help`; with --check it only says whether the page is up to date."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer import Typer

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# The command line

This page is what each command says with `--help`; `python scripts/cli_docs.py` writes it.

Every command takes the run's name, or how it begins, and means the newest run where none is given. Questions answer
in JSON with `--json`. Exit codes are the same everywhere:

| code | meaning |
|---|---|
| 0 | so |
| 1 | not so: red, blocked, out of budget, refused |
| 2 | bad input: the line on standard error says where and what to do |
| 3 | the machine lacks something |
| 70 | a bug in Waypost; nothing was lost |
| 130 | interrupted; `waypost resume` goes on |

`waypost run --json` and `waypost log --json` print one event a line: `seq`, `run`, `at` (RFC 3339, UTC), `kind` and
`actor`, then the event's own fields. Texts of up to 2 kB stand in place; longer ones are `{"sha256", "size"}`.
"""


def help_of(*command: str) -> str:
    """What a command says with --help, at 80 columns on every machine."""
    from waypost.cli.main import app

    said = io.StringIO()
    os.environ.update(COLUMNS="80", NO_COLOR="1", LC_ALL="C.UTF-8")
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        app(args=[*command, "--help"], prog_name="waypost")
    return "\n".join(line.rstrip() for line in said.getvalue().splitlines()).strip()


def _below(name: tuple[str, ...], group: Typer) -> list[tuple[str, ...]]:
    """The group and all its commands, in the order in which its help lists them."""
    names = [name]
    names += [(*name, one.name or one.callback.__name__) for one in group.registered_commands if one.callback]
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            names += _below((*name, str(inner.typer_instance.info.name)), inner.typer_instance)
    return names


def page() -> str:
    from waypost.cli.ledger import ledger
    from waypost.cli.main import COMMANDS

    names = [(function.__name__,) for function, _ in COMMANDS]
    names += _below(("ledger",), ledger)
    parts = [HEAD, f"## waypost\n\n```\n{help_of()}\n```\n"]
    parts += [f"## waypost {' '.join(name)}\n\n```\n{help_of(*name)}\n```\n" for name in names]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is out of date")
    is_check = parser.parse_args().check
    text = page()
    if is_check:
        return int(not PAGE.exists() or PAGE.read_text("utf-8") != text)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
