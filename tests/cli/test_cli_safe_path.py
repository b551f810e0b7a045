"""The command line runs inside other people's repositories and must import nothing of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["typer", "rich", "json", "yaml", "mdurl"])
def test_a_package_of_the_repository_is_not_imported_instead_of_a_library(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text('raise SystemExit("the repository\'s own code ran")\n')
    environ = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": ""}
    for arguments in (["--version"], ["lint"]):
        command = [sys.executable, "-m", "waypost", *arguments]
        ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert "own code ran" not in ended.stdout + ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.py"]
