"""Prompts as the log lists them: made again from its events, and silent about what was erased."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from runs_cases import Aim, Place, done, make_place, scripted, shell, write_documents

from waypost.context.prompt import digest_of, kept_of
from waypost.events import kinds
from waypost.events.kinds import PromptSegment

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def worked(tmp_path: Path) -> tuple[Place, str]:
    place = make_place(tmp_path, {"README.md": "# Greeter\n"})
    write_documents(place.root, "greet", [Aim("M01", "A greeting", {"there": "test -f greeting.txt"})])
    answers = [shell(f"echo {SECRET}"), shell("echo hello > greeting.txt"), shell("true"), done()]
    ended = place.waypost("run", "greet", "--yes", "--json", "--model", scripted(tmp_path, answers))
    assert ended.returncode == 0, ended.stderr
    return place, json.loads(ended.stdout.splitlines()[-1])["run"]


def requests(place: Place, run: str) -> list[kinds.ModelRequested]:
    return [one.event for one in place.live(run, kinds.ModelRequested.kind)]


def prompts(place: Place, run: str) -> dict[str, list[int]]:
    (told,) = json.loads(place.waypost("ledger", "prompts", run, "--json").stdout)["runs"]
    return told


def test_a_prefix_that_is_sent_again_is_listed_once(worked: tuple[Place, str]) -> None:
    place, run = worked
    asked = requests(place, run)
    assert [one.kept for one in asked] == [0, *(len(asked[0].segments) + 2 * turn for turn in range(len(asked) - 1))]
    listed: list[PromptSegment] = []
    for one in asked:
        listed[one.kept :] = one.segments
        assert digest_of(tuple(listed)) == one.digest
        assert len(listed) == one.messages + 1


def test_all_prompts_of_a_run_are_made_again_from_its_log(worked: tuple[Place, str]) -> None:
    place, run = worked
    ended = place.waypost("ledger", "prompts")
    assert ended.returncode == 0, ended.stderr
    assert f"{run}: {len(requests(place, run))} prompts as the log makes them" in ended.stdout


def test_a_result_that_was_put_in_later_is_not_what_was_sent(worked: tuple[Place, str]) -> None:
    place, run = worked
    with sqlite3.connect(place.root / ".waypost" / "state.db") as database:
        rows = database.execute("SELECT seq, payload FROM events WHERE kind = 'tool.ended' ORDER BY seq").fetchall()
        (first, _), (_, other) = rows[:2]
        database.execute("UPDATE events SET payload = ? WHERE seq = ?", (other, first))
    ended = place.waypost("ledger", "prompts", run)
    assert ended.returncode == 1
    assert "3 differ from what the log makes" in ended.stdout


def test_after_an_erasure_no_digest_of_a_prompt_confirms_a_guess(worked: tuple[Place, str]) -> None:
    place, run = worked
    held = [one for one in place.every(run) if one.event.kind in {"tool.ended", "model.responded"}][:2]
    salts = [one.salt for one in held]
    assert place.waypost("ledger", "erase", "--containing", SECRET, "--why", "leaked", "--yes").returncode == 0
    found = prompts(place, run)
    assert found["unlike"] == []
    assert found["alike"] == 1, "the first was sent before the secret was there"
    assert len(found["untold"]) == len(requests(place, run)) - 1
    database = (place.root / ".waypost" / "state.db").read_bytes()
    assert not any(salt in database for salt in salts)
    assert SECRET.encode() not in database


def test_an_unknown_run_is_bad_input(worked: tuple[Place, str]) -> None:
    place, _ = worked
    ended = place.waypost("ledger", "prompts", "nothing-0000")
    assert ended.returncode == 2
    assert "no run nothing-0000" in ended.stderr


def segments(*digests: str) -> tuple[PromptSegment, ...]:
    return tuple(PromptSegment(place, digest) for place, digest in enumerate(digests))


def test_what_two_prompts_share_is_counted_from_the_front() -> None:
    assert kept_of(segments("a", "b", "c"), segments("a", "b", "d", "c")) == 2
    assert kept_of(segments("a"), segments("a", "b")) == 1
    assert kept_of((), segments("a")) == 0
    assert kept_of(segments("x"), segments("a")) == 0
