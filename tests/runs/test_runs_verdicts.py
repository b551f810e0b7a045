"""Verdicts in whole runs: baselines, what a person may allow, held-out checks, evidence, drift."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from runs_cases import Place, call, commit, done, make_place, scripted, shell, write

from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.environment.build import BuiltEnvironment
from waypost.events import kinds
from waypost.runs import fences, regression
from waypost.runs.evidence import evidence_of
from waypost.runs.project import Project
from waypost.runs.states import State

TEST = "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n    assert total([]) == 0\n"
WRONG = "def total(prices):\n    return len(prices)\n"
RIGHT = "def total(prices):\n    return sum(prices)\n"
HEAD = "# Plan\n\n## Milestones\n\n### Milestone M01 - Total [ ]\n\n{scope}Budget: repair=1\n\nAcceptance criteria:\n\n"


def shop(folder: Path, scope: str = "", options: str = "", tests: str = TEST) -> Place:
    """A package with a wrong function and one test file that says so."""
    place = make_place(folder, {"shop.py": WRONG, "test_shop.py": tests})
    documents = place.root / ".agent" / "shop"
    write(documents / "PROMPT.md", "# Shop\n\n## Goals\n\nAdd up.\n\n## Deliverables\n\n- R-1 A total.\n")
    fence = f"```bash gate=unit timeout=60 {options}\npython -m pytest -q -p no:cacheprovider\n```\n"
    plan = HEAD.format(scope=f"Covers: R-1\nScope:\n- {scope}\n\n" if scope else "Covers: R-1\n")
    write(documents / "PLAN.md", f"{plan}- [ ] M01.A1 the sum is right (gate: unit)\n\n{fence}")
    write(documents / "IMPLEMENT.md", "# How\n\nStep by step.\n")
    return place


def put(path: str, text: str) -> Mapping[str, object]:
    return {"calls": [call("write", path=path, text=text)]}


def verdicts(place: Place, run: str) -> list[tuple[str, str, str]]:
    return [(r.event.purpose, r.event.gate, r.event.verdict) for r in place.live(run, kinds.GateEnded.kind)]


@pytest.mark.slow
def test_the_gates_run_before_the_work_and_once_more_in_a_clean_clone(tmp_path: Path) -> None:
    place = shop(tmp_path)
    run, ended = place.run("shop", scripted(tmp_path, [put("shop.py", RIGHT), done()]))
    assert ended.outcome == "complete"
    assert verdicts(place, run) == [
        ("baseline", "unit", "red"),
        ("milestone", "unit", "green"),
        ("end", "unit", "green"),
    ]


@pytest.mark.slow
def test_a_verdict_comes_with_what_it_stands_on(tmp_path: Path) -> None:
    place = shop(tmp_path)
    run, _ = place.run("shop", scripted(tmp_path, [put("shop.py", RIGHT), done()]))
    told = place.waypost("gate", run, "M01", "--json")
    assert told.returncode == 0, told.stderr
    verdict = json.loads(told.stdout)["verdicts"][-1]
    assert verdict["command"].startswith("python -m pytest")
    assert verdict["census"]["after"]["tests"] == 1
    assert verdict["census"]["before"]["tests"] == 1
    assert verdict["sandbox"] in {"bubblewrap", "landlock"}
    assert verdict["restored"] == []
    assert len(verdict["output"]["sha256"]) == len(verdict["evidence"]["sha256"]) == 64
    shown = place.waypost("gate", run, "M01")
    assert "1 test before, 1 test now" in shown.stdout


@pytest.mark.slow
def test_what_was_refused_waits_for_a_person_who_may_allow_it(tmp_path: Path) -> None:
    place = shop(tmp_path)
    weaker = TEST.replace("    assert total([]) == 0\n", "")
    model = scripted(tmp_path, [put("shop.py", RIGHT), put("test_shop.py", weaker)], final={"finish": "done"})
    run, ended = place.run("shop", model)
    assert ended.outcome == "blocked"
    waiting = next(item for item in place.view(run).waiting if item.topic == "integrity")
    assert "test_total" in waiting.text
    assert place.waypost("review", "accept", waiting.item, "--run", run).returncode == 0
    assert place.work(run).outcome == "complete"


@pytest.mark.slow
def test_a_refusal_that_was_mended_asks_nobody_any_more(tmp_path: Path) -> None:
    place = shop(tmp_path)
    turns = [put("shop.py", RIGHT), put("test_shop.py", TEST.replace("== 3", ">= 0")), done()]
    run, ended = place.run("shop", scripted(tmp_path, [*turns, put("test_shop.py", TEST), done()]))
    assert ended.outcome == "complete"
    assert not place.view(run).waiting
    integrity = [light for _, gate, light in verdicts(place, run) if gate == "integrity"]
    assert integrity == ["red", "green"]


@pytest.mark.slow
def test_a_test_that_is_green_only_since_its_data_changed_is_refused(tmp_path: Path) -> None:
    by_data = "import json\nfrom pathlib import Path\nfrom shop import total\n\n\ndef test_total():\n"
    by_data += "    for prices, wanted in json.loads(Path('tests/data/sums.json').read_text()):\n"
    by_data += "        assert total(prices) == wanted\n"
    place = shop(tmp_path, tests=by_data)
    write(place.root / "tests/data/sums.json", "[[[1, 2], 3]]")
    commit(place.root)
    run, ended = place.run(
        "shop", scripted(tmp_path, [put("tests/data/sums.json", "[[[1, 2], 2]]")], final={"finish": "x"})
    )
    assert ended.outcome == "blocked"
    reasons = " ".join(r.event.reason for r in place.live(run, kinds.GateEnded.kind))
    assert "sums.json" in reasons


@pytest.mark.slow
def test_a_held_out_check_is_told_to_the_agent_only_as_its_criterion(tmp_path: Path) -> None:
    place = shop(tmp_path, options='held_out="../held"')
    plan = place.root / ".agent/shop/PLAN.md"
    plan.write_text(
        plan.read_text().replace("python -m pytest -q", 'PYTHONPATH=. python -m pytest -q "$WAYPOST_HELD_OUT"')
    )
    write(
        tmp_path / "held/test_secret.py",
        "from shop import total\n\ndef test_secret_word():\n    assert total([7]) == 7\n",
    )
    run, ended = place.run("shop", scripted(tmp_path, [done()], final={"finish": "x"}))
    assert ended.outcome == "blocked"
    told = " ".join(place.text(r.event.text) for r in place.live(run, kinds.NoteTold.kind))
    assert "the sum is right" in told
    assert "secret_word" not in told
    assert "secret_word" not in (place.root / ".agent/shop/DOCUMENTATION.md").read_text()
    with place.project() as project:
        last = place.live(run, kinds.GateEnded.kind)[-1].event
        assert evidence_of(project.log, last)["census"]["after"]["tests"] == 1, "a person sees it"


def test_held_out_folders_themselves_are_shown_to_no_command(tmp_path: Path) -> None:
    place = shop(tmp_path, options='held_out="../held"')
    write(tmp_path / "held/test_secret.py", "def test_secret_word():\n    assert True\n")
    documents = load(find(place.root, "shop"))
    nothing = BuiltEnvironment(None, "", {}, built=False, seconds=0.0, log_path=None)
    with closing(Project.open(place.root, create=True)) as project:
        walls = fences.gate_walls(project, tmp_path / "checkout", documents, nothing)
        assert tmp_path / "held" in walls.hidden
        milestone, opened = documents.plan.milestone("M01"), kinds.RunOpened("", ".agent/shop", 1, "", "", "", "")
        walls = fences.agent_walls(project, place.root, documents, opened, milestone, nothing)
        assert tmp_path / "held" in walls.hidden


@pytest.mark.parametrize(("folder", "wrong"), [("held", "inside the repository"), ("../nowhere", "is no folder")])
def test_held_out_checks_must_lie_outside_and_exist(tmp_path: Path, folder: str, wrong: str) -> None:
    place = shop(tmp_path, options=f'held_out="{folder}"')
    write(place.root / "held/test_x.py", "")
    said = place.waypost("approve", "shop")
    assert said.returncode == 2
    assert wrong in said.stderr
    assert "PLAN.md:" in said.stderr


@pytest.mark.slow
def test_a_protected_file_can_be_changed_neither_by_the_shell_nor_by_an_edit(tmp_path: Path) -> None:
    place = shop(tmp_path, options='protect="test_shop.py"', scope="`shop.py`")
    turns = [
        shell("echo > test_shop.py"),
        put("test_shop.py", ""),
        shell("mkdir -p .github/workflows"),
        shell("touch .git/x"),
    ]
    run, ended = place.run("shop", scripted(tmp_path, [*turns, put("shop.py", RIGHT), done()]))
    assert ended.outcome == "complete"
    said = [place.text(r.event.shown) for r in place.live(run, kinds.ToolEnded.kind)][:4]
    assert all(word in text for word, text in zip(("Read-only", "protects", "annot", "annot"), said, strict=True)), said


@pytest.mark.slow
def test_without_a_sandbox_no_run_starts_unless_somebody_says_so(tmp_path: Path) -> None:
    place = shop(tmp_path)
    model = scripted(tmp_path, [put("shop.py", RIGHT), done()])
    refused = place.waypost("run", "shop", "--model", model, "--yes", WAYPOST_SANDBOX="none")
    assert refused.returncode == 3
    assert "--unsafe-no-sandbox" in refused.stderr
    place.unheld = True
    run = place.waypost("resume", "--json")
    assert run.returncode == 0, run.stderr
    assert "NO SANDBOX" in place.waypost("status").stdout


PLAN = """\
# Plan

