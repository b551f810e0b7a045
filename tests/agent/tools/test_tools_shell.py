from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools_cases import VARIABLES, bench, call, refused

from waypost.agent.tools.result import HANDLE
from waypost.agent.tools.shell import SHELL
from waypost.agent.tools.terminal import cleaned, shortened
from waypost.sandbox.chaos import ChaosSandbox, Fault
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command
from waypost.sandbox.scripted import ScriptedSandbox, answer


def test_the_last_line_tells_the_true_exit_code_of_a_pipe(tmp_path: Path) -> None:
    result = call(bench(tmp_path), "shell", command="echo out; (exit 3) | cat")
    assert re.fullmatch(r"out\n\[exit 3 · \d+\.\d\d s\]", result.text)
    assert result.facts["exit"] == 3
    assert not result.is_error  # a red exit code is an answer


def test_silence_is_said(tmp_path: Path) -> None:
    assert re.fullmatch(r"\[exit 0 · [\d.]+ s · no output\]", call(bench(tmp_path), "shell", command="true").text)


def test_each_call_starts_in_the_root_with_its_mark_and_variables(tmp_path: Path) -> None:
    pids: list[int] = []
    on = bench(tmp_path, mark=lambda: "run/7", variables={**VARIABLES, "GIVEN": "yes"}, started=pids.append)
    call(on, "shell", command="mkdir -p below; cd below")
    lines = call(on, "shell", command='pwd; echo "$WAYPOST_MARK $GIVEN"').text.splitlines()
    assert lines[:2] == [str(tmp_path.resolve()), "run/7 yes"]
    assert len(pids) == 2


def test_a_time_limit_is_an_error_that_names_it(tmp_path: Path) -> None:
    text = refused(bench(tmp_path, longest_timeout=0.3), "shell", command="echo begun; sleep 60", timeout=50)
    assert text.startswith("begun\n[timed out after 0.3 s and was ended; give a longer timeout")


def test_background_processes_that_were_ended_are_named(tmp_path: Path) -> None:
    text = call(bench(tmp_path), "shell", command="sleep 586 & true").text
    assert "background processes end with their call, ended: sleep 586]" in text


def test_a_fatal_signal_is_named(tmp_path: Path) -> None:
    assert "killed by SIGKILL" in refused(bench(tmp_path), "shell", command="kill -9 $$")
    assert "exit 137 (SIGKILL)" in call(bench(tmp_path), "shell", command="bash -c 'kill -9 $$'; exit $?").text


def test_a_long_output_is_shortened_and_kept_whole_beside(tmp_path: Path) -> None:
    result = call(bench(tmp_path, shown=1_000), "shell", command="echo '{handle}'; seq 1 5000")
    assert result.full is not None
    assert result.full.decode().endswith("\n4999\n5000\n")
    assert re.search(r"\n… [\d,]+ characters left out; expand \{handle\} …\n", result.text)
    assert len(result.text) < 1_200
    named = result.naming("h7")
    assert named.startswith("{handle}\n1\n2\n")
    assert "expand h7 …" in named


def test_what_the_sandbox_could_not_keep_is_said_where_it_is_missing(tmp_path: Path) -> None:
    result = call(bench(tmp_path, output_limit=400, shown=10_000), "shell", command="seq 1 5000")
    assert re.search(r"\n… 23,493 bytes were not kept …\n", result.text)


def test_a_spawn_that_fails_is_told_to_the_model(tmp_path: Path) -> None:
    on = bench(tmp_path, sandbox=ChaosSandbox(PlainSandbox(), [Fault.SPAWN_FAILS]))
    assert "not started: injected fault" in refused(on, "shell", command="true")
    assert "null byte" in refused(bench(tmp_path), "shell", command="true \0")


def test_the_time_limit_given_reaches_the_sandbox(tmp_path: Path) -> None:
    seen: list[Command] = []
    scripted = ScriptedSandbox(lambda command: seen.append(command) or answer("ok"))  # type: ignore[func-returns-value]
    on = bench(tmp_path, sandbox=scripted)
    assert asyncio.run(SHELL.run({"command": "x", "timeout": 9}, on)).text == "ok\n[exit 0 · 0.00 s]"
    asyncio.run(SHELL.run({"command": "x"}, on))
    assert [command.timeout for command in seen] == [9.0, 120.0]


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"\x1b[1;31mred\x1b[0m plain", "red plain"),
        (b"\x1b]0;title\x07text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "text link"),
        (b"\x1b(Bset\x1b[?25l\x1b7\x1b8", "set"),
        (b" 10%\r 50%\r100%\ndone\r\n", "100%\ndone\n"),
        (b"ab\b\bxy\n\b", "xy\n"),
        (b"caf\xc3\xa9 \xff\x00\x07", "café �"),
        (b"tab\there", "tab\there"),
    ],
)
def test_an_output_is_shown_as_a_terminal_would(raw: bytes, seen: str) -> None:
    assert cleaned(raw) == seen


@given(st.binary(max_size=200))
def test_any_output_becomes_clean_text(raw: bytes) -> None:
    text = cleaned(raw)
    assert not set(text) & set("\x00\x07\x08\x1b\r")
    text.encode()


@given(st.text("ab\n", max_size=400), st.integers(10, 200))
def test_a_shortened_text_is_a_head_and_a_tail_of_the_whole(text: str, limit: int) -> None:
    short = shortened(text, limit)
    if short.handle_at is None:
        assert short.text == text
        return
    head, _, rest = short.text.partition("… ")
    number, _, tail = rest.partition(f" characters left out; expand {HANDLE} …\n")
    assert text.startswith(head.removesuffix("\n"))
    assert text.endswith(tail)
    left_out = int(number.replace(",", ""))
    assert len(text) - left_out - len(tail) in {len(head), len(head) - 1}
    assert short.text[short.handle_at :].startswith(HANDLE)
