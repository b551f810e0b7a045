"""A gate's run: every command, however bad, ends in a verdict that says why."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from gates_cases import PATH, free_port, gate, one, play

from waypost.documents.model import Gate, GateKind
from waypost.gates.run import run_gates
from waypost.sandbox.chaos import ChaosSandbox, Fault
from waypost.sandbox.orphans import find_marked
from waypost.sandbox.plain import PlainSandbox


def serving() -> Gate:
    port = free_port()
    command = f"python -m http.server {port} --bind 127.0.0.1"
    return gate(command, "stays", GateKind.SERVICE, ready=f"tcp:127.0.0.1:{port}")


PASSING = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\nunittest.main()\n"
REPORT = '<testsuite><testcase classname="a" name="b"/></testsuite>'


def test_a_command_that_ends_with_0_is_green(tmp_path: Path):
    verdict = one("echo fine; pwd", tmp_path)
    assert (verdict.verdict, verdict.reason, verdict.exit) == ("green", "exit 0", 0)
    assert verdict.output == f"fine\n{tmp_path}\n".encode()
    assert (verdict.essence, verdict.tree, verdict.tests) == ("", "4b825dc", None)


def test_a_failing_part_of_a_pipe_is_red(tmp_path: Path):
    assert one("false | cat", tmp_path).reason == "exit 1"


def test_a_red_line_is_not_hidden_by_a_green_one_after_it(tmp_path: Path):
    verdict = one("echo first\nfalse\necho second", tmp_path)
    assert (verdict.reason, verdict.output) == ("exit 1", b"first\n")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("nosuchprogram --all", "command not found: nosuchprogram"),
        ("./nosuchfile", "command not found: ./nosuchfile"),
        ("echo x > file; ./file", "command not executable: ./file"),
        ("exit 7", "exit 7"),
        ("kill -9 $$", "killed by signal 9 (SIGKILL)"),
        ("bash -c 'kill -SEGV $$'; true", "exit 139 (SIGSEGV)"),
        ("if", "exit 2"),
        (
            "yes | head -1 > /dev/null",
            "exit 141 (SIGPIPE): a program wrote on into a pipe whose reader had ended, as before `| head`",
        ),
    ],
)
def test_a_command_that_fails_says_how(tmp_path: Path, command: str, reason: str):
    verdict = one(command, tmp_path)
    assert (verdict.verdict, verdict.reason) == ("red", reason)


def test_a_command_that_hangs_is_timed_out_and_leaves_nothing(tmp_path: Path):
    verdict = one("echo before; sleep 87 & sleep 88", tmp_path, name="hangs", timeout=0.3)
    assert (verdict.verdict, verdict.reason) == ("red", "timed out after 0.3 s")
    assert verdict.essence.endswith("before")
    assert find_marked(f"{tmp_path}/") == []


def test_daemons_that_a_command_forks_are_ended_and_named(tmp_path: Path):
    daemon = "setsid bash -c 'touch up; exec sleep 89' > /dev/null 2>&1 & disown"
    verdict = one(f"{daemon}; until test -e up; do sleep 0.01; done", tmp_path, name="forks")
    assert verdict.verdict == "green"
    assert re.fullmatch(r"exit 0 \(left running, and ended: .*sleep 89\)", verdict.reason)
    assert find_marked(f"{tmp_path}/") == []


@pytest.mark.slow
def test_a_gigabyte_of_output_is_kept_as_head_and_tail(tmp_path: Path):
    verdict = one("echo begin; head -c 1000000000 /dev/zero | tr '\\0' y; echo; echo end; false", tmp_path)
    assert verdict.reason == "exit 1"
    assert len(verdict.output) < 1_200_000
    assert verdict.output.startswith(b"begin\nyyy")
    assert verdict.output.endswith(b"yyy\nend\n")
    assert re.search(rb"\[\xe2\x80\xa6 \d+ bytes left out \xe2\x80\xa6\]", verdict.output)
    assert len(verdict.essence) <= 4_000
    assert verdict.essence.endswith("end")


def test_a_command_that_removes_its_checkout_is_red_and_so_are_those_after_it(tmp_path: Path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    removes, after, waits = play(
        [gate('rm -rf "$PWD"', "removes"), gate("true", "after"), gate("", "eyes", GateKind.MANUAL)], checkout
    )
    assert (removes.verdict, removes.reason) == ("red", "exit 0, but the command removed its checkout")
    assert (after.verdict, after.reason) == ("red", "the checkout is gone: a gate before this one removed it")
    assert waits.verdict == "waiting"


def test_nul_bytes_and_other_garbage_are_kept_as_evidence_and_left_out_of_the_essence(tmp_path: Path):
    verdict = one(r"printf 'a\0b\xff\033[31mred\033[0m\n'; exit 1", tmp_path)
    assert verdict.output == b"a\0b\xff\x1b[31mred\x1b[0m\n"
    assert verdict.essence == "The whole output (exit 1):\nab\ufffdred"


def test_a_command_that_can_not_be_started_is_red(tmp_path: Path):
    sandbox = ChaosSandbox(PlainSandbox(), [Fault.SPAWN_FAILS])
    broken, fine = play([gate("true", "broken"), gate("true", "fine")], tmp_path, sandbox=sandbox)
    assert broken.verdict == "red"
    assert broken.reason.endswith("not started: injected fault")
    assert fine.verdict == "green"


def test_a_nul_in_the_command_is_red(tmp_path: Path):
    assert one("echo \0", tmp_path).verdict == "red"


# --- tests and reports -----------------------------------------------------------------------------------------------


def test_exit_0_without_a_test_is_red_where_tests_are_asked_for(tmp_path: Path):
    (tmp_path / "test_none.py").write_text("")
    verdict = one("python -m unittest test_none || true", tmp_path, min_tests=12)
    assert (verdict.verdict, verdict.reason, verdict.tests) == ("red", "no test ran (min_tests=12)", 0)


def test_fewer_tests_than_asked_for_are_red(tmp_path: Path):
    (tmp_path / "t.py").write_text(PASSING)
    assert one("python t.py", tmp_path, min_tests=2).reason == "only 1 test ran (min_tests=2)"
    assert one("python t.py", tmp_path, min_tests=1).reason == "exit 0: 1 test ran"


def test_tests_that_nobody_counts_are_red_where_they_are_asked_for(tmp_path: Path):
    verdict = one("echo all good", tmp_path, min_tests=1)
    assert verdict.verdict == "red"
    assert "nothing in the output counts tests (min_tests=1); name a JUnit report" in verdict.reason


def test_failing_tests_are_counted_in_the_reason(tmp_path: Path):
    (tmp_path / "test_a.py").write_text("def test_a(): assert 0\ndef test_b(): pass\n")
    verdict = one("python -m pytest -q -p no:cacheprovider", tmp_path)
    assert verdict.reason == "exit 1: 1 of 2 tests failed"
    assert (verdict.tests, verdict.failed, verdict.skipped) == (2, 1, 0)


def test_a_gate_that_wants_its_command_to_fail_can_be_green(tmp_path: Path):
    (tmp_path / "test_a.py").write_text("def test_a(): assert 0\n")
    verdict = one("! python -m pytest -q -p no:cacheprovider", tmp_path)
    assert (verdict.verdict, verdict.reason) == ("green", "exit 0: 1 of 1 test failed")


@pytest.mark.slow
def test_a_report_speaks_before_the_exit_code(tmp_path: Path):
    (tmp_path / "test_a.py").write_text("def test_a(): assert 0\ndef test_b(): pass\n")
    command = "python -m pytest -q -p no:cacheprovider --junitxml=out/r.xml || true"
    verdict = one(command, tmp_path, junit="out/r.xml")
    assert (verdict.verdict, verdict.reason) == ("red", "exit 0, but out/r.xml says that 1 of 2 tests failed")
    assert "test_a.py::test_a (test_a.py:1): assert 0" in verdict.essence


def test_a_report_from_before_the_run_says_nothing(tmp_path: Path):
    (tmp_path / "r.xml").write_text(REPORT)
    verdict = one("true", tmp_path, junit="r.xml")
    assert (verdict.verdict, verdict.reason) == ("red", "exit 0, but no report at r.xml")


def test_an_invalid_report_is_red(tmp_path: Path):
    verdict = one("echo '<testsuite><testcase' > r.xml", tmp_path, junit="r.xml")
    assert verdict.verdict == "red"
    assert verdict.reason.startswith("exit 0, but r.xml:1: no readable XML: ")


def test_a_report_by_link_from_outside_is_red(tmp_path: Path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (tmp_path / "r.xml").write_text(REPORT)
    assert "leads out of the checkout" in one("true", checkout, junit="../r.xml").reason
    assert "is a link" in one("ln -s ../r.xml r.xml", checkout, junit="r.xml").reason
    assert "through a link" in one("ln -s .. up", checkout, junit="up/r.xml").reason
    assert (tmp_path / "r.xml").read_text() == REPORT


# --- kinds and order -------------------------------------------------------------------------------------------------


def test_checks_run_in_the_plans_order_and_a_red_one_stops_none(tmp_path: Path):
    told: list[str] = []
    gates = [gate("echo a >> log; false", "a"), gate("echo b >> log", "b"), gate("cat log", "c")]
    verdicts = play(gates, tmp_path, told=told)
    assert [verdict.verdict for verdict in verdicts] == ["red", "green", "green"]
    assert verdicts[2].output == b"a\nb\n"
    assert told == ["a started", "a red", "b started", "b green", "c started", "c green"]


def test_a_manual_gate_waits_for_a_human_and_runs_nothing(tmp_path: Path):
    told: list[str] = []
    (verdict,) = play([gate("touch ran", "eyes", GateKind.MANUAL)], tmp_path, told=told)
    assert (verdict.verdict, verdict.reason) == ("waiting", "waits for a human")
    assert told == ["eyes waiting"]
    assert not (tmp_path / "ran").exists()


def test_a_gate_without_its_credential_is_skipped_loudly(tmp_path: Path):
    pay = gate("touch ran", "pay", GateKind.ENV, variable="STRIPE_KEY")
    for secrets in ({}, {"STRIPE_KEY": ""}):
        (verdict,) = play([pay], tmp_path, secrets=secrets)
        assert (verdict.verdict, verdict.reason) == ("skipped", "skipped: no STRIPE_KEY in the environment")
    assert not (tmp_path / "ran").exists()


def test_a_credential_reaches_its_gate_only_and_none_of_the_evidence(tmp_path: Path):
    pay = gate('echo "key=$STRIPE_KEY"; exit 1', "pay", GateKind.ENV, variable="STRIPE_KEY")
    other = gate('echo "key=$STRIPE_KEY"', "other")
    paid, checked = play([pay, other], tmp_path, secrets={"STRIPE_KEY": "sk_live_123", "OTHER": "y"})
    assert paid.output == b"key=[STRIPE_KEY]\n"
    assert "sk_live_123" not in paid.essence
    assert "key=[STRIPE_KEY]" in paid.essence
    assert checked.output == b"key=\n"


def test_a_cancelled_round_leaves_no_process(tmp_path: Path):
    async def cancelled() -> None:
        started = asyncio.Event()
        gates = [serving(), gate("sleep 92", "check")]
        going = asyncio.create_task(
            run_gates(
                gates,
                checkout=tmp_path,
                tree="",
                sandbox=PlainSandbox(),
                variables=lambda _: {"PATH": PATH},
                mark=lambda name: f"{tmp_path}/{name}",
                secrets={},
                on_started=lambda one: started.set() if one.name == "check" else None,
                on_ended=lambda _: None,
            )
        )
        await started.wait()
        await asyncio.sleep(0.05)
        assert len(find_marked(f"{tmp_path}/")) >= 2
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(cancelled())
    assert find_marked(f"{tmp_path}/") == []


def test_what_a_listener_raises_ends_the_round_and_its_services(tmp_path: Path):
    def refuse(_: object) -> None:
        raise RuntimeError("stale epoch")

    gates = [serving(), gate("true", "check")]
    with pytest.raises(RuntimeError, match="stale epoch"):
        asyncio.run(
            run_gates(
                gates,
                checkout=tmp_path,
                tree="",
                sandbox=PlainSandbox(),
                variables=lambda _: {"PATH": PATH},
                mark=lambda name: f"{tmp_path}/{name}",
                secrets={},
                on_started=lambda _: None,
                on_ended=refuse,
            )
        )
    assert find_marked(f"{tmp_path}/") == []
