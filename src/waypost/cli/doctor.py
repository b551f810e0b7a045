"""`waypost doctor`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, Exit
from waypost.cli.table import styled
from waypost.cli.words import clean, columns, count

if TYPE_CHECKING:
    from waypost.environment.facts import Facts
    from waypost.runs.drift import Seen

LEAST_DISK = 500_000_000
LOSSES: Mapping[str, tuple[bool, str, str]] = MappingProxyType(
    {
        "git": (True, "no run can start", "install git 2.30 or newer"),
        "bash": (True, "neither the agent's commands nor gates can run", "install bash"),
        "python": (False, "targets in Python have no interpreter", "install python3"),
        "rg": (False, "the agent's find is slower on large repositories", "install ripgrep"),
        "bwrap": (
            False,
            "Landlock holds commands where the kernel has it, else no run starts",
            "install bubblewrap (Linux)",
        ),
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


def doctor(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="Compare this run's environment with the one it is pinned to; exit 1 if it drifted.",
            autocompletion=arguments.run_names,
            show_default=False,
        ),
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="With RUN: hash every installed file again.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Say what is present, what is missing, and the mend."""
    if run is not None:
        raise typer.Exit(_of_run(run, deep=deep, as_json=as_json))
    if deep:
        raise CommandError("--deep looks at a run's environment: name the run, as in `waypost doctor RUN --deep`")
    from waypost.environment.facts import facts

    found = findings(facts(Path.cwd()), os.environ)
    is_lacking = any(finding.is_necessary and not finding.is_well for finding in found)
    if as_json:
        answer = {"ok": not is_lacking, "findings": [asdict(finding) for finding in found]}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    raise typer.Exit(Exit.MACHINE_LACKS if is_lacking else Exit.SO)


def _of_run(run: str, *, deep: bool, as_json: bool) -> int:
    """Says whether the run's environment is the pinned one; the exit code."""
    from waypost.runs.drift import DRIFT, look_by_hand
    from waypost.runs.view import load_view

    with arguments.project_here() as project:
        name = project.resolve(run)
        seen = look_by_hand(project, name, deep=deep)
        waiting = [item.item for item in load_view(project.log, name).waiting if item.topic == DRIFT]
    if as_json:
        answer = {
            "ok": not seen.lines,
            "run": name,
            "pinned": seen.pinned.digest if seen.pinned else None,
            "found": seen.found.digest if seen.found else None,
            "deep": deep,
            "lines": list(seen.lines),
            "waiting": waiting,
            "setup_has_whole_network": seen.is_open,
        }
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_run_lines(name, seen, waiting)) + "\n")
    return Exit.NOT_SO if seen.lines else Exit.SO


def _run_lines(run: str, seen: Seen, waiting: list[str]) -> list[str]:
    from waypost.runs.setting_up import OPEN

    told = [f"{styled('!', 'yellow')} {run}: {OPEN}"] if seen.is_open else []
    if not seen.lines and seen.found is not None:
        packages, locks = count(len(seen.found.packages), "package"), count(len(seen.found.lock_files), "lock file")
        return [f"{styled('✔', 'green')} {run}: as pinned, {seen.found.digest[:12]} ({packages}, {locks})", *told]
    lines = [f"{styled('✘', 'red')} {clean(line)}" for line in seen.lines]
    if seen.pinned is not None and seen.found is not None:
        lines.append(styled(f"  {run}: this is not the pinned environment: mend it, then `waypost resume`", "dim"))
    accepting = [styled(f"  or accept it: waypost review accept {clean(item)}", "dim") for item in waiting]
    return [*lines, *accepting, *told]


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
