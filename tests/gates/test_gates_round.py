"""What a round gives each of its gates: an oracle outside, a held-out folder, and a checkout as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from gates_cases import free_port, gate, play

from waypost.documents.model import GateKind

GREEN_TESTS = "python -m pytest -q -p no:cacheprovider test_app.py"
ASKS = "import sys, urllib.request as u; sys.exit(u.urlopen('http://127.0.0.1:{port}/answer').read() != b'42')"


def test_green_tests_with_a_red_oracle_are_red(tmp_path: Path):
    (tmp_path / "test_app.py").write_text("def test_a(): pass\n")
    (tmp_path / "app.py").write_text("print(41)\n")
    (verdict,) = play([gate(GREEN_TESTS, oracle='test "$(python app.py)" = 42')], tmp_path)
    assert (verdict.verdict, verdict.reason) == ("red", "oracle: exit 1")
    assert b"1 passed" in verdict.output
    assert b"[oracle: test" in verdict.output
    assert (verdict.tests, verdict.failed) == (1, 0)


def test_green_tests_with_a_green_oracle_are_green_and_say_both(tmp_path: Path):
    (tmp_path / "test_app.py").write_text("def test_a(): pass\n")
    (verdict,) = play([gate(GREEN_TESTS, oracle="echo asked")], tmp_path)
    assert (verdict.verdict, verdict.reason) == ("green", "exit 0: 1 test ran; oracle: exit 0")
    assert verdict.output.endswith(b"asked\n")


def test_an_oracle_is_not_asked_about_red_tests(tmp_path: Path):
    (verdict,) = play([gate("exit 3", oracle="touch asked")], tmp_path)
    assert verdict.reason == "exit 3"
    assert not (tmp_path / "asked").exists()


def test_an_oracle_that_is_missing_or_hangs_is_red_and_says_so(tmp_path: Path):
    (missing,) = play([gate("true", oracle="nosuchoracle")], tmp_path)
    assert missing.reason == "oracle: command not found: nosuchoracle"
    (hangs,) = play([gate("true", oracle="sleep 90", timeout=0.5)], tmp_path)
    assert hangs.reason == "oracle: timed out after 0.5 s"


def test_an_oracle_asks_a_served_port_what_patched_tests_hide(tmp_path: Path):
    for answer, light in (("42", "green"), ("0", "red")):
        port = free_port()
        (tmp_path / "answer").write_text(answer)
        serves = gate(
            f"exec python -m http.server {port} --bind 127.0.0.1",
            "dev",
            GateKind.SERVICE,
            ready=f"tcp:127.0.0.1:{port}",
            timeout=30,
        )
        asks = gate("true", "unit", oracle=f'python -c "{ASKS.format(port=port)}"')
        dev, unit = play([serves, asks], tmp_path)
        assert (dev.verdict, unit.verdict) == ("green", light)


def test_a_held_out_gate_sees_its_folder_and_tells_nothing_to_the_agent(tmp_path: Path):
    checkout, outside = tmp_path / "checkout", tmp_path / "held"
    checkout.mkdir()
    outside.mkdir()
    (outside / "test_secret.py").write_text("def test_a_thing_nobody_knows(): assert 'known' == 'unknown'\n")
    command = 'python -m pytest -q -p no:cacheprovider "$WAYPOST_HELD_OUT"'
    held, other = play(
        [gate(command, "held", held_out="held"), gate('test -z "$WAYPOST_HELD_OUT"', "other")],
        checkout,
        held_out={"held": outside},
    )
    assert held.verdict == "red"
    assert held.essence == ""
    assert b"test_a_thing_nobody_knows" in held.output
    assert held.failed == 1
    assert other.verdict == "green"


def test_a_held_out_gate_with_a_red_oracle_tells_nothing_either(tmp_path: Path):
    outside = tmp_path / "held"
    outside.mkdir()
    oracle = 'echo secret; test -d "$WAYPOST_HELD_OUT" && exit 4'
    (held,) = play([gate("true", "held", held_out="x", oracle=oracle)], tmp_path, held_out={"held": outside})
    assert (held.verdict, held.reason, held.essence) == ("red", "oracle: exit 4", "")
    assert b"secret" in held.output


def test_a_held_out_folder_that_is_not_there_is_red(tmp_path: Path):
    for known in ({}, {"held": tmp_path / "nowhere"}):
        (held,) = play([gate("true", "held", held_out="x")], tmp_path, held_out=known)
        assert (held.verdict, held.reason) == ("red", "its held-out folder is not there: x")


def test_what_one_gate_left_is_not_there_for_the_next(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "kept").write_text("1")
    made: list[Path] = []

    async def fresh() -> Path:
        made.append(tmp_path / f"checkout{len(made)}")
        shutil.copytree(source, made[-1])
        return made[-1]

    shutil.copytree(source, tmp_path / "first")
    spoils = gate('echo green > report; rm kept; echo "exit 0" > pytest; chmod +x pytest', "spoils")
    looks = gate("test ! -e report && test ! -e pytest && test -e kept && pwd", "looks")
    gates = [spoils, looks, gate("", "eyes", GateKind.MANUAL), gate("test ! -e report", "looks again")]
    verdicts = play(gates, tmp_path / "first", fresh=fresh)
    assert [verdict.verdict for verdict in verdicts] == ["green", "green", "waiting", "green"]
    assert verdicts[1].output == f"{made[0]}\n".encode()
    assert len(made) >= 2


def test_a_gate_that_removes_its_checkout_hurts_no_other_where_each_gets_a_fresh_one(tmp_path: Path):
    async def fresh() -> Path:
        (tmp_path / "again").mkdir()
        return tmp_path / "again"

    (tmp_path / "first").mkdir()
    gates = [gate('rm -rf "$PWD"', "removes"), gate("true", "after")]
    removes, after = play(gates, tmp_path / "first", fresh=fresh)
    assert (removes.verdict, after.verdict) == ("red", "green")
