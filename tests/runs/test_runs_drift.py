from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from runs_cases import Aim, make_place, scripted, write_documents

from waypost.documents.errors import Report
from waypost.documents.target import parse_target
from waypost.environment.build import EnvironmentSpec, stored
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.environment.interpreter import Interpreter
from waypost.environment.packages import Package
from waypost.events import kinds
from waypost.events.event import Event
from waypost.events.sqlite import SqliteLog
from waypost.review import queue
from waypost.review.queue import ReviewItem
from waypost.runs import drift

OLD = Fingerprint(
    interpreter=Interpreter("CPython", "3.11.7", "a"),
    packages=(Package("requests", "2.31.0", "b"),),
    startup=(),
    lock_files=(("uv.lock", "e"),),
    tools=(),
    system=(),
    variables=(),
)
PIN = drift.Pin(OLD, "old key")
UPGRADED = replace(OLD, packages=(Package("requests", "2.32.0", "x"),))
RELOCKED = replace(UPGRADED, lock_files=(("uv.lock", "x"),))
NEW_LOCK = replace(OLD, lock_files=(("package-lock.json", "x"), ("uv.lock", "e")))
OTHER_PYTHON = replace(RELOCKED, interpreter=Interpreter("CPython", "3.12.0", "x"))


def look(
    found: Fingerprint, queued: dict[str, ReviewItem], scope: Iterable[str] = (), key: str = "old key"
) -> drift.Looked:
    """A look in M01, whose events reach the queue."""
    seen = drift.look(PIN, found, key=key, milestone="M01", scope=scope, review=queued)
    for event in seen.events:
        if isinstance(event, kinds.ReviewQueued | kinds.ReviewDecided):
            queue.apply(queued, event)
    return seen


def sorts(events: Iterable[Event]) -> list[str]:
    return [event.kind for event in events]


def test_the_first_look_pins_what_it_finds() -> None:
    seen = drift.look(None, OLD, key="k", milestone="", scope=(), review={})
    assert seen.drifted is None
    [captured] = seen.events
    assert isinstance(captured, kinds.EnvironmentCaptured)
    assert (captured.digest, captured.key, captured.content.content) == (OLD.digest, "k", OLD.content)


def test_drift_stops_with_the_difference_and_is_asked_once() -> None:
    queued: dict[str, ReviewItem] = {}
    seen = look(UPGRADED, queued)
    assert seen.drifted is not None
    assert seen.drifted.lines == ("requests 2.31.0 → 2.32.0",)
    assert seen.reason.splitlines()[0] == "the environment drifted: requests 2.31.0 → 2.32.0 (waypost review)"
    assert [item.topic for item in queued.values()] == [drift.DRIFT]
    assert sorts(look(UPGRADED, queued).events) == ["environment.drifted"]


def test_restoring_the_package_clears_the_stop_and_the_question() -> None:
    queued: dict[str, ReviewItem] = {}
    look(UPGRADED, queued)
    seen = look(OLD, queued)
    assert (seen.drifted, seen.reason) == (None, "")
    assert [item.verdict for item in queued.values()] == [drift.MENDED]
    assert look(OLD, queued).events == ()
    assert look(UPGRADED, queued).drifted is not None
    assert [item.verdict for item in queued.values()] == [""], "it is asked again"


def test_a_human_accepts_one_drift_and_no_other() -> None:
    queued: dict[str, ReviewItem] = {}
    look(UPGRADED, queued)
    [item] = queued
    queue.apply(queued, kinds.ReviewDecided(item, "accept"))
    other = replace(OLD, packages=())
    assert look(other, queued).drifted is not None
    seen = look(UPGRADED, queued)
    assert seen.drifted is None
    captured = [event for event in seen.events if isinstance(event, kinds.EnvironmentCaptured)]
    assert [event.digest for event in captured] == [UPGRADED.digest]
    assert look(replace(UPGRADED, damage=("x was modified",)), queued).drifted is not None


def test_a_rejected_drift_stops_until_it_is_mended() -> None:
    queued: dict[str, ReviewItem] = {}
    look(UPGRADED, queued)
    [item] = queued
    queue.apply(queued, kinds.ReviewDecided(item, "reject"))
    assert sorts(look(UPGRADED, queued).events) == ["environment.drifted"]
    assert look(OLD, queued).drifted is None


