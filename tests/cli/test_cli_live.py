from __future__ import annotations

import dataclasses
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import HOSTILE, RUN, SOURCE, all_of, gate, move, repository, step, story, told
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.cli.frame import Moment, Size, frame
from waypost.cli.plain import describe
from waypost.events import kinds
from waypost.events.event import KINDS
from waypost.events.kinds import Limits
from waypost.runs.view import RunView, load_view


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    return load_view(told(tmp_path_factory.mktemp("live"), HOSTILE, outcome="").log, RUN)


@settings(max_examples=60, deadline=None)
@given(columns=st.integers(20, 200), lines=st.integers(6, 60), tail=st.text(max_size=300))
def test_every_frame_fits_its_terminal(view: RunView, columns: int, lines: int, tail: str) -> None:
    shown = frame(view, Moment(view.seen + 5_000_000, view.seen, tail), Size(columns, lines))
    assert len(shown) <= lines
    assert all(line.cell_len <= columns for line in shown)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) <= 0x9F for line in shown for c in line.plain)


def test_the_frame_shows_milestone_step_gate_tokens_cost_and_budget(tmp_path: Path) -> None:
    log = story(repository(tmp_path))
    log.tell(kinds.RunOpened("Title", "f", 1, "b", "waypost/x", "p", "scripted:x", limits=Limits(tokens=100_000)))
    log.tell(kinds.MilestonePlanned("M01", "First"), kinds.RunStarted(1, "0"), move("M01", "planned", "active"))
    log.tell(*step("M01", 1), *gate("M01", "unit", "red", "1 test fails", failed=1))
    log.tell(*step("M01", 2)[:3])
    view = RunView(RUN)
    for record in log.log.read():
        view.apply(record)
    moment = Moment(view.seen + 4_000_000, view.seen, "I look at the failing test first.")
    shown = "\n".join(line.plain for line in frame(view, moment, Size(80, 24)))
    for words in ("Title", "0/1", "M01 First", "M01 step 3 · shell pytest -q  4 s", "unit 1 failed ✘",
                  "18.1k in (88 % cached), 640 out · $0.0240", "81.2k of 100k left", "I look at the failing test",
                  "Ctrl-C stops"):  # fmt: skip
        assert words in shown


def test_the_current_milestone_stays_in_a_small_picture(tmp_path: Path) -> None:
    view = RunView(RUN)
    for number in range(1, 41):
        view.milestone(f"M{number:02d}").title = f"Milestone {number}"
    view.milestone("M20").state, view.current = "active", "M20"
    shown = [line.plain for line in frame(view, Moment(1), Size(60, 20))]
    assert any("M20 Milestone 20" in line for line in shown)
    assert any("above" in line for line in shown)
    assert any("below" in line for line in shown)


def test_every_kind_of_event_has_words() -> None:
    samples = {bool: True, int: 7, str: "word"}
    for cls in KINDS.values():
        values = {}
        for field in dataclasses.fields(cls):
            if field.default is dataclasses.MISSING:
                values[field.name] = next((v for t, v in samples.items() if field.type == t.__name__), None)
                values[field.name] = _sample(field.type, values[field.name])
        assert describe(cls(**values))


def _sample(annotation: object, plain: object) -> object:
    if plain is not None:
        return plain
    if annotation == "Blob":
        return kinds.Blob.of("text")
    return kinds.Spent() if annotation == "Spent" else ()


REPLAY = """
import asyncio, sys
from pathlib import Path
from waypost.cli.live import LiveView
from waypost.events.sqlite import SqliteLog
from waypost.runs.view import RunView
from waypost.wires.conversation import Delta, DeltaKind

async def replay():
    log = SqliteLog(Path(sys.argv[1]) / ".waypost" / "state.db")
    async with LiveView(RunView(log.runs()[-1])) as live:
        for record in log.read():
            live.on_record(record)
        live.on_delta(Delta(DeltaKind.TEXT, 0, "words as they come"))
        await asyncio.sleep(0.5)

asyncio.run(replay())
"""


def test_the_live_view_draws_on_a_real_terminal_and_gives_it_back(tmp_path: Path) -> None:
    told(tmp_path, HOSTILE, outcome="")
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    command = [sys.executable, "-c", REPLAY, str(tmp_path)]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as drawing:
        os.close(slave)
        said = all_of(master)
        assert drawing.wait(30) == 0, said
    assert "M02 step 10" in said
    assert "words as they come" in said
    assert "title\x07" not in said
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")
