"""A run asks the index: the agent by its tools, the briefing for its map, the gates for what a change reaches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs_cases import Aim, Place, call, commit, done, make_place, scripted, shell, write, write_documents

from waypost.documents.model import Gate, GateKind
from waypost.events import kinds
from waypost.runs.indexing import reached_first

FILES = {
    "prices.py": 'def net(price):\n    """The price without tax."""\n    return price / 1.19\n',
    "basket.py": "from prices import net\n\n\ndef total(prices):\n    return sum(net(one) for one in prices)\n",
    "tests/test_basket.py": "from basket import total\n\n\ndef test_total():\n    assert total([]) == 0\n",
}
EDIT = call("edit", path="prices.py", old="1.19", new="1.2")


def played(place: Place, folder: Path, turns: list[dict[str, object]], run: str = "shop") -> str:
    ended = place.waypost("run", run, "--yes", "--json", "--model", scripted(folder, turns))
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])["run"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = make_place(tmp_path, {"README.md": "# Shop\n", **FILES})
    write_documents(made.root, "shop", [Aim("M01", "New tax", {"tax": "grep -q 1.2 prices.py"})])
    return made


def test_search_references_and_impact_are_tools_whose_answers_are_in_the_log(place: Place, tmp_path: Path) -> None:
    turns = [
        call("search", query="price without tax"),
        call("references", name="net"),
        call("symbol", name="total"),
        EDIT,
        call("impact"),
        call("map", focus=["basket.py"]),
        done(),
    ]
    run = played(place, tmp_path, turns)
    ended = {r.event.tool: r.event for r in place.live(run, kinds.ToolEnded.kind)}
    shown = {name: place.text(event.shown) for name, event in ended.items()}
    assert {event.outcome for event in ended.values()} == {"done"}, shown
    assert shown["search"].splitlines()[0].startswith("prices.py:1-3")
    assert "basket.py:5  call net  in total" in shown["references"]
    assert shown["symbol"].startswith("basket.py:4-5  function total")
    assert shown["impact"].splitlines()[0].startswith("tests/test_basket.py")
    assert "basket.py" in shown["map"]
    facts = dict(ended["references"].facts)
    assert facts["hits"] == 2
    assert facts["status"] == "complete"
    assert len(str(facts["index"])) == 16


def test_a_briefing_has_the_map_where_an_index_is_there(place: Place, tmp_path: Path) -> None:
    assert place.waypost("index").returncode == 0
    run = played(place, tmp_path, [shell("sed -i s/1.19/1.2/ prices.py"), done()])
    (opened,) = place.live(run, kinds.AttemptOpened.kind)
    briefing = place.text(opened.event.briefing)
    assert "## The repository, its most used parts" in briefing
    assert "prices.py" in briefing.split("its most used parts")[1]


def test_without_an_index_a_run_begins_at_once_and_has_no_map(place: Place, tmp_path: Path) -> None:
    run = played(place, tmp_path, [shell("sed -i s/1.19/1.2/ prices.py"), done()])
    (opened,) = place.live(run, kinds.AttemptOpened.kind)
    assert "its most used parts" not in place.text(opened.event.briefing)


def test_a_passed_milestone_is_verified_again_where_a_change_reaches_it_through_others(tmp_path: Path) -> None:
    """M01 owns the basket alone; M02 changes only prices, which the basket uses."""
    place = make_place(tmp_path, {"README.md": "# Shop\n", **FILES})
    folder = write_documents(
        place.root,
        "shop",
        [
            Aim("M01", "Basket", {"basket": "grep -q sum basket.py"}),
            Aim("M02", "New tax", {"tax": "grep -q 1.2 prices.py"}, depends="M01"),
        ],
    )
    plan = (folder / "PLAN.md").read_text()
    scoped = plan.replace("Basket [ ]\n", "Basket [ ]\n\nScope:\n- `basket.py`\n", 1)
    scoped = scoped.replace("New tax [ ]\n", "New tax [ ]\n\nScope:\n- `prices.py`\n", 1)
    write(folder / "PLAN.md", scoped)
    assert place.waypost("index").returncode == 0
    run = played(place, tmp_path, [shell("echo >> basket.py"), done(), EDIT, done()])
    again = [r.event.milestone for r in place.live(run, kinds.GateEnded.kind) if r.event.purpose == "regression"]
    assert again == ["M01"]


def gate(name: str, *protect: str) -> Gate:
    return Gate(name=name, kind=GateKind.CHECK, command="true", line=1, protect=protect)


def test_gates_whose_files_a_change_reaches_go_first_and_the_others_keep_their_order() -> None:
    gates = [gate("a"), gate("b", "tests/unit/**"), gate("c"), gate("d", "tests/web/**")]
    found = reached_first(gates, frozenset({"tests/web/test_page.py", "src/page.py"}))
    assert [one.name for one in found] == ["d", "a", "b", "c"]
    assert reached_first(gates, frozenset()) == tuple(gates)


def test_a_tree_that_is_not_python_only_is_indexed_too(place: Place, tmp_path: Path) -> None:
    write(place.root / "web" / "page.ts", "export function render(title: string) {\n  return title;\n}\n")
    commit(place.root)
    run = played(place, tmp_path, [call("symbol", name="render"), shell("sed -i s/1.19/1.2/ prices.py"), done()])
    (ended,) = [r.event for r in place.live(run, kinds.ToolEnded.kind) if r.event.tool == "symbol"]
    assert place.text(ended.shown).startswith("web/page.ts:1-3  function render")
