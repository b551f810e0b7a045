"""`waypost search`, `map` and `related`, as a person and a script call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_cases import waypost

CART = "class Cart:\n    def add(self, item):\n        self.items.append(item)\n"
PRICES = "from cart import Cart\n\n\ndef price_of(item):\n    return Cart().prices[item]\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "cart.py").write_text(CART)
    (tmp_path / "prices.py").write_text(PRICES)
    return tmp_path


def test_a_search_answers_in_the_form_that_scripts_read(shop: Path) -> None:
    told = json.loads(waypost(shop, "search", "price of an item", "--root", str(shop), "--json", "-k", "3").stdout)
    first = told["results"][0]
    assert {"path", "start_line", "end_line", "score", "kind", "name"} <= set(first)
    assert (first["path"], first["name"]) == ("prices.py", "price_of")
    assert {"root", "files", "coverage", "unparsed", "status"} <= set(told["index"])
    assert told["index"]["status"] == "complete"


def test_a_search_that_finds_nothing_ends_with_one(shop: Path) -> None:
    done = waypost(shop, "search", "quaternion")
    assert (done.returncode, done.stdout) == (1, "nothing answers that\n")


def test_an_empty_query_is_bad_input(shop: Path) -> None:
    done = waypost(shop, "search", " ")
    assert done.returncode == 2
    assert "query is empty" in done.stderr


def test_the_map_and_what_is_like_a_place_are_told(shop: Path) -> None:
    assert "class Cart" in waypost(shop, "map").stdout
    assert json.loads(waypost(shop, "map", "--focus", "cart.py", "--json").stdout)["files"] == 2
    assert waypost(shop, "map", "--focus", "nowhere.py").returncode == 2
    assert "cart.py" in waypost(shop, "related", "prices.py:4").stdout
    assert waypost(shop, "related", "prices.py").returncode == 2


def test_an_embedder_is_asked_for_by_name_and_its_failure_is_a_note(shop: Path) -> None:
    made = json.loads(waypost(shop, "index", "--embedder", "fitted", "--json").stdout)
    assert (made["vectors"], made["vectors_made"]) == (made["chunks"], made["chunks"])
    found = json.loads(waypost(shop, "search", "price of", "--embedder", "fitted", "--json").stdout)
    assert (found["results"][0]["name"], "notes" in found["index"]) == ("price_of", False)
    plain = json.loads(waypost(shop, "search", "price of", "--json").stdout)
    broken = json.loads(waypost(shop, "search", "price of", "--embedder", "chaos:nan", "--json").stdout)
    assert broken["results"] == plain["results"]
    assert "searched without vectors" in broken["index"]["notes"][0]
    assert waypost(shop, "search", "price of", "--embedder", "nonsense").returncode == 2