@pytest.mark.parametrize(
    ("scope", "found", "rebuilt", "allowed"),
    [
        (("uv.lock",), RELOCKED, False, True),
        (("pyproject.toml", "src/**"), RELOCKED, False, True),
        (("src/**",), RELOCKED, False, False),
        (("**", "!uv.lock"), RELOCKED, False, False),
        ((), RELOCKED, False, True),
        ((), NEW_LOCK, False, True),
        (("src/**",), NEW_LOCK, False, False),
        (("package.json",), NEW_LOCK, False, True),
        (("uv.lock",), UPGRADED, False, False),
        (("**",), UPGRADED, False, False),
        ((), UPGRADED, True, True),
        (("**",), OTHER_PYTHON, True, False),
        (("**",), replace(RELOCKED, damage=("x",)), True, False),
        (("**",), replace(RELOCKED, startup=(("x.pth", "y"),)), True, False),
    ],
)
def test_a_scope_allows_what_its_lock_files_explain(
    scope: tuple[str, ...], found: Fingerprint, rebuilt: bool, allowed: bool
) -> None:
    assert drift.allows(scope, OLD, found, is_rebuilt=rebuilt) is allowed
    seen = look(found, {}, scope, "new key" if rebuilt else "old key")
    assert (seen.drifted is None) is allowed
    assert ("environment.captured" in sorts(seen.events)) is allowed


def test_commands_that_touch_a_manifest_are_seen(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("1")
    before = drift.manifest_marks(tmp_path)
    (tmp_path / "notes.txt").write_text("1")
    assert drift.touched(before, drift.manifest_marks(tmp_path)) == ()
    (tmp_path / "uv.lock").write_text("2")
    (tmp_path / "web").mkdir()
    (tmp_path / "web/package.json").write_text("{}")
    assert drift.touched(before, drift.manifest_marks(tmp_path)) == ("uv.lock", "web/package.json")
    (tmp_path / "uv.lock").unlink()
    assert "uv.lock" in drift.touched(before, drift.manifest_marks(tmp_path))
    assert drift.touches_manifest(["src/a.py", "web/package.json"])
    assert not drift.touches_manifest(["src/a.py"])


def test_the_pin_is_the_newest_of_the_live_history(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "state.db")
    epoch = log.claim("r")
    assert drift.pinned(log, "r") is None
    first = log.append("r", epoch, [drift.capture(OLD, "one")])[-1].seq
    log.append("r", epoch, [drift.capture(RELOCKED, "two")])
    assert drift.load_pin(log, "r") == drift.Pin(RELOCKED, "two")
    log.append("r", epoch, [kinds.RunRewound(first, 1, 1, "t")])
    assert drift.load_pin(log, "r") == drift.Pin(OLD, "one")
    log.close()


@pytest.mark.slow
def test_doctor_says_line_by_line_whether_a_run_has_its_environment(tmp_path: Path) -> None:
    place = make_place(tmp_path, {"a.txt": "one\n", "uv.lock": "1\n"})
    write_documents(place.root, "thing", [Aim("M01", "A", {"ok": "true"})])
    run = place.open_run("thing", scripted(tmp_path, []))
    unpinned = place.waypost("doctor", run)
    assert (unpinned.returncode, "no pinned environment yet" in unpinned.stdout) == (1, True)
    checkout, spec = place.worktree(run), EnvironmentSpec()
    with place.project() as project:
        built = stored(spec, project.environments, "")
        assert built is not None
        found = fingerprint(spec, checkout, built)
        project.log.append(run, project.log.claim(run), [drift.capture(found)])
    good = place.waypost("doctor", run, "--json")
    assert (good.returncode, json.loads(good.stdout)["pinned"]) == (0, found.digest)
    (checkout / "uv.lock").write_text("2\n")
    bad = place.waypost("doctor", run)
    assert (bad.returncode, bad.stdout.splitlines()[0]) == (1, "✘ uv.lock changed")
    (checkout / "uv.lock").write_text("1\n")
    assert place.waypost("doctor", run[:8]).returncode == 0
    assert place.waypost("doctor", "--deep").returncode == 2
    assert place.waypost("doctor").returncode in {0, 3}


def test_the_tools_of_a_target_count_in_its_environment(tmp_path: Path) -> None:
    report = Report("PROMPT.md")
    text = (
        b"# T\n\n## Goals\n\nx\n\n## Done when\n\ny\n\n## Environment\n\n- Tools: node, `g++`, /bin/sh\n- Tool: cargo\n"
    )
    target = parse_target(text, report)
    assert drift.spec_of(target.environment) == EnvironmentSpec(None, None, 600.0, (), {}, ("node", "g++", "cargo"))
    assert ['the tool "/bin/sh" is no program' in str(found) for found in report.found] == [True]
