from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from documents_cases import PLAN
from hypothesis import given
from hypothesis import strategies as st

from waypost.documents.discover import Command, Findings, discover
from waypost.documents.errors import Report
from waypost.documents.find import find
from waypost.documents.lint import check, lint, load
from waypost.documents.plan import parse_plan
from waypost.documents.target import parse_target
from waypost.documents.templates import TREE_SANITY, draft, with_plan

FOUND = Findings(
    tests=(Command("tests", "python -m pytest -q", "pyproject.toml"),),
    lint=(Command("lint", "npm run lint", "package.json"), Command("lint-2", "make lint", "Makefile")),
    interpreter="/x/.venv/bin/python",
    lock_files=("requirements.lock",),
)


def _write(folder: Path, drafts: dict[str, str]) -> None:
    for name, text in drafts.items():
        (folder / name).write_text(text, "utf-8")


@pytest.mark.parametrize("findings", [FOUND, Findings()])
def test_drafts_are_free_of_errors_and_warnings(tmp_path: Path, findings: Findings) -> None:
    _write(tmp_path, draft("Add an export. It must be fast.", findings))
    assert lint(find(tmp_path, None)) == ()


def test_the_draft_has_the_found_commands_as_gates(tmp_path: Path) -> None:
    _write(tmp_path, draft("Add an export", FOUND))
    documents = load(find(tmp_path, None))
    milestone = documents.plan.milestones[0]
    assert milestone.title == "Add an export"
    assert [gate.command for gate in milestone.gates] == ["npm run lint", "make lint", "python -m pytest -q"]
    assert [one.gates for one in milestone.criteria] == [("lint",), ("lint-2",), ("tests",)]
    assert documents.target.environment.interpreter == "/x/.venv/bin/python"


def test_where_nothing_is_found_the_plan_says_so_and_its_gate_runs(tmp_path: Path) -> None:
    drafts = draft("Do it", Findings())
    assert "Nothing but the tree's sanity is verified" in drafts["PLAN.md"]
    _write(tmp_path, drafts)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(tmp_path)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    assert subprocess.run(["bash", "-c", TREE_SANITY], cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "a.txt").write_text("<<<<<<< HEAD\n", "utf-8")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "y"], check=True)
    assert subprocess.run(["bash", "-c", TREE_SANITY], cwd=tmp_path, check=False, capture_output=True).returncode


@given(st.text(st.sampled_from("#[]`->|*~=\n\r:. xM01") | st.characters(codec="utf-8"), max_size=80))
def test_any_goal_gives_documents_without_errors(goal: str) -> None:
    drafts = draft(goal, FOUND)
    targets, plans = Report("PROMPT.md"), Report("PLAN.md")
    target = parse_target(drafts["PROMPT.md"].encode(), targets)
    check(target, parse_plan(drafts["PLAN.md"].encode(), plans), targets, plans)
    told = [one for one in targets.found + plans.found if "NUL" not in one.message]
    assert told == []


def test_a_plan_from_a_model_takes_the_place_of_the_drafted_one() -> None:
    drafts = draft("x", Findings())
    swapped = with_plan(drafts, "```markdown\r\n" + PLAN + "```\n")
    assert swapped["PLAN.md"] == PLAN
    assert {**swapped, "PLAN.md": drafts["PLAN.md"]} == drafts
    assert with_plan(drafts, f"Here it is:\n\n````md\n{PLAN}````\nTell me.")["PLAN.md"] == PLAN
    assert with_plan(drafts, PLAN)["PLAN.md"] == PLAN


def test_a_python_project_tells_its_tests_linter_and_types(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\n[tool.ruff]\n[tool.mypy]\nfiles = ["src"]\n', "utf-8"
    )
    (tmp_path / "requirements.lock").touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    (tmp_path / "Makefile").write_text("CC := x\ntest: all\n\ttrue\nlint:\n\ttrue\n", "utf-8")
    assert discover(tmp_path) == Findings(
        tests=(Command("tests", "python -m pytest -q", "pyproject.toml"),),
        lint=(Command("lint", "python -m ruff check .", "pyproject.toml"),),
        types=(Command("types", "python -m mypy", "pyproject.toml"),),
        interpreter=str(tmp_path / ".venv" / "bin" / "python"),
        lock_files=("requirements.lock",),
    )


def test_a_node_project_tells_its_scripts_and_never_its_server(tmp_path: Path) -> None:
    scripts = {"test": "vitest run", "lint": "eslint .", "build": "vite build", "dev": "vite", "start": "node ."}
    (tmp_path / "package.json").write_text(json.dumps({"scripts": scripts}), "utf-8")
    (tmp_path / "pnpm-lock.yaml").touch()
    found = discover(tmp_path)
    assert [one.command for one in found.commands] == ["pnpm run lint", "pnpm run build", "pnpm run test"]


def test_a_test_script_that_npm_made_up_or_that_watches_is_none(tmp_path: Path) -> None:
    scripts = {"test": 'echo "Error: no test specified" && exit 1', "build": "tsc --watch"}
    (tmp_path / "package.json").write_text(json.dumps({"scripts": scripts}), "utf-8")
    assert discover(tmp_path) == Findings()


def test_make_go_and_cargo_are_known(tmp_path: Path) -> None:
    (tmp_path / "go.mod").touch()
    (tmp_path / "Cargo.toml").touch()
    (tmp_path / "Makefile").write_text("check:\n\ttrue\ntypes:\n\ttrue\n", "utf-8")
    found = discover(tmp_path)
    assert [(one.name, one.command) for one in found.tests] == [
        ("tests", "go test ./..."),
        ("tests-2", "cargo test --quiet"),
    ]
    assert [one.command for one in found.types] == ["make types"]


@pytest.mark.parametrize("name", ["pyproject.toml", "package.json", "setup.cfg", "tox.ini", "Makefile"])
@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[", b"[]", b'"x"', b"x", b'{"scripts": 3}', b"tool = 3"])
def test_a_file_that_makes_no_sense_says_nothing(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    assert discover(tmp_path) == Findings()


def test_tests_without_any_setting_are_found_by_what_they_import(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("import unittest\n", "utf-8")
    assert discover(tmp_path).tests[0].command == "python -m unittest discover -q"
    (tmp_path / "tests" / "test_b.py").write_text("def test_b():\n    pass\n", "utf-8")
    assert discover(tmp_path).tests[0].command == "python -m pytest -q"


def test_the_manual_page_is_true(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "documents.md").read_text("utf-8")
    target, plan = re.findall(r"^````markdown\n(.*?)^````$", page, re.MULTILINE | re.DOTALL)
    _write(tmp_path, {**draft("x", Findings()), "PROMPT.md": target, "PLAN.md": plan})
    assert lint(find(tmp_path, None)) == ()
    documents = load(find(tmp_path, None))
    assert [one.id for one in documents.plan.order()] == ["M01", "M02"]
    assert documents.target.environment.setup is not None
    plain = re.findall(r"^```markdown\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    report = Report("PLAN.md")
    assert [gate.command for gate in parse_plan(plain[0].encode(), report).milestones[0].gates] == [
        "npm run lint",
        "npm test",
    ]
    assert report.found == []
