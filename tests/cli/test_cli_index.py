"""The index from the command line: answers, pages, exit codes and mends."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import SOURCE, all_of, repository, waypost


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = repository(tmp_path / "shop")
    (root / "prices.py").write_text("def price_of(item):\n    return 2 * item\n")
    (root / "cart.py").write_text("from prices import price_of\n\n\ndef total(items):\n    return price_of(items)\n")
    (root / "blob.bin").write_bytes(b"\0\1\2")
    return root


def test_index_tells_what_is_in_it_and_what_is_not(shop: Path) -> None:
    done = waypost(shop, "index", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert {key: told[key] for key in ("files", "lines", "symbols", "unparsed", "left_out")} == {
        "files": 2, "lines": 7, "symbols": 2, "unparsed": 0, "left_out": {"binary": 1},
    }  # fmt: skip
    assert told["bytes"] == (shop / ".waypost" / "index.db").stat().st_size
    assert told["index"]["status"] == "complete"
    assert told["seconds"] >= 0
    assert told["chunks"] > 0
    again = waypost(shop, "index")
    assert again.stdout.startswith("2 files, 7 lines, 2 symbols, ")
    assert "left out: 1 binary" in again.stdout
    assert (
        subprocess.run(["git", "status", "--porcelain"], cwd=shop, capture_output=True, check=True).stdout.count(
            b".waypost"
        )
        == 0
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("symbol", "price_of"), "prices.py:1  function price_of  def price_of(item):"),
        (("references", "price_of", "--limit", "1"), "cart.py:1  import price_of  from prices import price_of"),
        (("callers", "price_of"), "cart.py:5  function total  return price_of(items)"),
        (("callees", "total"), "prices.py:1  function price_of  def price_of(item):"),
        (("outline", "cart.py"), "cart.py:4  function total  def total(items):"),
        (("grep", "2 [*]"), "prices.py:2  return 2 * item"),
    ],
)
def test_a_question_is_answered_without_an_index_made_before(shop: Path, arguments: tuple[str, ...], line: str) -> None:
    done = waypost(shop, *arguments)
    assert done.stdout.split("\n")[0] == line
    assert done.returncode == 0
    told = json.loads(waypost(shop, *arguments, "--json").stdout)
    assert told["results"][0]["path"] == line.partition(":")[0]
    assert set(told["index"]) >= {"root", "files", "coverage", "unparsed", "status"}


def test_impact_takes_the_work_trees_diff_or_a_given_one(shop: Path) -> None:
    for command in (["add", "-A"], ["-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qm", "more"]):
        subprocess.run(["git", *command], cwd=shop, check=True)
    (shop / "prices.py").write_text("def price_of(item):\n    return 3 * item\n")
    done = waypost(shop, "impact")
    assert "cart.py:4  function total  [calls price_of on line 5]" in done.stdout
    diff = subprocess.run(["git", "diff"], cwd=shop, capture_output=True, check=True).stdout
    (shop.parent / "change.patch").write_bytes(diff)
    given = waypost(shop, "impact", "--diff", "../change.patch", "--json")
    assert {hit["name"] for hit in json.loads(given.stdout)["results"]} == {"price_of", "total", ""}


def test_a_page_says_how_to_get_the_next(shop: Path) -> None:
    done = waypost(shop, "references", "price_of", "--limit", "1")
    assert done.stdout.split("\n")[1] == "1 of 2; more with --offset 1"


def test_nothing_found_is_not_so_and_no_error(shop: Path) -> None:
    done = waypost(shop, "symbol", "nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (1, "no definition of nowhere\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("symbol", ""), "name a symbol"),
        (("outline", "nowhere.py"), "no such file in the index"),
        (("outline", "../elsewhere.py"), "outside"),
        (("outline", "blob.bin"), "binary"),
        (("grep", "("), "no regular expression"),
        (("impact", "--diff", "nowhere.patch"), "nowhere.patch"),
        (("index", "--root", "nowhere"), "no such folder"),
        (("index", "--largest", "much"), "--largest"),
        (("symbol", "x", "--limit", "0"), "limit"),
        (("symbol", "x", "--offset", "-1"), "offset"),
    ],
)
def test_bad_input_is_told_with_its_place(shop: Path, arguments: tuple[str, ...], said: str) -> None:
    done = waypost(shop, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "bug" not in done.stderr


def test_a_place_that_can_not_be_written_is_what_the_machine_lacks(shop: Path) -> None:
    done = waypost(shop, "index", "--place", "/proc/nowhere/index.db")
    assert done.returncode == 3
    assert "--place" in done.stderr


def test_the_root_is_the_repository_around_here(shop: Path) -> None:
    (shop / "inner").mkdir()
    assert waypost(shop / "inner", "symbol", "total").stdout.startswith("cart.py:4")
    assert waypost(shop / "inner", "outline", "../cart.py").returncode == 0


def test_a_hostile_name_moves_no_terminal(shop: Path) -> None:
    (shop / "evil\x1b[2J.py").write_text("def evil(): return '\x1b]0;title\x07'\n")
    done = waypost(shop, "symbol", "evil")
    assert "\x1b" not in done.stdout
    assert done.returncode == 0


def test_a_bar_is_shown_on_a_terminal_only(shop: Path) -> None:
    for number in range(80):
        (shop / f"f{number}.py").write_text(f"def f{number}():\n    return 1\n" * 20)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm"}
    command = [sys.executable, "-m", "waypost", "index", "--json"]
    done = subprocess.Popen(command, cwd=shop, env=environment, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = all_of(ours)
    assert done.stdout is not None
    assert json.loads(done.stdout.read())["files"] == 82
    assert done.wait() == 0
    assert "indexing files" in shown
    assert waypost(shop, "index").stderr == ""
