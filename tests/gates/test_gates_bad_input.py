"""Bad commands, real ones, with walls and without: each ends in a verdict that says what was wrong."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gates_cases import gate, needs, play

from waypost.gates.verdict import Verdict
from waypost.sandbox.bubblewrap import BubblewrapSandbox
from waypost.sandbox.network import open_network
from waypost.sandbox.orphans import find_marked
from waypost.sandbox.walls import Level, Walls

PYTEST = "python -m pytest -q -p no:cacheprovider"


@dataclass(frozen=True)
class Bad:
    name: str
    command: str
    reason: str
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    light: str = "red"


BAD = [
    Bad("does not exist", "nosuchprogram --all", "command not found: nosuchprogram"),
    Bad("hangs", "echo before; sleep 81 & sleep 82", "timed out after 1 s", {"timeout": 1}),
    Bad(
        "hangs in a test",
        PYTEST,
        "timed out after 3 s",
        {"timeout": 3},
        {"test_a.py": "import time\ndef test_a(): time.sleep(83)\n"},
    ),
    Bad(
        "forks daemons",
        "(setsid bash -c '(setsid sleep 84 &) ; touch up; exec sleep 85' > /dev/null 2>&1 &); "
        "until test -e up; do sleep 0.01; done",
        r"exit 0 \(left running, and ended: .*sleep 8[45].*\)",
        light="green",
    ),
    Bad(
        "removes its checkout", 'rm -rf "$PWD"/* "$PWD"/.[a-z]*; rmdir "$PWD"; true', "exit 0, but the command removed"
    ),
    Bad(
        "writes invalid XML",
        "printf '<testsuite><testcase name=\"a\"' > r.xml",
        "exit 0, but r.xml:1: no readable XML: ",
        {"junit": "r.xml"},
    ),
    Bad(
        "writes XML that bites",
        "printf '<!DOCTYPE a [<!ENTITY b \"c\">]><testsuite>&b;</testsuite>' > r.xml",
        "exit 0, but r.xml: document types and entities are not read",
        {"junit": "r.xml"},
    ),
    Bad(
        "exits 0 without running a test",
        PYTEST + " || true",
        "the command starts pytest, and no test ran",
        files={"test_none.py": ""},
    ),
    Bad(
        "starts a runner that is none", "pytest", "the command starts pytest, and no pytest spoke", files={"pytest": ""}
    ),
    Bad(
        "counts fewer tests than asked for",
        "echo '1 passed in 0.1s'",
        r"only 1 test ran \(min_tests=2\)",
        {"min_tests": 2},
    ),
]


@pytest.fixture(params=["plain", "bubblewrap"])
def held(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    if request.param == "plain":
        yield {}
        return
    needs("bwrap")
    yield {
        "sandbox": BubblewrapSandbox(),
        "walls": lambda _, checkout: Walls(writable=(checkout,)),
        "network": lambda: open_network(Level.BUBBLEWRAP),
    }


def run(bad: Bad, checkout: Path, held: dict[str, Any]) -> Verdict:
    checkout.mkdir()
    for name, text in bad.files.items():
        (checkout / name).write_text(text)
    command = f"PATH=$PWD:$PATH; chmod +x pytest; {bad.command}" if "pytest" in bad.files else bad.command
    (verdict,) = play([gate(command, bad.name, **bad.options)], checkout, **held)
    return verdict


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_command_ends_in_a_verdict_that_says_so(tmp_path: Path, bad: Bad, held: dict[str, Any]):
    if bad.name == "removes its checkout" and held:
        pytest.skip("behind walls the checkout is a mount, and can only be emptied")
    verdict = run(bad, tmp_path / "checkout", held)
    assert verdict.verdict == bad.light
    assert re.match(bad.reason, verdict.reason), verdict.reason
    assert find_marked(f"{tmp_path}/") == []


@pytest.mark.slow
def test_a_hang_in_a_test_is_no_runner_that_was_killed(tmp_path: Path, held: dict[str, Any]):
    verdict = run(next(bad for bad in BAD if bad.name == "hangs in a test"), tmp_path / "checkout", held)
    assert verdict.refusals == ()
    assert verdict.timed_out


@pytest.mark.slow
def test_a_gigabyte_of_output_ends_in_a_verdict_of_a_megabyte(tmp_path: Path, held: dict[str, Any]):
    bad = Bad("prints", "head -c 1G /dev/zero | tr '\\0' x; echo end; exit 3", "exit 3", {"timeout": 120})
    verdict = run(bad, tmp_path / "checkout", held)
    assert (verdict.verdict, verdict.reason) == ("red", "exit 3")
    assert verdict.output.endswith(b"xend\n")
    assert len(verdict.output) < 1_200_000
    assert len(verdict.essence) <= 4_000


def test_a_port_that_is_in_use_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check = Bad("serves", f"python -m http.server {port} --bind 127.0.0.1", "", {"timeout": 20})
        verdict = run(check, tmp_path / "checkout", {})
    assert verdict.reason == "exit 1: a port that it needs is already in use"
    assert "already in use" in verdict.essence
