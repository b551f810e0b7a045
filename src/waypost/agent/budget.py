"""Budgets as state: what a run or a milestone has spent, and which limit it has reached."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events.kinds import BudgetCrossed, Limits, Spent
from waypost.models.clock import Clock

WARN_AT = (50, 75, 90)


@dataclass(slots=True)
class Meter:
    """Counts one scope (a run, or a milestone by its id) against its limits.

    `cost` is in micro-dollars; `wall_before` is milliseconds of work in earlier sessions.
    """

    scope: str
    limits: Limits
    clock: Clock
    steps: int = 0
    tokens: int = 0
    cost: int = 0
    wall_before: int = 0
    since: int = 0

    def __post_init__(self) -> None:
        self.since = self.since or self.clock.monotonic_ns()

    @property
    def wall(self) -> int:
        """Milliseconds of work so far."""
        return self.wall_before + (self.clock.monotonic_ns() - self.since) // 1_000_000

    def add(self, spent: Spent) -> None:
        """Counts one answer in."""
        self.steps += 1
        self.tokens += spent.input + spent.output
        self.cost += spent.cost or 0

    def crossed(self) -> BudgetCrossed | None:
        """The first limit that is reached, if any."""
        for name, spent, limit in self._rows():
            if limit is not None and spent >= limit:
                return BudgetCrossed(self.scope, name, spent, limit)
        return None

    def share(self) -> tuple[int, str]:
        """How much of the tightest limit is used, in percent, and its name; (0, "") without limits."""
        rows = [(100 * spent // max(1, limit), name) for name, spent, limit in self._rows() if limit is not None]
        return max(rows, default=(0, ""))

    def _rows(self) -> tuple[tuple[str, int, int | None], ...]:
        limits = self.limits
        return (
            ("steps", self.steps, limits.steps),
            ("tokens", self.tokens, limits.tokens),
            ("cost", self.cost, limits.cost),
            ("wall", self.wall, limits.wall),
        )
