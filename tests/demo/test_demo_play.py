"""The whole demo, as a person starts it: recorded answers, and all else real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.events import kinds
from waypost.runs.project import Project

SOURCE = Path(__file__).parents[2] / "src"
MANUAL = "M03.A4"
pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that was played to its end."""

    folder: Path
    said: str
    project: Project
    run: str

    def events(self, kind: type[kinds.Event]) -> list[kinds.Event]:
        return [record.event for record in self.project.log.read(self.run) if isinstance(record.event, kind)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("a demo")
    place = folder / "played here"
    home = folder / "state"
    environ = {**os.environ, "WAYPOST_HOME": str(home), "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "waypost", "demo", "--at", str(place)]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if ended.returncode == 3 and not os.environ.get("WAYPOST_REQUIRE_ALL"):
        pytest.skip(f"the demo's package can't be had here: {ended.stderr}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    project = Project.open(place / "tabulate")
    yield Played(place, ended.stdout, project, project.resolve(None))
    project.close()


def test_the_first_line_says_what_is_recorded(played: Played) -> None:
    first = played.said.splitlines()[0]
    assert first.startswith("Only the model's answers are recorded (20")


def test_three_milestones_pass(played: Played) -> None:
    moved = [event for event in played.events(kinds.MilestoneMoved) if event.state == "passed"]
    assert [event.milestone for event in moved] == ["M01", "M02", "M03"]
    assert [event.outcome for event in played.events(kinds.RunEnded)] == ["complete"]


def test_one_gate_is_red_and_is_repaired(played: Played) -> None:
    ended = [event for event in played.events(kinds.GateEnded) if event.purpose != "baseline"]
    verdicts = [(event.milestone, event.gate, event.verdict) for event in ended]
    assert [verdict for verdict in verdicts if verdict[2] == "red"] == [("M01", "suite", "red")]
    assert verdicts.index(("M01", "suite", "green")) > verdicts.index(("M01", "suite", "red"))


def test_no_call_of_the_recorded_model_fails(played: Played) -> None:
    assert {event.outcome for event in played.events(kinds.ToolEnded)} == {"done"}


def test_the_branch_holds_a_commit_a_milestone(played: Played) -> None:
    opened = played.events(kinds.RunOpened)[0]
    log = played.project.repository.git.run("log", "--reverse", "--format=%B%x00", f"{opened.base}..{opened.branch}")
    messages = [message for message in log.text.split("\0") if message.strip()]
    assert [re.search(r"^Waypost-Milestone: (\w+)$", text, re.MULTILINE)[1] for text in messages] == [
        "M01",
        "M02",
        "M03",
    ]
    assert all(f"Waypost-Run: {played.run}" in text and "Waypost-Log: " in text for text in messages)


def test_boxes_are_ticked_but_for_what_a_person_judges(played: Played) -> None:
    plan = load(find(played.project.root, "csv-tables")).plan
    assert [milestone.ticked for milestone in plan.milestones] == [True, True, True]
    open_boxes = [one.id for milestone in plan.milestones for one in milestone.criteria if not one.ticked]
    assert open_boxes == [MANUAL]
    assert {event.item for event in played.events(kinds.ReviewQueued)} == {MANUAL, "Q1"}


def test_the_documents_agree_with_the_log(played: Played) -> None:
    record = (played.project.root / ".agent" / "csv-tables" / "DOCUMENTATION.md").read_text("utf-8")
    for milestone in ("M01", "M02", "M03"):
        gates = {event.gate: event.verdict for event in played.events(kinds.GateEnded) if event.milestone == milestone}
        row = next(line for line in record.splitlines() if line.startswith(f"| {milestone} |"))
        assert "| passed |" in row
        assert all(f"{gate} {verdict}" in row for gate, verdict in gates.items())
    assert f"Run {played.run}: complete." in record


def test_the_checkout_itself_is_untouched(played: Played) -> None:
    git = played.project.repository.git
    assert git.run("status", "--porcelain").text == ""
    assert git.run("rev-parse", "--abbrev-ref", "HEAD").text == "main"


def test_it_says_where_everything_is(played: Played) -> None:
    assert (played.folder / "report.html").read_text("utf-8").startswith("<!")
    for place in (played.folder / "report.html", played.project.root / ".waypost" / "state.db"):
        assert str(place) in played.said
        assert place.is_file()
    assert "red on the way: M01 suite\n" in played.said
    assert "Remove it" in played.said
