"""A run's status as JSON: the names are a contract, whatever the view inside is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from waypost.cli import figures
from waypost.cli.words import moment

if TYPE_CHECKING:
    from waypost.runs.view import GateView, MilestoneView, RunView, Totals


def status_json(view: RunView, pid: int | None) -> dict[str, Any]:
    """Times as RFC 3339 and in milliseconds, money in dollars; `cost` is null where no price is known."""
    opened = view.opened
    return {
        "run": view.run,
        "title": opened.title if opened else "",
        "state": figures.state(view, pid),
        "reason": view.reason,
        "pid": pid,
        "branch": opened.branch if opened else "",
        "base": opened.base if opened else "",
        "model": view.model,
        "sandbox": view.sandbox,
        "position": view.position,
        "began": _time(view.began),
        "seen": _time(view.seen),
        "worked_ms": view.worked // 1000,
        "steps": view.steps,
        **_totals(view.totals),
        "budgets": [{"name": b.name, "spent": b.spent, "limit": b.limit} for b in figures.budgets(view)],
        "milestones": [_milestone(milestone) for milestone in view.milestones.values()],
        "waiting": [
            {"item": item.item, "milestone": item.milestone, "topic": item.topic, "text": item.text}
            for item in view.waiting
        ],
        "checkpoints": view.checkpoints,
        "folds": view.folds,
        "rewinds": view.rewinds,
        "next": figures.next_step(view, pid),
    }


def _milestone(milestone: MilestoneView) -> dict[str, Any]:
    return {
        "id": milestone.id,
        "title": milestone.title,
        "depends": list(milestone.depends),
        "state": milestone.state,
        "reason": milestone.reason,
        "attempts": milestone.attempts,
        "repairs": milestone.repairs,
        "steps": milestone.steps,
        **_totals(milestone.totals),
        "gates": [_gate(gate) for gate in milestone.gates.values()],
        "began": _time(milestone.began),
        "ended": _time(milestone.ended),
        "worked_ms": milestone.worked // 1000,
        "commit": milestone.commit,
    }


def _gate(gate: GateView) -> dict[str, Any]:
    return {
        "gate": gate.gate,
        "verdict": gate.verdict,
        "reason": gate.reason,
        "took_ms": gate.took,
        "tests": gate.tests,
        "failed": gate.failed,
        "seq": gate.seq,
    }


def _totals(totals: Totals) -> dict[str, Any]:
    is_unknown = totals.unpriced and totals.unpriced >= totals.answers
    return {
        "tokens": {name: int(getattr(totals, name)) for name in ("input", "output", "cached", "written")},
        "cost": None if is_unknown else totals.cost / 1_000_000,
        "unpriced_answers": int(totals.unpriced),
    }


def _time(micros: int) -> str | None:
    return moment(micros) if micros else None
