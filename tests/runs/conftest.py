"""A home of its own for every test, and no keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# A witness and an authority on loopback, and the second reader of logs, are the ledger's.
sys.path.append(str(Path(__file__).parents[1] / "ledger"))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name == "WAYPOST_MODEL"]:
        monkeypatch.delenv(name)
