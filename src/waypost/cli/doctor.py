"""`waypost doctor`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import typer

from waypost.cli import arguments
from waypost.cli.errors import Exit
from waypost.cli.table import styled
from waypost.cli.words import clean, columns

if TYPE_CHECKING:
    from waypost.environment.facts import Facts

LEAST_DISK = 500_000_000
LOSSES: Mapping[str, tuple[bool, str, str]] = MappingProxyType(
    {
        "git": (True, "no run can start", "install git 2.30 or newer"),
        "bash": (True, "neither the agent's commands nor gates can run", "install bash"),
        "python": (False, "targets in Python have no interpreter", "install python3"),
        "rg": (False, "the agent's find is slower on large repositories", "install ripgrep"),
        "bwrap": (False, "the agent's commands run without a sandbox", "install bubblewrap (Linux)"),
        "chromium": (False, "pages can't be looked at by gates or tests", "install chromium"),
        "node": (False, "targets in JavaScript can't be worked on", "install node"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `loss` and `mend` are empty where all is well."""

    name: str
    is_well: bool
    is_necessary: bool
    what: str
    loss: str = ""
    mend: str = ""


def doctor(as_json: arguments.AsJson = False) -> None:
    """Say what is present, what is missing, and the mend."""
    from waypost.environment.facts import facts

    found = findings(facts(Path.cwd()), os.environ)
    is_lacking = any(finding.is_necessary and not finding.is_well for finding in found)
    if as_json:
        answer = {"ok": not is_lacking, "findings": [asdict(finding) for finding in found]}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    raise typer.Exit(Exit.MACHINE_LACKS if is_lacking else Exit.SO)


def findings(facts: Facts, environment: Mapping[str, str]) -> list[Finding]:
    """What the facts mean for somebody who wants to run Waypost here."""
    found = [Finding("system", True, True, f"{facts.system}, Python {facts.python}")]
    for tool in facts.tools:
        is_necessary, loss, mend = LOSSES.get(tool.name, (False, "", ""))
        if tool.path is None:
            found.append(Finding(tool.name, False, is_necessary, "missing", loss, mend))
        else:
            found.append(Finding(tool.name, True, is_necessary, f"{tool.version or 'version unknown'} ({tool.path})"))
    return [*found, _sqlite(facts), _disk(facts), _model(environment)]


def _sqlite(facts: Facts) -> Finding:
    mode = (
        "write-ahead log" if facts.is_wal_safe else "rollback journal, which is safe: this version's other mode isn't"
    )
    return Finding("sqlite", True, True, f"{facts.sqlite} ({mode})")


def _disk(facts: Facts) -> Finding:
    what = f"{facts.free_disk / 1e9:.1f} GB free"
    if facts.free_disk >= LEAST_DISK:
        return Finding("disk", True, True, what)
    return Finding("disk", False, True, what, "a run may have to pause for want of room", "free some space")


def _model(environment: Mapping[str, str]) -> Finding:
    name = environment.get(arguments.MODEL_VARIABLE)
    if name:
        return Finding("model", True, False, name)
    loss, mend = "every run needs --model", f"export {arguments.MODEL_VARIABLE}=openai:gpt-5.5, for example"
    return Finding("model", False, False, f"{arguments.MODEL_VARIABLE} is not set", loss, mend)


def _lines(found: list[Finding]) -> list[str]:
    wide = max(columns(finding.name) for finding in found)
    lines = []
    for finding in found:
        sign, style = ("✔", "green") if finding.is_well else ("✘", "red") if finding.is_necessary else ("–", "yellow")
        lines.append(f"{styled(sign, style)} {finding.name:<{wide}}  {clean(finding.what)}")
        if not finding.is_well:
            lines.append(styled(f"  {'':<{wide}}  {finding.loss}: {finding.mend}", "dim"))
    return lines
