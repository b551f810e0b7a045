"""What a person says of a run on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events.kinds import Limits
from waypost.runs.project import RunError

DEFAULT_WINDOW, SMALLEST_WINDOW = 32_000, 8_000
NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says of a run; None leaves what the run had, or the default."""

    model: str | None = None
    base_url: str | None = None
    window: int | None = None
    limits: Limits = NO_LIMITS
    unsafe: bool = False
    """Whether commands may run without any sandbox where none can be had."""

    def checked_window(self, before: int = DEFAULT_WINDOW) -> int:
        """The window in tokens. Raises RunError for one that nothing fits into."""
        window = self.window or before
        if window < SMALLEST_WINDOW:
            raise RunError(
                f"--window {window:,} is too small for briefing and tools; give at least {SMALLEST_WINDOW:,}"
            )
        return window

    def check_cost_limit(self, model: str) -> None:
        """Raises RunError for a limit in money where the model's price is unknown: it could not be kept."""
        if self.limits.cost is not None and not has_price(model):
            raise RunError(f"no price is known for {model}, so --max-cost can't be kept; give --max-tokens instead")

    def checked_model(self) -> str:
        """The model's specification. Raises RunError where none is named."""
        if not self.model:
            raise RunError(
                "no model named; give --model, for example --model anthropic:claude-opus-4-5, or set WAYPOST_MODEL"
            )
        return self.model


def has_price(model: str) -> bool:
    """Whether the price tables know the model; loading them takes a moment."""
    from waypost.models.prices import rates_now

    return rates_now(model) is not None
