"""A home of its own for every test, and no keys; and one run that others vouch for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from anchor_cases import Tsa, WitnessServer, served
from anchored_cases import ROOT, SIGNER, Anchored, greeting, run


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name == "WAYPOST_MODEL"]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    folder = tmp_path_factory.mktemp("anchored")
    place = greeting(folder)
    key = place.waypost("ledger", "key").stdout.strip()
    witness, tsa = WitnessServer([key]), Tsa(folder / "tsa", SIGNER, (ROOT,))
    (folder / "root.pem").write_text(ROOT.pem)
    with ExitStack() as stack:
        here, there = stack.enter_context(served(witness)), stack.enter_context(served(tsa))
        assert place.waypost("ledger", "witness", "add", here, witness.vkey).returncode == 0
        added = place.waypost("ledger", "authority", "add", f"{there}/tsr", "--root", str(folder / "root.pem"))
        assert added.returncode == 0, added.stderr
        run(place, folder)
        yield Anchored(place, key, witness, tsa)


@pytest.fixture
def anchored(_anchored: Anchored, monkeypatch: pytest.MonkeyPatch) -> Iterator[Anchored]:
    """A run that ended, in a log that a test may change."""
    monkeypatch.setenv("WAYPOST_HOME", str(_anchored.place.home))
    files = [_anchored.place.root / ".waypost" / "state.db"]
    files += [path for path in next(_anchored.place.home.glob("*/ledger")).iterdir() if path.is_file()]
    kept = {path: path.read_bytes() for path in files}
    seen = dict(_anchored.witness.seen)
    yield _anchored
    for path, data in kept.items():
        path.write_bytes(data)
    _anchored.witness.seen = seen
