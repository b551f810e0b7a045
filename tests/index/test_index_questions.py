"""What the exact questions answer on a small shop, and that no answer is stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from index_store_cases import SHOP, git, repository, write

from waypost.index.answers import CHARACTERS_A_TOKEN, Paging
from waypost.index.diffs import work_tree_diff
from waypost.index.edges import edges, users
from waypost.index.errors import BadQuestion, BadRoot
from waypost.index.grepping import grep
from waypost.index.impact import impact, is_test
from waypost.index.index import Index
from waypost.index.questions import outline, symbol
from waypost.index.questions_references import callees, callers, references


@pytest.fixture
def shop(tmp_path: Path) -> Index:
    index = Index.open(repository(tmp_path / "shop"), tmp_path / "i.db", processes=1)
    index.update()
    return index


# --- symbol ---------------------------------------------------------------------------------------------------------


def test_a_definition_comes_with_its_lines_and_the_text_of_the_line_with_its_name(shop: Index) -> None:
    (hit,) = symbol(shop, "price_of").hits
    assert (hit.path, hit.start_line, hit.end_line, hit.kind) == ("shop/prices.py", 4, 5, "function")
    assert hit.text == "def price_of(item):"


@pytest.mark.parametrize(
    ("asked", "name", "match"),
    [
        ("Cart.add", "Cart.add", "exact"),
        ("Cart::add", "Cart.add", "exact"),
        ("cart", "Cart", "case"),
        ("CART.ADD", "Cart.add", "case"),
        ("shop.cart.Cart", "Cart", "suffix"),
        ("shop.cart.Cart.total", "Cart.total", "suffix"),
        ("price_of()", "price_of", "exact"),
    ],
)
def test_a_name_is_found_exactly_then_by_case_then_by_its_end(shop: Index, asked: str, name: str, match: str) -> None:
    (hit,) = symbol(shop, asked).hits
    assert (hit.name, hit.match) == (name, match)


@pytest.mark.parametrize("asked", ["nothing_like_it", "other.Cart", "Cart.nothing", "Ca", "%", "'; DROP TABLE files"])
def test_what_is_not_there_is_a_complete_answer_of_nothing(shop: Index, asked: str) -> None:
    page = symbol(shop, asked)
    assert (page.total, page.hits, page.state.status) == (0, (), "complete")


@pytest.mark.parametrize("asked", ["", " ", ".", "::"])
def test_an_empty_name_is_told(shop: Index, asked: str) -> None:
    with pytest.raises(BadQuestion, match="name a symbol"):
        symbol(shop, asked)


# --- references -----------------------------------------------------------------------------------------------------


def test_references_tell_place_kind_and_what_stands_around(shop: Index) -> None:
    found = {(hit.path, hit.line, hit.kind, hit.inside) for hit in references(shop, "price_of").hits}
    assert found == {("shop/cart.py", 1, "import", ""), ("shop/cart.py", 12, "call", "Cart.total")}


def test_a_name_that_is_defined_elsewhere_is_found_with_no_confidence(shop: Index) -> None:
    (hit,) = references(shop, "append").hits
    assert (hit.path, hit.line, hit.confidence) == ("shop/cart.py", 9, 0.0)


def test_callers_are_grouped_with_the_lines_of_their_calls(shop: Index) -> None:
    (hit,) = callers(shop, "price_of").hits
    assert (hit.path, hit.name, hit.lines) == ("shop/cart.py", "Cart.total", (12,))


def test_callees_are_the_definitions_that_a_function_calls(shop: Index) -> None:
    assert [hit.name for hit in callees(shop, "price_of").hits] == ["round_up"]
    assert [hit.name for hit in callees(shop, "Cart").hits] == ["price_of"]


def test_an_outline_holds_the_definitions_in_order(shop: Index) -> None:
    assert next(hit.name for hit in outline(shop, "shop/cart.py").hits) == "Cart"
    lines = [hit.start_line for hit in outline(shop, str(shop.root / "shop" / "cart.py")).hits]
    assert lines == sorted(lines)


def test_an_outline_of_what_is_not_indexed_says_why(shop: Index) -> None:
    (shop.root / "picture.png").write_bytes(b"\x89PNG\0\0")
    shop.update()
    with pytest.raises(BadQuestion, match="binary"):
        outline(shop, "picture.png")
    with pytest.raises(BadQuestion, match="no such file"):
        outline(shop, "nowhere.py")
    with pytest.raises(BadQuestion, match="outside"):
        outline(shop, "../elsewhere.py")


# --- never stale ----------------------------------------------------------------------------------------------------


def test_a_file_that_changed_since_is_asked_anew_without_an_update(shop: Index) -> None:
    path = shop.root / "shop" / "prices.py"
    path.write_text("\n\n\n" + SHOP["shop/prices.py"])
    (hit,) = symbol(shop, "price_of").hits
    assert hit.start_line == 7
    path.write_text(SHOP["shop/prices.py"].replace("price_of", "costs_of"))
    assert symbol(shop, "price_of").total == 0
    assert symbol(shop, "costs_of").total == 1
    path.unlink()
    assert symbol(shop, "costs_of").total == 0


def test_a_change_within_the_same_tick_and_of_the_same_size_is_seen(shop: Index) -> None:
    import os

    path = shop.root / "shop" / "prices.py"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"price_of", b"prize_of"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert symbol(shop, "price_of").total == 0
    shop.update()
    assert symbol(shop, "prize_of").total == 1


# --- pages ----------------------------------------------------------------------------------------------------------


def test_pages_put_together_are_the_whole(tmp_path: Path) -> None:
    root = write(tmp_path / "many", {f"f{number:02}.py": "def same():\n    return 1\n" for number in range(23)})
    with Index.open(root, tmp_path / "i.db", processes=1) as index:
        index.update()
        whole = symbol(index, "same", Paging(limit=100)).hits
        parts, offset = [], 0
        while True:
            page = symbol(index, "same", Paging(limit=5, offset=offset))
            parts += page.hits
            if page.next_offset is None:
                break
            offset = page.next_offset
        assert tuple(parts) == whole
        assert len(whole) == 23


def test_a_budget_of_tokens_is_kept_and_a_page_gets_on(tmp_path: Path) -> None:
    import json

    root = write(tmp_path / "many", {f"f{number:02}.py": "def same():\n    return 1\n" for number in range(23)})
    with Index.open(root, tmp_path / "i.db", processes=1) as index:
        index.update()
        page = symbol(index, "same", Paging(limit=100, tokens=200))
        assert 1 < len(page.hits) < 23
        assert len(json.dumps(page.as_json()["results"])) <= 200 * CHARACTERS_A_TOKEN + 2 * len(page.hits)
        assert page.next_offset == len(page.hits)
        assert len(symbol(index, "same", Paging(tokens=1)).hits) == 1
    with pytest.raises(BadQuestion, match="page"):
        Paging(limit=0)


# --- impact ---------------------------------------------------------------------------------------------------------


def test_a_change_reaches_its_callers_their_callers_and_the_tests_first(shop: Index) -> None:
    path = shop.root / "shop" / "prices.py"
    path.write_text(SHOP["shop/prices.py"].replace("-(-amount // 1)", "-(-amount // 2)"))
    shop.update()
    hits = impact(shop, work_tree_diff(shop.root)).hits
    reached = {(hit.path, hit.name): hit for hit in hits}
    assert reached["shop/prices.py", "round_up"].depth == 0
    assert reached["shop/prices.py", "price_of"].depth == 1
    assert reached["shop/cart.py", "Cart.total"].depth == 2
    test = reached["tests/test_cart.py", "test_an_empty_cart_costs_nothing"]
    assert test.depth == 3
    assert test.is_test
    assert "calls Cart.total on line 6" in test.why
    assert [hit.is_test for hit in hits] == sorted((hit.is_test for hit in hits), reverse=True)
    assert impact(shop, work_tree_diff(shop.root), depth=1).total == 2


def test_a_deletion_touches_what_stands_around_it(shop: Index) -> None:
    path = shop.root / "shop" / "cart.py"
    path.write_text(SHOP["shop/cart.py"].replace("        self.items.append(item)\n", "        pass\n"))
    shop.update()
    assert {(hit.name, hit.depth) for hit in impact(shop, git(shop.root, "diff")).hits} >= {("Cart.add", 0)}


def test_a_diff_that_is_none_and_one_that_is_empty(shop: Index) -> None:
    assert impact(shop, "").total == 0
    with pytest.raises(BadQuestion, match="no unified diff"):
        impact(shop, "what?")


def test_a_renamed_and_a_deleted_file_and_one_that_is_not_indexed_are_read(shop: Index) -> None:
    git(shop.root, "mv", "shop/cart.py", "shop/basket ü.py")
    git(shop.root, "rm", "-q", "shop/prices.py")
    shop.update()
    assert impact(shop, git(shop.root, "diff", "HEAD")).state.status == "complete"


def test_no_time_is_told_as_timed_out(shop: Index) -> None:
    (shop.root / "shop" / "prices.py").write_text(SHOP["shop/prices.py"].replace("// 1", "// 2"))
    shop.update()
    page = impact(shop, work_tree_diff(shop.root), seconds=-1)
    assert page.state.status == "timed-out"
    assert page.total == 1


def test_the_diff_of_a_work_tree_runs_no_filter_of_the_repository(shop: Index) -> None:
    write(shop.root, {".gitattributes": "*.py filter=evil diff=evil\n"})
    for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.command", "diff.evil.textconv"):
        git(shop.root, "config", key, f"touch {shop.root}/ran; cat")
    git(shop.root, "config", "filter.evil.required", "true")
    (shop.root / "shop" / "prices.py").write_text("PRICES = {1: 2}\n")
    assert "+PRICES = {1: 2}" in work_tree_diff(shop.root)
    assert not (shop.root / "ran").exists()


@pytest.mark.parametrize(
    "path", ["tests/a.py", "a/test_b.py", "x_test.go", "src/FooTest.java", "a.spec.ts", "conftest.py"]
)
def test_a_test_is_known_by_the_customs_of_its_language(path: str) -> None:
    assert is_test(path)
    assert not is_test("src/latest.py")
    assert not is_test("src/contest.py")


# --- grep -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["ripgrep", "own"])
def searched(request: pytest.FixtureRequest, shop: Index, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index on a machine with and without ripgrep."""
    if request.param == "own":
        monkeypatch.setenv("PATH", "")
    return shop


