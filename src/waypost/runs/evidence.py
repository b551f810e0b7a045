"""A verdict as an event: what a person, or an auditor, needs in order to believe it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from waypost.events.blob import Blob
from waypost.events.canonical import canonical
from waypost.events.kinds import GateEnded
from waypost.events.log import Log
from waypost.gates.census import Case, Census, count
from waypost.gates.verdict import Verdict

HIDDEN = "the held-out check is"


def ended_event(
    milestone: str,
    verdict: Verdict,
    *,
    purpose: str = "milestone",
    tree: str = "",
    restored: Iterable[str] = (),
    environment: str = "",
    held_out: bool = False,
) -> GateEnded:
    """The event for a verdict. `tree` is the one that was judged, where gates saw some of its files restored.

    Of a held-out gate the reason stands in the evidence alone: what stands here is told to agents, too.
    """
    evidence = {
        "census": {"after": _census(verdict.census), "before": _census(verdict.before)},
        "command": verdict.command,
        "environment": environment,
        "exit": verdict.exit,
        "findings": [{"kind": f.kind, "path": f.path, "refuses": f.refuses, "text": f.text} for f in verdict.findings],
        "purpose": purpose,
        "reason": verdict.reason,
        "reruns": [_rerun(again) for again in verdict.reruns],
        "restored": sorted(restored),
        "sandbox": verdict.sandbox,
        "seen_tree": verdict.tree,
        "took": verdict.took_ms,
        "tree": tree or verdict.tree,
    }
    hidden = held_out and verdict.verdict in {"red", "green"}
    return GateEnded(
        milestone,
        verdict.gate,
        verdict.verdict,
        f"{HIDDEN} {verdict.verdict}" if hidden else verdict.reason,
        tree or verdict.tree,
        verdict.took_ms,
        verdict.exit,
        Blob.of(verdict.output) if verdict.output else None,
        Blob.of(verdict.essence) if verdict.essence and not held_out else None,
        verdict.tests,
        verdict.failed,
        verdict.skipped,
        purpose=purpose,
        evidence=Blob.of(canonical(evidence)),
        flaky=verdict.flaky,
        held_out=held_out,
    )


def evidence_of(log: Log, event: GateEnded) -> dict[str, Any]:
    """The evidence of a verdict, as ended_event wrote it; empty where there is none."""
    if event.evidence is None:
        return {}
    loaded: dict[str, Any] = json.loads(log.content(event.evidence))
    return loaded


def census_of(log: Log, event: GateEnded) -> Census | None:
    """The tests of a verdict by id, as far as they were known."""
    kept = evidence_of(log, event).get("census", {}).get("after")
    if not kept:
        return None
    cases = tuple(Case(name, outcome) for name, outcome in kept["cases"])
    if cases:
        return count(cases, tuple(kept["deselected"]))
    return Census(kept["tests"], kept["failures"], kept["errors"], kept["skipped"])


def _census(census: Census | None) -> dict[str, Any] | None:
    if census is None:
        return None
    return {
        "cases": [[case.id, case.outcome] for case in census.cases],
        "deselected": list(census.deselected),
        "errors": census.errors,
        "failures": census.failures,
        "skipped": census.skipped,
        "tests": census.tests,
    }


def _rerun(verdict: Verdict) -> dict[str, Any]:
    return {
        "exit": verdict.exit,
        "output": Blob.of(verdict.output).sha256,
        "reason": verdict.reason,
        "tail": verdict.output[-2000:].decode(errors="replace"),
        "took": verdict.took_ms,
        "tree": verdict.tree,
        "verdict": verdict.verdict,
    }
