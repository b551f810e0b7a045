from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_cases import command

from waypost.sandbox.chaos import ChaosSandbox, Fault
from waypost.sandbox.output import Keeper
from waypost.sandbox.sandbox import Outcome, Sandbox, SpawnError
from waypost.sandbox.scripted import NotInScriptError, ScriptedSandbox, answer

HERE = Path()


def outcome(sandbox: Sandbox, text: str = "make") -> Outcome:
    return asyncio.run(sandbox.run(command(text, HERE)))


def test_the_scripted_sandbox_answers_by_the_commands_text() -> None:
    scripted = ScriptedSandbox({"make": answer("built\n", 2)})
    pids: list[int] = []
    got = asyncio.run(scripted.run(command("make", HERE), pids.append))
    assert (got.exit, got.output, len(pids)) == (2, b"built\n", 1)
    assert [given.argv[-1] for given in scripted.commands] == ["make"]


def test_what_the_script_lacks_is_named() -> None:
    with pytest.raises(NotInScriptError, match="'make'"):
        outcome(ScriptedSandbox(lambda _: None))


def test_chaos_injects_its_faults_in_turn_and_then_none() -> None:
    inner = ScriptedSandbox({"make": answer("0123456789")})
    chaos = ChaosSandbox(inner, [Fault.SPAWN_FAILS, Fault.KILLED, Fault.OUTPUT_CUT, Fault.TIMED_OUT])
    with pytest.raises(SpawnError, match="injected"):
        outcome(chaos)
    assert inner.commands == []
    assert outcome(chaos).signal == 9
    cut = outcome(chaos)
    assert (cut.output, cut.dropped, cut.cut_at, cut.exit) == (b"01234", 5, 5, 0)
    assert outcome(chaos).timed_out
    assert outcome(chaos) == answer("0123456789")


@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(0, 400))
def test_head_and_tail_are_kept_however_the_bytes_come(pieces: list[bytes], limit: int) -> None:
    keeper = Keeper(limit)
    for piece in pieces:
        keeper.add(piece)
    whole, kept = b"".join(pieces), keeper.kept()
    assert kept.dropped == max(0, len(whole) - limit)
    if not kept.dropped:
        assert kept.data == whole
        return
    assert kept.data[: kept.cut_at] == whole[: limit // 2]
    assert kept.data[kept.cut_at :] == whole[len(whole) - (limit - limit // 2) :]
