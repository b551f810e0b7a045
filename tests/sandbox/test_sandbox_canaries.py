"""What can't be done behind walls and what can, at each level, as root and as an ordinary user."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from walls_cases import LEVELS, NOBODY, SYSTEM_PYTHON, sandbox_of
from walls_scenario import Ground, attempts, of_bubblewrap, tried, work

import waypost
from waypost.sandbox.canaries import CLAIMS, optional, prove
from waypost.sandbox.choose import FORCED, NoSandbox, choose
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.walls import Level

TESTS = Path(__file__).parent


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder with the program and the scenario that every user can read, and a home that all may write to."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-walls-"))
    folder.chmod(0o755)
    shutil.copytree(Path(waypost.__file__).parent, folder / "waypost", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TESTS / "walls_scenario.py", folder)
    (folder / "home").mkdir()
    (folder / "home").chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def expect(found: dict[str, str], level: Level) -> None:
    nothing = Ground(Path(), Path(), Path(), 0)
    assert {name: found.pop(name) for name in attempts(nothing)} == dict.fromkeys(attempts(nothing), "held")
    honest = work() | (of_bubblewrap() if level is Level.BUBBLEWRAP else {})
    assert {name: found.pop(name) for name in honest} == dict.fromkeys(honest, "works")
    left_open = found.pop("left open")
    assert left_open in {"", *optional(level)}
    assert found == {
        "proved": str(len(CLAIMS) - bool(left_open)),
        "all files": "kept",
        "placeholders": "removed",
        "left": ".git deep link src target",
    }


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outside_is_touched_or_seen_and_honest_work_goes_on(level: Level, tmp_path: Path) -> None:
    sandbox_of(level)
    expect(asyncio.run(tried(level, tmp_path)), level)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_the_same_holds_for_an_ordinary_user(level: Level, readable: Path) -> None:
    sandbox_of(level, NOBODY)
    home = readable / "home"
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    ran = subprocess.run(
        [SYSTEM_PYTHON, "walls_scenario.py", level, home / "ground"], cwd=readable, user=NOBODY, group=NOBODY,
        extra_groups=[], capture_output=True, text=True, check=False, env=variables,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    expect(json.loads(ran.stdout), level)


def test_a_sandbox_that_holds_nothing_proves_nothing(tmp_path: Path) -> None:
    proof = asyncio.run(prove(PlainSandbox(), tmp_path))
    # Variables are taken out before any sandbox; whether other machines answer is theirs to say.
    assert set(CLAIMS.values()) - set(proof.proved) >= {CLAIMS[name] for name in ("outside", "protected", "home")}
    assert {CLAIMS["loopback"], CLAIMS["processes"]} <= set(proof.open)
    assert list(tmp_path.iterdir()) == []


def test_the_strongest_level_that_holds_is_chosen(tmp_path: Path) -> None:
    sandbox_of(Level.BUBBLEWRAP)
    chosen = asyncio.run(choose(tmp_path, environ={}))
    assert (chosen.level, chosen.proved, chosen.open, chosen.why) == (
        Level.BUBBLEWRAP, tuple(CLAIMS.values()), (), (),
    )  # fmt: skip


def test_without_bubblewrap_the_next_level_is_taken_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_of(Level.LANDLOCK)
    monkeypatch.setenv("PATH", str(tmp_path))
    chosen = asyncio.run(choose(tmp_path, environ={}))
    assert chosen.level is Level.LANDLOCK
    assert "install bubblewrap" in chosen.why[0]


def test_where_nothing_holds_only_the_unsafe_word_runs_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    forced = {FORCED: "bubblewrap"}
    with pytest.raises(NoSandbox, match=r"no bwrap on PATH.*--unsafe-no-sandbox"):
        asyncio.run(choose(tmp_path, environ=forced))
    with pytest.raises(NoSandbox, match="no bwrap on PATH"):
        asyncio.run(choose(tmp_path, environ=forced, unsafe=True))
    with pytest.raises(NoSandbox, match="only with --unsafe-no-sandbox"):
        asyncio.run(choose(tmp_path, environ={FORCED: "none"}))
    with pytest.raises(NoSandbox, match="no such level"):
        asyncio.run(choose(tmp_path, environ={FORCED: "steel"}))
    chosen = asyncio.run(choose(tmp_path, environ={FORCED: "none"}, unsafe=True))
    assert (chosen.level, chosen.proved, chosen.open) == (Level.NONE, (), tuple(CLAIMS.values()))


def test_the_canaries_leave_nothing_and_sweep_up_after_those_that_were_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    killed, running = home / ".waypost-canary-killed", home / ".waypost-canary-running"
    killed.write_text("left")
    os.utime(killed, (0, 0))
    running.write_text("another process's")
    asyncio.run(choose(work, environ={}, unsafe=True))
    assert list(work.iterdir()) == []
    assert list(home.iterdir()) == [running]
