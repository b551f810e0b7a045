"""`waypost gate`: the gates by hand, with the evidence for each verdict."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waypost.cli import arguments
from waypost.cli.errors import Exit
from waypost.cli.table import styled
from waypost.cli.words import count, duration, one_line

if TYPE_CHECKING:
    from waypost.events.kinds import GateEnded
    from waypost.runs.project import Project

LIGHTS = {"green": "green", "red": "red"}
TAIL = 12
"""Lines of a red gate's essence that are shown."""


def gate(
    run: arguments.RunArgument = None,
    milestone: Annotated[
        str | None, typer.Argument(metavar="MILESTONE", help="Whose gates; the current one's if left out.")
    ] = None,
    unsafe_no_sandbox: arguments.Unsafe = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Run the gates now and show each verdict with its evidence; ticks nothing.

    Example: waypost gate calendar M02
    """
    import asyncio

    with arguments.project_here() as project:
        name = project.resolve(run)
        ended = asyncio.run(_ended(project, name, milestone, unsafe=unsafe_no_sandbox))
        if ended is None:
            raise typer.Exit(Exit.INTERRUPTED)
        verdicts = [_verdict(project, item) for item in ended]
    bad = [verdict for verdict in verdicts if verdict["verdict"] == "red"]
    if as_json:
        sys.stdout.write(json.dumps({"run": name, "verdicts": verdicts}, indent=2, ensure_ascii=False) + "\n")
    else:
        for verdict in verdicts:
            sys.stdout.write("\n".join(_lines(verdict)) + "\n")
        sys.stdout.write(f"{count(len(verdicts), 'verdict')}, {len(bad)} red\n")
    raise typer.Exit(Exit.NOT_SO if bad else Exit.SO)


async def _ended(project: Project, run: str, milestone: str | None, *, unsafe: bool) -> tuple[GateEnded, ...] | None:
    from waypost.cli.session import say, until_interrupted
    from waypost.runs.gating import Progress
    from waypost.runs.gating import gate as run_gates

    progress = Progress(lambda words: print(words, file=sys.stderr))
    return await until_interrupted(run_gates(project, run, milestone, progress, unsafe=unsafe), say)


def _verdict(project: Project, ended: GateEnded) -> dict[str, Any]:
    """A verdict with its evidence, as JSON tells it. `output` is the handle of what the command wrote."""
    from waypost.runs.evidence import evidence_of

    evidence = evidence_of(project.log, ended)
    census = evidence.get("census", {})
    return {
        "milestone": ended.milestone,
        "gate": ended.gate,
        "verdict": ended.verdict,
        "reason": evidence.get("reason", ended.reason),
        "command": evidence.get("command", ""),
        "tree": ended.tree,
        "seen_tree": evidence.get("seen_tree", ended.tree),
        "took_ms": ended.took,
        "exit": ended.exit,
        "census": {"before": _counts(census.get("before")), "after": _counts(census.get("after"))},
        "ratchets": evidence.get("findings", []),
        "restored": evidence.get("restored", []),
        "reruns": evidence.get("reruns", []),
        "flaky": list(ended.flaky),
        "sandbox": evidence.get("sandbox", ""),
        "environment": evidence.get("environment", ""),
        "output": {"sha256": ended.output.sha256, "bytes": ended.output.size} if ended.output else None,
        "evidence": {"sha256": ended.evidence.sha256, "bytes": ended.evidence.size} if ended.evidence else None,
        "essence": project.log.text(ended.essence) if ended.essence else "",
        "held_out": ended.held_out,
    }


def _counts(census: dict[str, Any] | None) -> dict[str, int] | None:
    return None if census is None else {k: census[k] for k in ("tests", "failures", "errors", "skipped")}


def _lines(verdict: dict[str, Any]) -> list[str]:
    light = styled(f"{verdict['verdict']:<7}", LIGHTS.get(verdict["verdict"], "yellow"))
    found = [f"{light} {verdict['gate']}: {one_line(verdict['reason'], 400)} ({duration(verdict['took_ms'])})"]
    if verdict["command"]:
        found.append(f"        command   {one_line(verdict['command'], 120)}")
    before, after = verdict["census"]["before"], verdict["census"]["after"]
    if after or before:
        found.append(f"        tests     {_tests(before)} before, {_tests(after)} now")
    found += [f"        {'!' if item['refuses'] else '·'} {_finding(item)}" for item in verdict["ratchets"]]
    if verdict["restored"]:
        found.append(f"        restored  {one_line(', '.join(verdict['restored']), 200)}")
    if verdict["flaky"]:
        found.append(f"        flaky     {one_line(', '.join(verdict['flaky']), 200)}")
    held = verdict["sandbox"] or "none"
    where = f"tree {verdict['tree'][:12]}, sandbox {held}"
    where += f", output {verdict['output']['sha256'][:12]}" if verdict["output"] else ""
    where += f", evidence {verdict['evidence']['sha256'][:12]}" if verdict["evidence"] else ""
    found.append(styled(f"        evidence  {where}", "dim"))
    if verdict["verdict"] == "red" and verdict["essence"]:
        found += [styled(f"        | {one_line(line, 160)}", "dim") for line in verdict["essence"].splitlines()[:TAIL]]
    return found


def _finding(item: dict[str, Any]) -> str:
    where = f"{item['path']}: " if item["path"] else ""
    return one_line(f"{item['kind']}: {where}{item['text']}", 300)


def _tests(counts: dict[str, int] | None) -> str:
    if counts is None:
        return "not counted"
    bad = counts["failures"] + counts["errors"]
    words = [count(counts["tests"], "test")]
    words += [f"{bad} red"] if bad else []
    words += [f"{counts['skipped']} skipped"] if counts["skipped"] else []
    return ", ".join(words)
