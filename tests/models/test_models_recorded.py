from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import models_cases as cases
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waypost.models.clock import FakeClock
from waypost.models.model import BadModel
from waypost.models.recorded import Header, RecordedAnswer, RecordedModel, read_recording, write_recording
from waypost.wires.conversation import Response, UserMessage

GOLDEN = Path(__file__).parent / "golden" / "recording-v1.jsonl"
HEADER = Header("openai:m", "three answers")
ANSWERS = [RecordedAnswer(n, f"{n:064x}", 1 + 2 * n, cases.said(f"Answer {n}.")) for n in range(3)]


def recorded(file: Path, speed: float = 0.0, clock: FakeClock | None = None) -> RecordedModel:
    return RecordedModel(f"recorded:{file}", read_recording(file), speed=speed, clock=clock or FakeClock())


@pytest.fixture(params=["run.jsonl", "run.jsonl.gz"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = tmp_path / request.param
    write_recording(path, HEADER, ANSWERS)
    return path


def test_the_recording_format_is_what_the_golden_file_says(tmp_path: Path) -> None:
    write_recording(tmp_path / "new.jsonl", HEADER, ANSWERS)
    assert (tmp_path / "new.jsonl").read_bytes() == GOLDEN.read_bytes()
    assert list(read_recording(GOLDEN)) == ANSWERS
    assert read_recording(GOLDEN).header == HEADER


def test_answers_come_back_whole_in_any_order(file: Path) -> None:
    model = recorded(file)
    for ordinal in (2, 0, 1, 0):
        assert asyncio.run(cases.answer(model, cases.request(ordinal))) == ANSWERS[ordinal].response


def test_equal_answers_give_equal_files(file: Path, tmp_path: Path) -> None:
    again = tmp_path / f"again{file.suffix}"
    write_recording(again, HEADER, read_recording(file))
    assert again.read_bytes() == file.read_bytes()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cases.responses(), max_size=4))
def test_any_answers_survive_a_file(tmp_path: Path, responses: list[Response]) -> None:
    answers = [RecordedAnswer(n, "", 1, response) for n, response in enumerate(responses)]
    write_recording(tmp_path / "any.jsonl.gz", HEADER, answers)
    assert list(read_recording(tmp_path / "any.jsonl.gz")) == answers


def test_past_the_end_it_says_that_the_run_went_another_way(file: Path) -> None:
    with pytest.raises(BadModel, match=r"has 3 answers; the run asked for number 4: .* another way"):
        asyncio.run(cases.answer(recorded(file), cases.request(3)))


def test_past_the_end_it_says_where_the_runs_first_differed(file: Path) -> None:
    model = recorded(file)
    asyncio.run(cases.answer(model, cases.request(0)))
    asyncio.run(cases.answer(model, cases.request(1, UserMessage("Something else."))))
    with pytest.raises(BadModel, match=r"first difference at answer 2, asked for with 1 messages where .* 3"):
        asyncio.run(cases.answer(model, cases.request(3)))


def test_without_speed_nobody_waits_and_with_it_the_times_are_kept(file: Path) -> None:
    for speed, waits in ((0.0, 0.0), (1.0, 8e-9), (0.001, 8e-6)):
        clock = FakeClock()
        asyncio.run(cases.answer(recorded(file, speed, clock), cases.request(0)))
        assert sum(clock.sleeps) == pytest.approx(waits)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    for data, told in (
        (b"", ":1: not JSON"),
        (b"[]\n", ":1: not a JSON object"),
        (b"{}\n", ":1: no recording"),
        (b'{"waypost_recording": 2}\n', ":1: version 2 of the format"),
    ):
        file.write_bytes(data)
        with pytest.raises(BadModel, match=told):
            read_recording(file)


@pytest.mark.parametrize("data", [b"no gzip at all", gzip.compress(b"x" * 9999, mtime=0)[:30], b""])
def test_a_damaged_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(data)
    with pytest.raises(BadModel, match=r"a\.gz"):
        read_recording(tmp_path / "a.gz")


def test_a_recording_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="can't read the recording"):
        read_recording(tmp_path / "none.jsonl")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    write_recording(file, HEADER, ANSWERS)
    lines = file.read_bytes().splitlines()
    broken = json.loads(lines[2])
    broken["response"]["stop"] = "never"
    file.write_bytes(b"\n".join([lines[0], lines[2], json.dumps(broken).encode(), lines[3][:20]]))
    for ordinal, told in enumerate([":2: answer 1 where 0 belongs", ":3: not a recorded", ":4: not JSON"]):
        with pytest.raises(BadModel, match=told):
            asyncio.run(cases.answer(recorded(file), cases.request(ordinal)))
