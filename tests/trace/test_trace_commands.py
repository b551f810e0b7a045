"""`waypost blame` and `waypost trace` as a person meets them, with whatever they ask."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from trace_cases import SUMS, TOOLS, Played, Script, git, waypost
from trace_later import REPORT, Later, merged

Afterwards = Callable[[Later], tuple[Played, Script]]


@pytest.fixture
def stage(afterwards: Afterwards) -> tuple[Played, Script]:
    return afterwards(merged)


def test_a_line_is_told_from_the_step_down_to_the_deltas(stage: tuple[Played, Script]) -> None:
    played, script = stage
    line = script.at(REPORT, "    total_summary = 33") + 1
    ended = waypost(played.root, "blame", f"{REPORT}:{line}", "--json")
    assert ended.returncode == 0, ended.stderr
    (told,) = json.loads(ended.stdout)["lines"]
    assert told["sure"] == "certain"
    assert told["step"]["run"] == played.run
    assert told["step"]["attempt"] == 1
    assert told["call"]["tool"] == "write"
    assert told["argument"] == "text"
    assert told["prompt"]["seq"] == told["step"]["requested"]
    assert [segment["what"] for segment in told["prompt"]["segments"][:3]] == ["system and tools", "briefing", "answer"]
    assert told["decisions"][0]["title"] == "Integers"
    assert _delta_text(played, told).find("total_summary = 33") >= 0


def _delta_text(played: Played, told: dict[str, object]) -> str:
    """What the told deltas brought, worked out from the stored answer by itself."""
    log = played.log()
    step, call, deltas = told["step"], told["call"], told["deltas"]
    assert isinstance(step, dict)
    assert isinstance(call, dict)
    assert isinstance(deltas, dict)
    record = next(log.read(after=step["responded"] - 1, until=step["responded"]))
    answer = json.loads(log.content(record.event.answer))
    log.close()
    part = next(n for n, one in enumerate(answer["parts"]) if one.get("call") == call["id"])
    text, offset, found = answer["parts"][part]["arguments"], 0, ""
    for index, (kind, number, size, _) in enumerate(answer["deltas"]):
        if number == part and kind == "arguments":
            if deltas["first"] <= index <= deltas["last"]:
                found += text[offset : offset + size]
            offset += size
    assert len(found) < len(text) / 2, "the range is of the line, not of the call"
    return found


def test_words_for_a_person_name_step_edit_answer_and_prompt(stage: tuple[Played, Script]) -> None:
    played, script = stage
    line = script.at(REPORT, "    total_summary = 33") + 1
    said = waypost(played.root, "blame", f"{REPORT}:{line}").stdout
    for word in ("certain", played.run, "M03", "attempt 1", "edit ", "answer ", "deltas ", "prompt ", "decision "):
        assert word in said


def test_paths_are_taken_from_where_one_stands(stage: tuple[Played, Script]) -> None:
    played, _ = stage
    ended = waypost(played.root / "src", "blame", "report.py:4-6", "--json")
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["file"] == REPORT


def test_lines_that_are_not_committed_are_told_as_such(stage: tuple[Played, Script]) -> None:
    played, script = stage
    file = played.root / REPORT
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], "# of today", *lines[3:]]) + "\n")
    ended = waypost(played.root, "blame", f"{REPORT}:4-5", "--json")
    first, second = json.loads(ended.stdout)["lines"]
    assert "not committed" in first["why"]
    assert (second["sure"], second["line"], second["text"]) == ("certain", 5, script.lines(REPORT)[3])
    (played.root / "fresh.py").write_text("x = 1\n")
    (told,) = json.loads(waypost(played.root, "blame", "fresh.py:1", "--json").stdout)["lines"]
    assert "not committed" in told["why"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("src/nothing.py:1", "no such file"),
        (f"{SUMS}:9999", "no such line"),
        (f"{SUMS}:0", "counted from 1"),
        (f"{SUMS}:9-3", "counted from 1"),
        (f"{SUMS}:x1", "FILE:LINE"),
        ("../elsewhere.py:1", "not a file of the repository"),
        ("image.bin:1", "binary"),
        (f"{SUMS}:1 --rev nowhere", "names no commit"),
    ],
)
def test_what_is_not_there_is_bad_input(stage: tuple[Played, Script], place: str, words: str) -> None:
    played, _ = stage
    (played.root / "image.bin").write_bytes(b"\x00\x01\x02")
    ended = waypost(played.root, "blame", *place.split(" "))
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_persons_line_is_not_so(stage: tuple[Played, Script]) -> None:
    played, script = stage
    line = script.at(TOOLS, "    total_helper = 5") + 1
    ended = waypost(played.root, "blame", f"{TOOLS}:{line}")
    assert ended.returncode == 1
    assert "unknown" in ended.stdout


def test_from_a_call_up_to_the_approval_and_down_to_its_lines(stage: tuple[Played, Script]) -> None:
    played, script = stage
    line = script.at(REPORT, "    total_summary = 33") + 1
    (told,) = json.loads(waypost(played.root, "blame", f"{REPORT}:{line}", "--json").stdout)["lines"]
    ended = waypost(played.root, "trace", str(told["call"]["called"]), "--json")
    walk = json.loads(ended.stdout)
    assert [link["what"] for link in walk["up"]] == [
        "response", "request", "attempt", "milestone", "plan", "run", "approval",
    ]  # fmt: skip
    assert [link["what"] for link in walk["down"]] == ["result", "checkpoint", "commit"]
    (kept,) = walk["surviving"]
    assert kept["path"] == REPORT
    assert kept["lines"] == [[1, len(script.lines(REPORT))]]


@pytest.mark.slow
def test_every_event_of_a_run_can_be_walked_from(stage: tuple[Played, Script]) -> None:
    from waypost.trace.blame import Blame
    from waypost.trace.walk import walk
    from waypost.workspace.repository import Repository

    played, _ = stage
    log = played.log()
    blame = Blame(Repository.open(played.root), log)
    for record in list(log.read(kinds=("model.requested", "tool.ended", "workspace.checkpointed", "gate.ended"))):
        found = walk(blame, record.seq)
        assert found.is_live
        assert found.up[-1].what == "approval"
        assert all(link.seq < record.seq for link in found.up)
        assert all(link.seq > record.seq for link in found.down)
    log.close()


@pytest.mark.parametrize(("event", "words"), [("99999", "no event"), ("x", "no position"), ("0", "no event")])
def test_an_event_that_is_not_there_is_bad_input(stage: tuple[Played, Script], event: str, words: str) -> None:
    ended = waypost(stage[0].root, "trace", event)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_a_repository_without_a_log_is_told(stage: tuple[Played, Script]) -> None:
    played, _ = stage
    clone = played.root.parent / "clone"
    git(played.root.parent, "clone", "-q", str(played.root), str(clone))
    ended = waypost(clone, "trace", "1")
    assert ended.returncode == 2
    assert "no log here" in ended.stderr
