"""A run's status as lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waypost.cli import figures
from waypost.cli.table import rows, styled
from waypost.cli.words import amount, count, duration, measured, one_line

if TYPE_CHECKING:
    from waypost.runs.view import MilestoneView, RunView

HEAD = ("", "MILESTONE", "STATE", "STEPS", "GATES", "IN", "OUT", "COST", "TIME")
OUTCOME_STYLES = {"complete": "green", "running": "cyan", "blocked": "red", "failed": "red", "budget": "yellow"}


def lines(view: RunView, pid: int | None, now: int) -> list[str]:
    """All of it: who works on it, a row a milestone, budgets, what waits for a human, how to go on."""
    parts = [
        _head(view, pid, now),
        _milestones(view, pid, now),
        _budgets(view, pid, now),
        _reasons(view),
        _waiting(view),
    ]
    steps = [f"  {step}" for step in figures.next_step(view, pid)]
    parts.append([styled("How to go on", "bold"), *steps])
    return [line for part in parts if part for line in (*part, "")][:-1]


def _head(view: RunView, pid: int | None, now: int) -> list[str]:
    state = figures.state(view, pid)
    reason = f": {one_line(view.reason)}" if view.reason and pid is None else ""
    by = f" (process {pid})" if pid is not None else ""
    title = one_line(view.opened.title if view.opened else view.run)
    doing = f" · {one_line(view.doing, 60)}" if pid is not None and view.doing else ""
    found = [
        styled(title, "bold"),
        f"{view.run} is {styled(state, OUTCOME_STYLES.get(state, 'yellow'))}{by}{reason}{doing}",
    ]
    if view.opened is not None:
        worked = duration(_worked(view, pid, now) / 1000)
        place = f"branch {one_line(view.opened.branch)} · model {one_line(view.model)} · worked {worked}"
        found.append(styled(place, "dim"))
    return [*found, styled(figures.NO_SANDBOX, "red")] if view.sandbox == "none" else found


def _worked(view: RunView, pid: int | None, now: int) -> int:
    """Until now while somebody works on it; until the last event otherwise."""
    return view.worked + (max(0, now - view.seen) if pid is not None else 0)


def _milestones(view: RunView, pid: int | None, now: int) -> list[str]:
    if not view.milestones:
        return []
    since = _worked(view, pid, now) - view.worked
    body = [_row(m, since if m.id == view.current else 0) for m in view.milestones.values()]
    styles = [_styles(milestone.state) for milestone in view.milestones.values()]
    body.append(_sums(view))
    styles.append(("", "bold"))
    return rows(HEAD, body, right=(3, 5, 6, 7, 8), styles=styles)


def _row(milestone: MilestoneView, working: int) -> tuple[str, ...]:
    title = "" if milestone.title == milestone.id else f" {milestone.title}"
    took = milestone.worked + working
    totals = milestone.totals
    return (
        figures.mark(milestone.state),
        f"{milestone.id}{title}",
        milestone.state,
        str(milestone.steps or ""),
        figures.gates(milestone),
        amount(totals.input) if totals.answers else "",
        amount(totals.output) if totals.answers else "",
        _price(figures.price(totals)),
        duration(took / 1000) if took else "",
    )


def _price(price: str) -> str:
    return price.removeprefix("cost ")


def _styles(state: str) -> tuple[str, ...]:
    style = figures.STYLES.get(state, "")
    return (style, "dim" if style == "dim" else "", style)


def _sums(view: RunView) -> tuple[str, ...]:
    totals = view.totals
    done = f"{figures.passed(view)} of {count(len(view.milestones), 'milestone')} passed"
    numbers = (amount(totals.input), amount(totals.output)) if totals.answers else ("", "")
    return ("", done, "", str(view.steps or ""), "", *numbers, _price(figures.price(totals)), "")


def _budgets(view: RunView, pid: int | None, now: int) -> list[str]:
    found = []
    for budget in figures.budgets(view, _worked(view, pid, now)):
        words = f"{measured(budget.name, budget.spent)} of {measured(budget.name, budget.limit)}"
        style = "red" if budget.share >= 1 else "yellow" if budget.share >= 0.8 else ""
        found.append(f"  { ({'wall': 'time'}.get(budget.name, budget.name)):<7} {styled(words, style)}")
    return [styled("Budget", "bold"), *found] if found else []


def _reasons(view: RunView) -> list[str]:
    stuck = [m for m in view.milestones.values() if m.state in {"blocked", "repairing", "regressed"} and m.reason]
    found = [f"  {m.id} {m.state}: {one_line(m.reason, 200)}" for m in stuck]
    return [styled("Trouble", "bold"), *found] if found else []


def _waiting(view: RunView) -> list[str]:
    found = []
    for item in view.waiting:
        verdict = f'answer {one_line(item.item)} "…"' if item.topic == "question" else f"accept {one_line(item.item)}"
        found += [
            f"  {one_line(item.item)}: {one_line(item.text, 200)}",
            styled(f"    waypost review {verdict}", "dim"),
        ]
    return [styled("Waits for you", "bold"), *found] if found else []
