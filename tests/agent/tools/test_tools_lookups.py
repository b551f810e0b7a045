"""The agent's questions to the index, on a real repository."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tools_cases import VARIABLES, bench, refused, repository

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.registry import parse_arguments, tool_named
from waypost.agent.tools.result import Result
from waypost.index.service import Service

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@localhost")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = repository(tmp_path / "shop")
    (root / "prices.py").write_text(
        'def net(price):\n    """The price without tax."""\n    return price / 1.19\n\n\n'
        "def total(prices):\n    return sum(net(one) for one in prices)\n"
    )
    (root / "basket.py").write_text("from prices import total\n\n\ndef checkout(basket):\n    return total(basket)\n")
    (root / "tests").mkdir()
    (root / "tests" / "test_prices.py").write_text(
        "from prices import net\n\n\ndef test_net():\n    assert net(119) == 100\n"
    )
    subprocess.run([*GIT, "add", "-A"], cwd=root, check=True)
    subprocess.run([*GIT, "commit", "-qm", "start"], cwd=root, check=True)
    return root


def asked(root: Path, *calls: tuple[str, dict[str, Any]], shown: int = 8_000) -> list[Result]:
    """The calls' results, one after another, from one index."""

    async def within() -> list[Result]:
        service = Service(root, root.parent / "index.db", VARIABLES)
        on: Bench = replace(bench(root), index=service, shown=shown)
        try:
            return [await _run(on, name, arguments) for name, arguments in calls]
        finally:
            await service.close()

    return asyncio.run(within())


async def _run(on: Bench, name: str, arguments: dict[str, Any]) -> Result:
    parsed = parse_arguments(name, json.dumps(arguments))
    assert isinstance(parsed, dict), parsed
    tool = tool_named(name)
    assert tool is not None
    return await tool.run(parsed, on)


def test_a_definition_a_files_outline_and_who_uses_it(shop: Path) -> None:
    symbol, outline, references, callers, callees = asked(
        shop,
        ("symbol", {"name": "net"}),
        ("symbol", {"path": "prices.py"}),
        ("references", {"name": "net"}),
        ("references", {"name": "total", "kind": "callers"}),
        ("references", {"name": "total", "kind": "callees"}),
    )
    assert symbol.text == "prices.py:1-3  function net  def net(price):"
    assert [line.split("  ")[1] for line in outline.text.splitlines()] == ["function net", "function total"]
    assert "prices.py:7  call net  in total" in references.text
    assert "tests/test_prices.py:5  call net  in test_net" in references.text
    assert callers.text.startswith("basket.py:4-5  function checkout  calls at 5")
    assert callees.text.startswith("prices.py:1-3  function net")
    assert symbol.facts["hits"] == 1
    assert symbol.facts["status"] == "complete"


def test_what_a_change_reaches_tests_first(shop: Path) -> None:
    changed = (shop / "prices.py").read_text().replace("1.19", "1.20")
    (shop / "prices.py").write_text(changed)
    (impact,) = asked(shop, ("impact", {}))
    places = [line.split("  ")[0] for line in impact.text.splitlines()]
    assert places[0].startswith("tests/")
    assert {"tests/test_prices.py:4-5", "prices.py:1-3", "prices.py:6-7", "basket.py:4-5"} < set(places)


def test_nothing_found_is_said_and_is_no_error(shop: Path) -> None:
    symbol, references, impact = asked(
        shop, ("symbol", {"name": "nowhere"}), ("references", {"name": "checkout"}), ("impact", {})
    )
    assert symbol.text == "no definition of 'nowhere'; `search` finds likely ones"
    assert references.text == "nothing here uses checkout"
    assert "nothing that is committed uses" in impact.text
    assert not any(one.is_error for one in (symbol, references, impact))


def test_a_long_answer_is_a_page_that_says_how_to_go_on(shop: Path) -> None:
    calls = "\n".join(f"def f{number}():\n    return net({number})\n" for number in range(300))
    (shop / "many.py").write_text(f"from prices import net\n\n\n{calls}")
    first, second = asked(
        shop, ("references", {"name": "net"}), ("references", {"name": "net", "offset": 20}), shown=2_000
    )
    assert "go on with offset=" in first.text
    assert len(first.text) < 4_000
    assert second.text.splitlines()[0] != first.text.splitlines()[0]


def test_bad_calls_teach(shop: Path) -> None:
    both, neither = asked(shop, ("symbol", {"name": "a", "path": "b"}), ("search", {}))
    assert both.is_error
    assert "not both" in both.text
    assert neither.is_error
    assert "give a query, or like=FILE:LINE" in neither.text
    (outside,) = asked(shop, ("symbol", {"path": "../../etc/passwd"}))
    assert outside.is_error
    assert "no index here" in refused(bench(shop), "symbol", name="net")
