"""What built a finished run's branch, on what, and which gates it passed: an in-toto Statement v1, unsigned.

The predicate is SLSA's build provenance v1: approved documents and model are its parameters, base commit, documents
and environment its dependencies, verdicts its by-products. A verdict's digest is that of its evidence, beside the
digest that the log's event has.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from waypost import __version__
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live
from waypost.events.log import Log
from waypost.trace.errors import NotFinished

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:waypost:build:run:v1"
BUILDER = "urn:waypost:runtime"
Facts = dict[str, Any]


def statement(log: Log, run: str) -> Facts:
    """The statement for a run. Raises NotFinished for one that is not complete."""
    records = list(live(log, run, _KINDS))
    opened = next((one for one in records if isinstance(one.event, kinds.RunOpened)), None)
    ended = next((one for one in reversed(records) if isinstance(one.event, kinds.RunEnded)), None)
    committed = next((one for one in reversed(records) if isinstance(one.event, kinds.MilestoneCommitted)), None)
    if opened is None or ended is None or committed is None:
        raise NotFinished(f"run {run} has not finished; an attestation speaks of what is done (waypost resume {run})")
    assert isinstance(opened.event, kinds.RunOpened)
    assert isinstance(ended.event, kinds.RunEnded)
    assert isinstance(committed.event, kinds.MilestoneCommitted)
    if ended.event.outcome != "complete":
        raise NotFinished(f"run {run} is {ended.event.outcome}, not complete; go on with: waypost resume {run}")
    result = committed.event
    approval = next(log.read(after=opened.event.approval - 1, until=opened.event.approval)).event
    assert isinstance(approval, kinds.DocumentsApproved)
    return {
        "_type": STATEMENT,
        "subject": [{"name": opened.event.branch, "digest": {"gitCommit": result.commit, "gitTree": result.tree}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": _definition(opened.event, approval, records),
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"waypost": __version__}},
                "metadata": {"invocationId": run, "startedOn": _when(opened), "finishedOn": _when(ended)},
                "byproducts": _verdicts(records),
            },
        },
    }


_KINDS = (
    kinds.RunOpened.kind,
    kinds.RunStarted.kind,
    kinds.RunEnded.kind,
    kinds.MilestoneCommitted.kind,
    kinds.MilestonePlanned.kind,
    kinds.GateEnded.kind,
    kinds.EnvironmentCaptured.kind,
    kinds.SandboxChosen.kind,
)


def _definition(opened: kinds.RunOpened, approval: kinds.DocumentsApproved, records: list[Record]) -> Facts:
    models = dict.fromkeys(
        [opened.model, *(one.event.model for one in records if isinstance(one.event, kinds.RunStarted))]
    )
    milestones = [one.event.milestone for one in records if isinstance(one.event, kinds.MilestonePlanned)]
    levels = dict.fromkeys(one.event.level for one in records if isinstance(one.event, kinds.SandboxChosen))
    documents = [{"name": f"document:{name}", "digest": {"sha256": digest}} for name, digest in approval.files]
    captured = [one.event for one in records if isinstance(one.event, kinds.EnvironmentCaptured)]
    environment = [{"name": "environment", "digest": {"sha256": captured[-1].digest}}] if captured else []
    return {
        "buildType": BUILD,
        "externalParameters": {
            "title": opened.title,
            "milestones": milestones,
            "models": [model for model in models if model],
            "window": opened.window,
            "approvedBy": approval.by,
        },
        "internalParameters": {"sandbox": list(levels)},
        "resolvedDependencies": [{"name": "base", "digest": {"gitCommit": opened.base}}, *documents, *environment],
    }


def _verdicts(records: list[Record]) -> list[Facts]:
    """The last verdict of each gate for each milestone and purpose."""
    last: dict[tuple[str, str, str], Record] = {}
    for one in records:
        if isinstance(one.event, kinds.GateEnded):
            last[one.event.milestone, one.event.gate, one.event.purpose] = one
    return [_verdict(record, record.event) for record in last.values() if isinstance(record.event, kinds.GateEnded)]


def _verdict(record: Record, ended: kinds.GateEnded) -> Facts:
    digest = ended.evidence.sha256 if ended.evidence is not None else record.digest
    told: Facts = {
        "verdict": ended.verdict,
        "purpose": ended.purpose,
        "gitTree": ended.tree,
        "position": record.seq,
        "eventDigest": record.digest,
        "heldOut": ended.held_out,
    }
    counted = {"tests": ended.tests, "failed": ended.failed, "skipped": ended.skipped, "exit": ended.exit}
    told |= {name: number for name, number in counted.items() if number is not None}
    return {"name": f"gate:{ended.milestone}/{ended.gate}", "digest": {"sha256": digest}, "annotations": told}


def _when(record: Record) -> str:
    return datetime.fromtimestamp(record.at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
