from __future__ import annotations

import asyncio
import resource
import signal
import sys
from pathlib import Path

import pytest
from sandbox_cases import DAEMON, VARIABLES, command, lives, until

from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command, Outcome, SpawnError


def run(text: str, folder: Path, **limits: float | int | str) -> Outcome:
    return asyncio.run(PlainSandbox().run(command(text, folder, **limits)))  # type: ignore[arg-type]


def test_exit_code_and_both_outputs_come_in_their_order(tmp_path: Path) -> None:
    outcome = run("echo one; echo two >&2; echo three; exit 7", tmp_path)
    assert (outcome.exit, outcome.signal, outcome.timed_out) == (7, None, False)
    assert outcome.output == b"one\ntwo\nthree\n"
    assert outcome.dropped == 0


def test_a_pipe_fails_if_any_part_fails(tmp_path: Path) -> None:
    assert run("false | cat", tmp_path).exit == 1


def test_a_command_runs_in_its_folder_with_its_variables_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a place with ümlaut"
    folder.mkdir()
    given = Command(("/usr/bin/env",), folder, {"ONLY": "this"}, 10, mark="run/1")
    outcome = asyncio.run(PlainSandbox().run(given))
    assert sorted(outcome.output.decode().split()) == ["ONLY=this", "WAYPOST_MARK=run/1"]
    assert run("pwd", folder).output.decode().strip() == str(folder)


