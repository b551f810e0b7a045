"""What several faces say of a run's view: marks, budgets, sums, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from waypost.cli.words import amount, cost, one_line

if TYPE_CHECKING:
    from waypost.runs.view import GateView, MilestoneView, RunView, Totals

MARKS: Mapping[str, str] = MappingProxyType(
    {
        "planned": "○",
        "active": "●",
        "verifying": "◐",
        "repairing": "◑",
        "passed": "✔",
        "blocked": "✘",
        "regressed": "✘",
        "stale": "↺",
        "rolled back": "↺",
        "waived": "◇",
        "skipped": "◇",
    }
)
NO_SANDBOX = "NO SANDBOX: commands run with all your rights (--unsafe-no-sandbox)"
STYLES: Mapping[str, str] = MappingProxyType(
    {
        "planned": "dim",
        "active": "cyan",
        "verifying": "cyan",
        "repairing": "yellow",
        "passed": "green",
        "blocked": "red",
        "regressed": "red",
        "stale": "yellow",
        "waived": "yellow",
        "skipped": "yellow",
        "green": "green",
        "red": "red",
        "running": "cyan",
        "waiting": "yellow",
    }
)
ALL_WELL = frozenset({"complete"})


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit of the run: its name, what is spent of it, and the limit, in the budget's own unit."""

    name: str
    spent: int
    limit: int

    @property
    def share(self) -> float:
        """The part that is spent, at most 1."""
        return min(1.0, self.spent / self.limit) if self.limit else 1.0


def mark(state: str) -> str:
    """A state's sign."""
    return MARKS.get(state, "·")


def budgets(view: RunView, worked: int | None = None) -> list[Budget]:
    """The run's limits; `worked` is in microseconds where it is known better than by the view."""
    limits = view.limits
    spent = (
        ("steps", view.steps, limits.steps),
        ("tokens", view.totals.tokens, limits.tokens),
        ("cost", view.totals.cost, limits.cost),
        ("wall", (view.worked if worked is None else worked) // 1000, limits.wall),
    )
    return [Budget(name, int(number), limit) for name, number, limit in spent if limit is not None]


def tokens(totals: Totals) -> str:
    """`1.2M in (88 % cached), 34k out`."""
    cached = f" ({round(100 * totals.cached / totals.input)} % cached)" if totals.cached and totals.input else ""
    return f"{amount(totals.input)} in{cached}, {amount(totals.output)} out"


def price(totals: Totals) -> str:
    """What the answers cost, or that it is not known."""
    return cost(int(totals.cost), int(totals.unpriced), int(totals.answers)) if totals.answers else ""


def gates(milestone: MilestoneView) -> str:
    """`3 green`, `1 red, 2 green`: verdicts counted, the bad ones first."""
    order = ("red", "running", "waiting", "skipped", "green")
    verdicts = [gate.verdict for gate in milestone.gates.values()]
    names = sorted(set(verdicts), key=lambda name: order.index(name) if name in order else 0)
    return ", ".join(f"{verdicts.count(name)} {name}" for name in names)


def gate_words(gate: GateView) -> str:
    """A gate's name and, where it says more than its verdict, why."""
    tests = f" {gate.tests} tests" if gate.tests else ""
    failed = f" {gate.failed} failed" if gate.failed else ""
    return f"{one_line(gate.gate, 24)}{failed or tests}"


def passed(view: RunView) -> int:
    """How many milestones are passed by their gates."""
    return sum(milestone.state == "passed" for milestone in view.milestones.values())


def state(view: RunView, pid: int | None) -> str:
    """The run's state in a word: `running` only while a process has it."""
    if pid is not None:
        return "running"
    if view.outcome:
        return view.outcome
    return "interrupted" if view.pid else "not started"


def next_step(view: RunView, pid: int | None) -> list[str]:
    """Commands that go on from here, each with what it is for."""
    run = view.run
    if pid is not None:
        return [f"waypost status {run} --watch", f'waypost steer {run} "…"']
    if view.outcome == "complete":
        branch = view.opened.branch if view.opened else ""
        return [f"waypost report {run} -o report.html", *([f"git merge {branch}"] if branch else [])]
    if view.outcome == "budget":
        crossed = view.crossed[-1].budget if view.crossed else "tokens"
        option = {"cost": "--max-cost", "wall": "--max-time", "steps": "--max-steps"}.get(crossed, "--max-tokens")
        return [f"waypost resume {run} {option} …"]
    return [f"waypost resume {run}"]
