from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import SOURCE, waypost

from waypost.cli.main import COMMANDS
from waypost.cli.run import Aim, CommandError, aim


@pytest.mark.slow
def test_the_manual_page_says_what_help_says() -> None:
    script = SOURCE.parent / "scripts" / "cli_docs.py"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, str(script), "--check"], env=environment, check=False)
    assert done.returncode == 0, "docs/cli.md is out of date: python scripts/cli_docs.py"


def test_every_command_teaches_by_an_example_that_names_it() -> None:
    for function, examples in COMMANDS:
        assert examples
        assert all(example.startswith(f"waypost {function.__name__}") for example in examples)


def test_the_version_is_told(tmp_path: Path) -> None:
    assert waypost(tmp_path, "--version").stdout.startswith("waypost 0.")


def test_a_folder_is_meant_before_a_goal_and_a_name_before_an_error(tmp_path: Path) -> None:
    (tmp_path / ".agent" / "iso dates").mkdir(parents=True)
    (tmp_path / "my documents").mkdir()
    (tmp_path / "my documents" / "PLAN.md").touch()
    assert aim(tmp_path, tmp_path, None) == Aim()
    assert aim(tmp_path, tmp_path, "iso dates") == Aim(name="iso dates")
    assert aim(tmp_path, tmp_path, "my documents") == Aim(name=str(tmp_path / "my documents"))
    assert aim(tmp_path, tmp_path, "my documents/PLAN.md") == Aim(name=str(tmp_path / "my documents"))
    assert aim(tmp_path, tmp_path, "Read ISO dates") == Aim(goal="Read ISO dates")
    assert aim(tmp_path, tmp_path, "x" * 5000 + " y").goal is not None


@pytest.mark.parametrize("what", ["isodates", "./isodates", ".agent/nosuch", "PLAN.md", "", "   "])
def test_a_name_that_is_not_there_is_no_goal(tmp_path: Path, what: str) -> None:
    (tmp_path / ".agent" / "iso-dates").mkdir(parents=True)
    with pytest.raises(CommandError, match=r"here are: iso-dates|the goal is empty"):
        aim(tmp_path, tmp_path / ".agent", what)