def test_start_up_files_of_the_shell_are_not_read(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("echo read")
    given = command("echo ran", tmp_path)
    variables = {**VARIABLES, "HOME": str(tmp_path)}
    outcome = asyncio.run(PlainSandbox().run(Command(given.argv, tmp_path, variables, 10)))
    assert outcome.output == b"ran\n"


def test_a_signal_is_reported_as_a_signal(tmp_path: Path) -> None:
    outcome = run("kill -9 $$", tmp_path)
    assert (outcome.exit, outcome.signal) == (None, signal.SIGKILL)


def test_binary_output_is_kept_to_the_byte(tmp_path: Path) -> None:
    every = bytes(range(256)) * 40
    (tmp_path / "bytes").write_bytes(every)
    assert run("cat bytes", tmp_path).output == every


def test_a_command_that_reads_finds_its_input_closed(tmp_path: Path) -> None:
    assert run("cat; read -r line || echo closed", tmp_path).output == b"closed\n"


def test_given_input_is_read_and_unread_input_blocks_nothing(tmp_path: Path) -> None:
    big = b"x" * 3_000_000
    given = command("wc -c", tmp_path)
    read = Command(given.argv, tmp_path, VARIABLES, 20, stdin=big)
    assert asyncio.run(PlainSandbox().run(read)).output.strip() == b"3000000"
    unread = Command(command("true", tmp_path).argv, tmp_path, VARIABLES, 20, stdin=big)
    assert asyncio.run(PlainSandbox().run(unread)).exit == 0


def test_of_a_long_output_head_and_tail_are_kept(tmp_path: Path) -> None:
    outcome = run("seq 1 100000", tmp_path, limit=1000)
    whole = "".join(f"{number}\n" for number in range(1, 100_001)).encode()
    assert outcome.cut_at == 500
    assert outcome.output == whole[:500] + whole[-500:]
    assert outcome.dropped == len(whole) - 1000


@pytest.mark.slow
def test_a_gigabyte_of_output_takes_no_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = run("head -c 1G /dev/zero", tmp_path, timeout=120)
    assert outcome.exit == 0
    assert outcome.dropped == (1 << 30) - (1 << 20)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_background_process_that_keeps_the_pipe_is_ended_and_named(tmp_path: Path) -> None:
    outcome = run("sleep 599 & echo $! started", tmp_path)
    pid = int(outcome.output.split()[0])
    assert outcome.exit == 0
    assert outcome.left_running == ("sleep 599",)
    assert not lives(pid)


def test_a_background_process_that_writes_for_ever_ends_with_the_command(tmp_path: Path) -> None:
    outcome = run("yes & echo $! > pid", tmp_path)
    assert outcome.left_running == ("yes",)
    assert not lives(int((tmp_path / "pid").read_text()))


@pytest.mark.slow
def test_a_background_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    outcome = run(
        "(trap '' TERM; echo $BASHPID > pid; sleep 598; sleep 598) & while ! test -s pid; do :; done",
        tmp_path,
    )
    assert outcome.exit == 0
    assert outcome.left_running
    assert not lives(int((tmp_path / "pid").read_text()))


def test_a_daemon_that_left_the_session_is_found_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(DAEMON)
    outcome = run(f"{sys.executable} daemon.py it; while ! test -e it.pid; do sleep 0.01; done", tmp_path)
    assert outcome.exit == 0
    assert [name.endswith("daemon.py it") for name in outcome.left_running] == [True]
    assert until(lambda: not lives(int((tmp_path / "it.pid").read_text())))


def test_a_process_that_wiped_its_environment_is_found_by_its_session(tmp_path: Path) -> None:
    outcome = run("env -i sleep 597 >/dev/null 2>&1 & echo $!", tmp_path)
    assert outcome.left_running
    assert not lives(int(outcome.output))


def test_last_words_of_a_process_substitution_are_heard(tmp_path: Path) -> None:
    outcome = run("echo said > >(sleep 0.02; cat)", tmp_path)
    assert outcome.output == b"said\n"


@pytest.mark.slow
def test_at_the_time_limit_all_is_ended_and_the_output_so_far_is_kept(tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(DAEMON)
    text = f"echo begun; {sys.executable} daemon.py it; sleep 596 & echo $! > pid; sleep 595"
    outcome = run(text, tmp_path, timeout=2)
    assert outcome.timed_out
    assert outcome.output == b"begun\n"
    assert (outcome.exit, outcome.signal) == (None, signal.SIGTERM)
    assert not lives(int((tmp_path / "pid").read_text()))
    assert until(lambda: not lives(int((tmp_path / "it.pid").read_text())))


def test_at_the_time_limit_a_command_may_tidy_up(tmp_path: Path) -> None:
    outcome = run("trap 'echo tidied; exit 3' TERM; sleep 594 & wait", tmp_path, timeout=0.6)
    assert outcome.timed_out
    assert outcome.exit == 3
    assert outcome.output == b"tidied\n"


def test_cancelling_ends_all_that_the_command_started(tmp_path: Path) -> None:
    async def cancelled() -> int:
        task = asyncio.create_task(PlainSandbox().run(command("sleep 593 & echo $! > pid; wait", tmp_path)))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int((tmp_path / "pid").read_text())

    assert not lives(asyncio.run(cancelled()))


def test_a_failing_listener_leaves_nothing_running(tmp_path: Path) -> None:
    seen: list[int] = []

    def fails(pid: int) -> None:
        seen.append(pid)
        raise KeyError(pid)

    with pytest.raises(KeyError):
        asyncio.run(PlainSandbox().run(command("sleep 592", tmp_path), fails))
    assert until(lambda: not lives(seen[0]))


def test_commands_run_side_by_side_without_ending_each_other(tmp_path: Path) -> None:
    async def both() -> list[Outcome]:
        plain = PlainSandbox()
        first = plain.run(command("sleep 0.4; echo slow", tmp_path))
        rest = [plain.run(command(f"sleep 591 & echo {number}", tmp_path)) for number in range(5)]
        return list(await asyncio.gather(first, *rest))

    slow, *others = asyncio.run(both())
    assert (slow.output, slow.left_running) == (b"slow\n", ())
    assert [other.left_running for other in others] == [("sleep 591",)] * 5


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    plain = PlainSandbox()
    with pytest.raises(SpawnError, match="no such folder"):
        asyncio.run(plain.run(command("true", tmp_path / "nowhere")))
    with pytest.raises(SpawnError, match="nothing-like-it: not started: No such file"):
        asyncio.run(plain.run(Command(("nothing-like-it",), tmp_path, VARIABLES, 5)))
    with pytest.raises(SpawnError, match="put the long text into a file"):
        asyncio.run(plain.run(command("true " + "x" * 3_000_000, tmp_path)))
    with pytest.raises(SpawnError, match="null byte"):
        asyncio.run(plain.run(command("true \0", tmp_path)))


@pytest.mark.slow
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    async def many() -> tuple[int, int]:
        plain = PlainSandbox()
        await plain.run(command("true", tmp_path))
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(10):
            await plain.run(command("sleep 590 & true", tmp_path))
            with pytest.raises(SpawnError):
                await plain.run(command("true", tmp_path / "nowhere"))
        return before, len(list(Path("/proc/self/fd").iterdir()))

    before, after = asyncio.run(many())
    assert before == after
