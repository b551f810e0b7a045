"""Recording a run: what is exported plays back to the same end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import waypost.events.kinds  # noqa: F401 - fills the table of kinds
from waypost.events.event import Record
from waypost.models.recorded import read_recording
from waypost.runs.folders import write_documents
from waypost.runs.opening import approve, open_run
from waypost.runs.project import Project, RunError
from waypost.runs.recording import export
from waypost.runs.settings import Settings
from waypost.runs.supervisor import work
from waypost.wires.conversation import Delta
from waypost.workspace.git import Git

PLAN = """\
# Plan

### Milestone M01 - A greeting [ ]

Acceptance criteria:

- [ ] M01.A1 it greets (gate: greets)

```bash gate=greets
grep -q hello greeting.txt
```
"""
TURNS = [
    {"text": "First wrongly.", "calls": [{"tool": "write", "args": {"path": "greeting.txt", "text": "hallo\n"}}]},
    {"finish": "It greets."},
    {"tool": "write", "args": {"path": "greeting.txt", "text": "hello\n"}},
    {"finish": "Now it does."},
]


class Nobody:
    def on_record(self, record: Record) -> None: ...

    def on_delta(self, delta: Delta) -> None: ...


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "state"))
    root = tmp_path / "repository"
    root.mkdir()
    (root / "a.txt").write_text("a\n")
    who = {f"GIT_{role}_{what}": "a@b.invalid" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    git = Git(root, variables=who)
    git.run("init", "--quiet")
    git.run("add", "--all")
    git.run("commit", "--quiet", "--message", "start")
    opened = Project.open(root, create=True)
    texts = {"PROMPT.md": "# A greeting\n", "IMPLEMENT.md": "# How\n\nWell.\n", "PLAN.md": PLAN}
    write_documents(opened, "greeting", texts)
    approve(opened, "greeting", by="test")
    return opened


def played(project: Project, model: str) -> tuple[str, str]:
    settings = Settings(model=model)
    run = open_run(project, "greeting", settings, new=True)
    return run, asyncio.run(work(project, run, settings, Nobody())).outcome


@pytest.mark.slow
def test_an_exported_run_plays_back_to_the_same_end(project: Project, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": TURNS}))
    run, outcome = played(project, f"scripted:{script}")
    assert outcome == "complete"
    recording = tmp_path / "recording.jsonl"
    assert export(project, run, recording, "two tries") == len(TURNS)
    assert played(project, f"recorded:{recording}")[1] == "complete"


@pytest.mark.slow
def test_a_recording_keeps_the_note_and_not_where_the_script_lay(project: Project, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": TURNS}))
    run, _ = played(project, f"scripted:{script}")
    recording = tmp_path / "recording.jsonl"
    export(project, run, recording, "two tries")
    header = read_recording(recording).header
    assert (header.model, header.note) == ("scripted", "two tries")
    assert str(tmp_path) not in recording.read_text("utf-8")


def test_a_run_without_answers_is_not_recorded(project: Project, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": TURNS}))
    run = open_run(project, "greeting", Settings(model=f"scripted:{script}"))
    with pytest.raises(RunError, match="no answer"):
        export(project, run, tmp_path / "recording.jsonl", "")
    assert not (tmp_path / "recording.jsonl").exists()