def test_grep_finds_lines_in_order(searched: Index) -> None:
    found = [(hit.path, hit.line, hit.text) for hit in grep(searched, r"def \w+_of|^class").hits]
    assert found == [("shop/cart.py", 4, "class Cart:"), ("shop/prices.py", 4, "def price_of(item):")]
    assert grep(searched, "CLASS cart", ignore_case=True).total == 1
    assert grep(searched, "nothing at all").total == 0


def test_grep_looks_at_indexed_files_unless_told_otherwise_and_never_at_secrets(searched: Index) -> None:
    write(
        searched.root, {".gitignore": "ignored.txt\n", "ignored.txt": "needle\n", ".env": "needle\n", "-e": "needle\n"}
    )
    searched.update()
    assert [hit.path for hit in grep(searched, "needle").hits] == ["-e"]
    assert [hit.path for hit in grep(searched, "needle", everything=True).hits] == ["-e", "ignored.txt"]


def test_grep_tells_a_pattern_that_is_none_and_one_that_takes_too_long(searched: Index) -> None:
    with pytest.raises(BadQuestion, match="no regular expression"):
        grep(searched, "(")
    with pytest.raises(BadQuestion, match="empty"):
        grep(searched, "")
    assert grep(searched, "a", seconds=0).state.status == "timed-out"


def test_a_pattern_that_never_ends_is_ended(shop: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    write(shop.root, {"long.txt": "a" * 60 + "!\n"})
    shop.update()
    assert grep(shop, r"(a+)+$", seconds=0.5).state.status == "timed-out"


# --- edges ----------------------------------------------------------------------------------------------------------


def test_edges_lead_from_who_uses_to_who_defines(shop: Index) -> None:
    names = dict(shop.connection.execute("SELECT id, path FROM files"))
    found = {(names[one], names[other]) for one, other, _ in edges(shop.connection)}
    assert {("shop/cart.py", "shop/prices.py"), ("tests/test_cart.py", "shop/cart.py")} <= found
    prices = next(number for number, path in names.items() if path == "shop/prices.py")
    assert [names[number] for number, _ in users(shop.connection, prices)] == ["shop/cart.py"]


def test_a_root_that_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRoot, match="no such folder"):
        Index.open(tmp_path / "nowhere")
