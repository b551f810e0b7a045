"""A round behind real walls: the witness is heard through them, and a service can be asked beside them."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from gates_cases import free_port, gate, needs, play

from waypost.documents.model import Gate, GateKind
from waypost.gates.verdict import Verdict
from waypost.sandbox.bubblewrap import BubblewrapSandbox
from waypost.sandbox.network import open_network
from waypost.sandbox.walls import Level, Walls

PYTEST = "python -m pytest -q -p no:cacheprovider"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    needs("bwrap")
    place = tmp_path / "checkout"
    place.mkdir()
    yield place
    shutil.rmtree(place, ignore_errors=True)


def held(gates: list[Gate], checkout: Path, **more: object) -> tuple[Verdict, ...]:
    return play(
        gates,
        checkout,
        sandbox=BubblewrapSandbox(),
        walls=lambda _, place: Walls(writable=(place,)),
        network=lambda: open_network(Level.BUBBLEWRAP),
        **more,
    )


@pytest.mark.slow
def test_the_witness_is_heard_through_the_walls(checkout: Path):
    (checkout / "test_a.py").write_text("def test_a(): pass\ndef test_b(): assert 0\n")
    (verdict,) = held([gate(PYTEST)], checkout)
    assert (verdict.verdict, verdict.reason, verdict.sandbox) == ("red", "exit 1: 1 of 2 tests failed", "bubblewrap")
    assert verdict.refusals == ()
    assert verdict.census is not None
    assert verdict.census.witnessed


@pytest.mark.slow
def test_workers_are_heard_through_the_walls(checkout: Path):
    (checkout / "test_a.py").write_text("def test_a(): pass\ndef test_b(): pass\n")
    (verdict,) = held([gate(f"{PYTEST} -n 2")], checkout)
    told = (verdict.reason, verdict.exit, verdict.output[-2000:])
    assert (verdict.verdict, verdict.tests, verdict.refusals) == ("green", 2, ()), told


def test_a_runner_that_is_killed_behind_the_walls_is_named(checkout: Path):
    (checkout / "test_a.py").write_text("import os\ndef test_a(): os._exit(0)\n")
    (verdict,) = held([gate(PYTEST)], checkout)
    assert verdict.verdict == "red"
    assert "never ended" in verdict.reason


def test_the_witness_can_not_be_rewritten_from_inside(checkout: Path):
    (checkout / "conftest.py").write_text(
        "import pathlib, sys\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if name.startswith('waypost_witness'):\n"
        "        pathlib.Path(module.__file__).write_text('')\n"
    )
    (checkout / "test_a.py").write_text("def test_a(): pass\n")
    (verdict,) = held([gate(PYTEST)], checkout)
    assert verdict.verdict == "red"
    assert b"Read-only file system" in verdict.output


def test_a_held_out_folder_is_shown_to_its_gate_and_can_not_be_changed(checkout: Path, tmp_path: Path):
    outside = tmp_path / "held"
    outside.mkdir()
    (outside / "expected").write_text("42")
    looks = gate('cat "$WAYPOST_HELD_OUT/expected" && ! touch "$WAYPOST_HELD_OUT/x"', "looks", held_out="held")
    other = gate(f"test ! -e {outside}/expected", "other")
    first, second = held([looks, other], checkout, held_out={"looks": outside})
    assert (first.verdict, second.verdict) == ("green", "green")
    assert first.output.startswith(b"42")


def test_a_service_and_an_oracle_meet_in_a_network_of_their_own(checkout: Path):
    port = free_port()
    (checkout / "answer").write_text("42")
    serves = gate(
        f"exec python -m http.server {port} --bind 127.0.0.1",
        "dev",
        GateKind.SERVICE,
        ready=f"http://127.0.0.1:{port}/answer",
        timeout=30,
    )
    asks = f"import sys, urllib.request as u; sys.exit(u.urlopen('http://127.0.0.1:{port}/answer').read() != b'42')"
    dev, unit = held([serves, gate("true", oracle=f'python -c "{asks}"')], checkout)
    assert (dev.verdict, unit.verdict, unit.reason) == ("green", "green", "exit 0; oracle: exit 0")


def test_without_a_service_not_even_the_machines_loopback_is_there(checkout: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connects = f"import socket; socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), 2)"
        (verdict,) = held([gate(f'python -c "{connects}"')], checkout)
        (open_to_all,) = play([gate(f'python -c "{connects}"')], checkout)
    assert (verdict.verdict, open_to_all.verdict) == ("red", "green")
