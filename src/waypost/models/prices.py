"""What an answer costs, from price tables that ship with genai-prices; nothing here uses the network.

Its import takes 0.3 s and 25 MB, so it is made when the first price is asked for, best through `rates`, which
makes it in a worker thread. A model that the tables don't know has no price: None, "unknown", never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any

from waypost.wires.conversation import Usage

LOCAL = frozenset({"ollama", "vllm", "lmstudio", "llamacpp"})
UNPRICED = ("scripted", "recorded", "mailbox", "chaos")
PROVIDERS = {  # our presets and pydantic-ai's names: genai-prices' ids
    "openai-chat": "openai",
    "openai-responses": "openai",
    "gemini": "google",
    "google-gla": "google",
    "google-vertex": "google",
    "google-cloud": "google",
    "bedrock": "aws",
    "xai": "x-ai",
    "grok": "x-ai",
}


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-dollars (a millionth of a US dollar), whole; `is_local` where nobody sends a bill."""

    micro_dollars: int
    is_local: bool = False

    def __str__(self) -> str:
        if self.is_local:
            return "local"
        return f"${Decimal(self.micro_dollars) / 1_000_000:.4f}"


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens, which is micro-dollars for one.

    `above` holds the rates for all tokens of a request whose input is larger than a number of tokens,
    in ascending order.
    """

    input: Decimal
    output: Decimal
    cached: Decimal
    written: Decimal
    above: tuple[tuple[int, Rates], ...] = ()
    is_local: bool = False

    def price(self, usage: Usage) -> Price:
        """The price of one answer; reasoning is part of its output."""
        rates = self
        for start, higher in self.above:
            if usage.input > start:
                rates = higher
        plain = max(0, usage.input - usage.cached - usage.written)
        total = rates.input * plain + rates.cached * usage.cached
        total += rates.written * usage.written + rates.output * usage.output
        return Price(int(total.to_integral_value(ROUND_HALF_EVEN)), self.is_local)


@dataclass(frozen=True, slots=True)
class CostEquivalents:
    """Weights that make tokens of all kinds comparable: one is the price of one plain input token."""

    plain: float = 1.0
    cached: float = 0.1
    written: float = 1.25
    output: float = 5.0

    def of(self, usage: Usage) -> float:
        """One answer in cost equivalents."""
        plain = max(0, usage.input - usage.cached - usage.written)
        read = self.plain * plain + self.cached * usage.cached + self.written * usage.written
        return read + self.output * usage.output


_FREE = Decimal(0)
_LOCAL_RATES = Rates(_FREE, _FREE, _FREE, _FREE, is_local=True)


def describe(price: Price | None) -> str:
    """For people: "$0.0123", "local" or "unknown"."""
    return "unknown" if price is None else str(price)


async def rates(model: str, provider: str | None = None) -> Rates | None:
    """The rates of `PROVIDER:MODEL`, or of a bare model's name; looked up in a thread, once a model."""
    import asyncio

    return await asyncio.to_thread(rates_now, model, provider)


def price(model: str, provider: str | None, usage: Usage) -> Price | None:
    """One answer's price; the first call for a model may take 0.3 s."""
    found = rates_now(model, provider)
    return None if found is None else found.price(usage)


@cache
def rates_now(model: str, provider: str | None = None) -> Rates | None:
    """As `rates`, in the caller's own thread; None where no table has the model."""
    model = model.removeprefix("pydantic-ai:")
    preset, colon, rest = model.partition(":")
    if preset.split("(")[0] in UNPRICED:
        return None
    if provider is None and colon:
        provider, model = preset, rest
    if provider in LOCAL:
        return _LOCAL_RATES
    return _look_up(model, PROVIDERS.get(provider, provider) if provider else None)


def _look_up(model: str, provider: str | None) -> Rates | None:
    from datetime import UTC, datetime

    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    table = found.get_prices(datetime.now(UTC))
    whole, answer = table.input_mtok, table.output_mtok
    if whole is None or answer is None:
        return None  # not sold by input and output tokens
    cached = whole if table.cache_read_mtok is None else table.cache_read_mtok
    written = whole if table.cache_write_mtok is None else table.cache_write_mtok
    columns = (whole, answer, cached, written)
    above = tuple((start, _rates_at(columns, start + 1)) for start in _starts(columns))
    return replace(_rates_at(columns, 0), above=above)


def _rates_at(columns: tuple[Any, Any, Any, Any], tokens: int) -> Rates:
    whole, answer, cached, written = (_at(column, tokens) for column in columns)
    return Rates(whole, answer, cached, written)


def _starts(columns: Iterable[Any]) -> list[int]:
    return sorted({tier.start for column in columns for tier in getattr(column, "tiers", ())})


def _at(column: Any, tokens: int) -> Decimal:
    """The price in a column, plain or in tiers, for a request with that much input."""
    price: Decimal = getattr(column, "base", column)
    for tier in getattr(column, "tiers", ()):
        if tokens > tier.start:
            price = tier.price
    return price
