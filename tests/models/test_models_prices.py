from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from waypost.models.prices import CostEquivalents, Price, Rates, describe, price, rates
from waypost.wires.conversation import Usage

SOURCE = Path(__file__).parents[2] / "src"
USAGE = Usage(input=1_000_000, output=100_000, cached=600_000, written=100_000)
PRICED = """
import sys
sys.path.insert(0, sys.argv[1])
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise AssertionError(f"went to the network: {event} {args}")
sys.addaudithook(refuse)
import threading
from waypost.models import prices
from waypost.wires.conversation import Usage
assert "genai_prices" not in sys.modules
print(prices.price("openai:gpt-4o", None, Usage(1000000, 0)))
assert threading.active_count() == 1, threading.enumerate()
"""


def test_a_known_model_has_the_price_of_its_table() -> None:
    found = price("anthropic:claude-opus-4-5", None, USAGE)
    assert found == Price(round(0.3 * 5e6 + 0.6 * 0.5e6 + 0.1 * 6.25e6 + 0.1 * 25e6))
    assert describe(found) == "$4.9250"


def test_the_provider_may_stand_beside_the_model() -> None:
    assert price("claude-opus-4-5", "anthropic", USAGE) == price("anthropic:claude-opus-4-5", None, USAGE)
    assert price("gpt-4o", None, USAGE) == price("openai-chat:gpt-4o", None, USAGE)


@pytest.mark.parametrize("model", ["gemini:gemini-2.5-pro", "xai:grok-4", "pydantic-ai:google:gemini-2.5-pro"])
def test_presets_that_the_tables_call_otherwise_are_found(model: str) -> None:
    found = price(model, None, USAGE)
    assert found is not None
    assert found.micro_dollars > 0


@pytest.mark.parametrize(
    "model",
    [
        "openai:no-such-model-7",
        "elsewhere:gpt-4o",
        "scripted:a.json",
        "recorded(speed=1):a",
        "mailbox:d",
        "new",
    ],
)
def test_an_unknown_price_is_unknown_and_never_nought(model: str) -> None:
    assert price(model, None, USAGE) is None
    assert describe(price(model, None, USAGE)) == "unknown"


@pytest.mark.parametrize("model", ["ollama:qwen3:8b", "vllm:x", "lmstudio:x", "llamacpp:x"])
def test_a_local_server_sends_no_bill(model: str) -> None:
    assert describe(price(model, None, USAGE)) == "local"


def test_a_long_prompt_is_charged_at_the_higher_rate_as_a_whole() -> None:
    cheap, dear = (Rates(*(Decimal(n),) * 4) for n in (1, 2))
    tiered = Rates(*(Decimal(1),) * 4, above=((1000, dear),))
    assert tiered.price(Usage(1000, 10)) == cheap.price(Usage(1000, 10)) == Price(1010)
    assert tiered.price(Usage(1001, 10)) == dear.price(Usage(1001, 10)) == Price(2022)


def test_rates_are_looked_up_beside_the_event_loop() -> None:
    found = asyncio.run(rates("openai:gpt-4o"))
    assert found is not None
    assert found.price(USAGE) == price("openai:gpt-4o", None, USAGE)


def test_our_arithmetic_is_that_of_the_tables_own_library() -> None:
    import genai_prices

    for provider, model in (
        ("openai", "gpt-5.5"),
        ("google", "gemini-2.5-pro"),
        ("anthropic", "claude-opus-4-5"),
    ):
        for scale in (10, 1):
            usage = Usage(USAGE.input // scale, USAGE.output, USAGE.cached // scale, USAGE.written // scale)
            theirs = genai_prices.calc_price(
                genai_prices.Usage(
                    input_tokens=usage.input,
                    output_tokens=usage.output,
                    cache_read_tokens=usage.cached,
                    cache_write_tokens=usage.written,
                ),
                model,
                provider_id=provider,
            )
            assert price(model, provider, usage) == Price(round(theirs.total_price * 1_000_000))


def test_prices_come_without_the_network_and_without_a_thread_left() -> None:
    ran = subprocess.run([sys.executable, "-c", PRICED, str(SOURCE)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "$2.5000\n"


def test_cost_equivalents_weigh_each_kind_of_token() -> None:
    assert CostEquivalents().of(Usage(1000, 10, cached=800, written=100)) == pytest.approx(100 + 80 + 125 + 50)