## Verification checklist

```bash gate=all
true
```

## Milestones

### Milestone M01 - One [ ]

Scope:
- `src/one/**`

Acceptance criteria:
- [ ] M01.A1 x (gate: one)

```bash gate=one protect="tests/one/**"
true
```

### Milestone M02 - Two [ ]

Acceptance criteria:
- [ ] M02.A1 x (gate: two)

```bash gate=two
true
```

### Milestone M03 - Three [ ]

Acceptance criteria:
- [ ] M03.A1 x (gate: three)

```bash gate=three
true
```
"""


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        (["src/three.py"], ["M02"]),
        (["src/one/a.py"], ["M01", "M02"]),
        (["tests/one/test_a.py"], ["M01", "M02"]),
        ([], []),
    ],
)
def test_what_a_change_touches_is_verified_again(tmp_path: Path, changed: list[str], again: list[str]) -> None:
    write(tmp_path / ".agent/p/PLAN.md", PLAN)
    write(tmp_path / ".agent/p/PROMPT.md", "# P\n\n## Goals\n\nx\n")
    write(tmp_path / ".agent/p/IMPLEMENT.md", "# How\n\nx\n")
    plan = load(find(tmp_path, str(tmp_path / ".agent/p"))).plan
    states = {"M01": State.PASSED, "M02": State.PASSED, "M03": State.VERIFYING}
    found = regression.due(plan, plan.milestone("M03"), states, changed)
    assert [one.id for one, _ in found] == again
    assert fences.protected_patterns(plan, plan.milestone("M03")) == ("tests/one/**",)
