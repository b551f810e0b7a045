"""The real command in a process of its own, over a real repository with a real log."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_cases import HOSTILE, RUN, SOURCE, all_of, checkpoint, repository, step, told, waypost

from waypost.events import kinds
from waypost.events.event import KINDS
from waypost.events.kinds import Change
from waypost.events.sqlite import SqliteLog

QUICK = '{"turns": [{"calls": [{"shell": "echo hello > greeting.txt"}]}], "final": {"finish": "Done."}}'
SLOW = '{"turns": [{"calls": [{"shell": "touch begun; sleep 60"}]}], "final": {"finish": "Done."}}'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    return repository(tmp_path / "an äccented place")


def test_status_tells_where_the_run_stands_and_how_to_go_on(tmp_path: Path) -> None:
    told(tmp_path)
    said = waypost(tmp_path, "status").stdout
    assert f"{RUN} is blocked: M02 is blocked" in said
    assert "✔  M01 Read PIC clauses" in said
    assert "✘  M02 Decode COMP-3" in said
    assert "1 of 3 milestones passed" in said
    assert "unknown" in said
    assert "waypost review accept M02.A2" in said
    assert f"waypost resume {RUN}" in said


def test_status_in_json_never_calls_an_unknown_cost_nothing(tmp_path: Path) -> None:
    told(tmp_path)
    answer = json.loads(waypost(tmp_path, "status", "--json").stdout)
    assert answer["state"] == "blocked"
    assert [m["state"] for m in answer["milestones"]] == ["passed", "blocked", "planned"]
    assert answer["milestones"][0]["cost"] == pytest.approx(0.072)
    assert answer["milestones"][1]["cost"] is None
    assert [item["item"] for item in answer["waiting"]] == ["M02.A2", "Q1"]


@pytest.mark.parametrize(
    "command", [["status"], ["log"], ["log", "--json"], ["report"], ["review"], ["checkpoints"], ["report", "--json"]]
)
def test_hostile_text_reaches_no_terminal_as_a_command(tmp_path: Path, command: list[str]) -> None:
    told(tmp_path, HOSTILE)
    done = waypost(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert not any(character in done.stdout for character in "\x1b\x07\u202e\x9b")
    assert "[bold]markup[/bold]" in done.stdout or command in (["checkpoints"], ["report"])


def test_the_log_in_json_tells_every_event_with_all_its_fields(tmp_path: Path) -> None:
    story = told(tmp_path)
    lines = [json.loads(line) for line in waypost(tmp_path, "log", "--json").stdout.splitlines()]
    records = list(story.log.read())
    assert [line["seq"] for line in lines] == [record.seq for record in records]
    assert [list(line)[:5] for line in lines] == [["seq", "run", "at", "kind", "actor"]] * len(lines)
    responded = next(line for line in lines if line["kind"] == "model.responded")
    assert responded["answer"] == "answer 1"
    assert responded["spent"]["cached"] == 8_000


def test_no_field_of_an_event_can_hide_the_frame() -> None:
    frame = {"seq", "run", "at", "kind", "actor"}
    assert not [name for name, cls in KINDS.items() if frame & {field.name for field in dataclasses.fields(cls)}]


def test_a_long_text_is_a_hash_and_a_size_in_the_stream(tmp_path: Path) -> None:
    story = told(tmp_path)
    story.tell(kinds.NoteTold("M02", kinds.Blob.of("é" * 2_000)))
    line = json.loads(waypost(tmp_path, "log", "--json").stdout.splitlines()[-1])
    assert line["text"]["size"] == 4_000
    assert len(line["text"]["sha256"]) == 64


def test_the_log_begins_after_a_position_and_holds_to_a_kind(tmp_path: Path) -> None:
    told(tmp_path)
    lines = [
        json.loads(x) for x in waypost(tmp_path, "log", "--json", "--kind", "gate", "--after", "40").stdout.splitlines()
    ]
    assert {line["kind"] for line in lines} <= {"gate.started", "gate.ended"}
    assert lines
    assert all(line["seq"] > 40 for line in lines)
    unknown = waypost(tmp_path, "log", "--kind", "gate.finished")
    assert unknown.returncode == 2
    assert "gate.ended" in unknown.stderr


def test_what_a_rewind_hid_is_told_only_when_asked_for(tmp_path: Path) -> None:
    story = told(tmp_path)
    story.tell(kinds.RunRewound(30, 1, 0, "f" * 40))
    shown = waypost(tmp_path, "log").stdout.splitlines()
    everything = waypost(tmp_path, "log", "--all").stdout.splitlines()
    assert len(shown) == 31
    assert len(everything) == story.log.position


def test_a_followed_log_tells_what_comes_later(tmp_path: Path) -> None:
    story = told(tmp_path)
    after = str(story.log.position)
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "waypost", "log", "--follow", "--json", "--after", after]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        story.tell(*step("M02", 10))
        kinds_told = [json.loads(follower.stdout.readline())["kind"] for _ in range(4)]
        follower.send_signal(signal.SIGINT)
        assert follower.wait(20) == 130
    assert kinds_told == ["model.requested", "model.responded", "tool.called", "tool.ended"]


def test_checkpoints_are_listed_with_what_they_changed(tmp_path: Path) -> None:
    story = told(tmp_path)
    story.tell(checkpoint(4, "M02", *(Change(f"f{n}", "A", 1, 0) for n in range(5))))
    said = waypost(tmp_path, "checkpoints").stdout
    assert "f0, f1, f2 and 2 more" in said
    assert len(json.loads(waypost(tmp_path, "checkpoints", "--json").stdout)["checkpoints"]) == 4


def test_a_person_steers_and_decides_from_the_command_line(tmp_path: Path) -> None:
    story = told(tmp_path)
    assert waypost(tmp_path, "steer", RUN, "Mind the sign nibble").returncode == 0
    assert waypost(tmp_path, "steer", "and the zone").returncode == 0
    assert waypost(tmp_path, "review", "accept", "M02.A2").returncode == 0
    assert waypost(tmp_path, "review", "answer", "Q1", "No").returncode == 0
    steered = [
        r.event.text for r in story.log.read(kinds=("human.steered",)) if isinstance(r.event, kinds.HumanSteered)
    ]
    decided = [
        r.event.verdict for r in story.log.read(kinds=("review.decided",)) if isinstance(r.event, kinds.ReviewDecided)
    ]
    assert steered == ["Mind the sign nibble", "and the zone"]
    assert decided == ["accept", "answer"]
    assert "nothing" in waypost(tmp_path, "review").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["review", "accept", "M09"], "M02.A2"),
        (["review", "answer", "Q1"], "a text in quotes"),
        (["review", "what", "ever"], "waypost review accept"),
        (["steer", "a", "b", "c"], "in quotes"),
        (["rewind", "abc"], "not a checkpoint's number"),
        (["rewind"], "waypost checkpoints"),
        (["resume", "--waive", "M77"], "M01, M02, M03"),
        (["status", "nosuch"], RUN),
        (["run", "nosuch", "--model", "scripted:x"], "no such documents"),
        (["run", "--max-tokens", "many", "--model", "scripted:x"], "--max-tokens"),
        (["run", "--max-time", "soon", "--model", "scripted:x"], "1h30m"),
        (["run", "a goal in words"], "--model openai"),
        (["run", "a goal in words", "--model", "scripted:x"], "--yes"),
        (["report", "-o", "/nosuch/folder/x.html"], "a folder that exists"),
        (["no-such-command"], "No such command"),
        (["log", "--after", "x"], "Invalid value for '--after'"),
    ],
)
def test_bad_input_is_refused_with_the_mend_and_changes_nothing(tmp_path: Path, command: list[str], word: str) -> None:
    story = told(tmp_path)
    before = story.log.position
    done = waypost(tmp_path, *command)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert story.log.position == before


def test_a_folder_that_is_no_repository_is_bad_input(tmp_path: Path) -> None:
    done = waypost(tmp_path, "status")
    assert done.returncode == 2
    assert "git init" in done.stderr


def test_nobody_can_be_paused_who_does_not_run(tmp_path: Path) -> None:
    told(tmp_path)
    assert waypost(tmp_path, "pause").returncode == 1
    assert waypost(tmp_path, "stop").returncode == 1


def test_documents_go_from_a_goal_to_a_finished_run(here: Path) -> None:
    (here / "script.json").write_text(QUICK)
    assert waypost(here, "init", "--goal", "Write a greeting", "--name", "greet").returncode == 0
    assert waypost(here, "lint", "greet").returncode == 0
    refused = waypost(here, "run", "greet", "--model", "scripted:script.json")
    assert refused.returncode == 2
    assert "waypost approve greet" in refused.stderr
    assert waypost(here, "approve", "greet").returncode == 0
    done = waypost(here, "run", "greet", "--model", "scripted:script.json")
    assert done.returncode == 0, done.stderr
    assert "M01 is passed" in done.stdout
    assert done.stdout.count("branch waypost/greet-") == 2  # as it opened, and at the end
    assert "is complete" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code", "approvals"), [("q", 1, 0), ("e\na", 0, 1)])
def test_a_person_is_shown_the_plan_and_asked(here: Path, answer: str, code: int, approvals: int) -> None:
    (here / "script.json").write_text(QUICK)
    command = [sys.executable, "-m", "waypost", "run", "Write a greeting", "--model", "scripted:script.json"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TERM": "xterm", "EDITOR": "touch"}
    environment.pop("VISUAL", None)
    master, slave = pty.openpty()
    with subprocess.Popen(command, cwd=here, env=environment, stdin=slave, stdout=slave, stderr=slave) as asking:
        os.close(slave)
        os.write(master, f"{answer}\n".encode())
        said = all_of(master)
        assert asking.wait(60) == code, said
    assert "[a]pprove" in said
    assert "Milestone M01" in said
    log = SqliteLog(here / ".waypost" / "state.db")
    assert len(list(log.read(kinds=("documents.approved",)))) == approvals


def test_a_run_in_json_prints_what_the_log_holds_and_nothing_else(here: Path) -> None:
    (here / "script.json").write_text(QUICK)
    done = waypost(here, "run", "Write a greeting", "--yes", "--json", "--model", "scripted:script.json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["kind"] == "run.opened"
    assert lines == [json.loads(line) for line in waypost(here, "log", "--json").stdout.splitlines()]
    assert "is complete" in done.stderr


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_resume(here: Path) -> None:
    (here / "script.json").write_text(SLOW)
    command = [sys.executable, "-m", "waypost", "run", "Wait a while", "--yes", "--model", "scripted:script.json"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=here, env=environment, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout is not None
        assert any("shell:" in line for line in iter(running.stdout.readline, ""))
        running.send_signal(signal.SIGINT)
        said, complained = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "stopping at the next safe point" in complained
    assert "resume with: waypost resume wait-a-while-" in said
    assert json.loads(waypost(here, "status", "--json").stdout)["state"] == "interrupted"


@pytest.mark.slow
def test_a_reader_that_went_away_ends_no_run(here: Path) -> None:
    (here / "script.json").write_text(QUICK)
    command = [
        sys.executable,
        "-m",
        "waypost",
        "run",
        "Greet",
        "me",
        "--yes",
        "--json",
        "--model",
        "scripted:script.json",
    ]
    command[4:6] = ["Greet me"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        command, cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(60) == 0
    assert json.loads(waypost(here, "status", "--json").stdout)["state"] == "complete"


def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    """The work here swallows its cancellation, as work that is stuck in clean-up would."""
    script = tmp_path / "stuck.py"
    script.write_text(
        "import asyncio, sys\n"
        "from waypost.cli.session import until_interrupted, say\n"
        "async def stuck():\n"
        "    print('up', flush=True)\n"
        "    while True:\n"
        "        try:\n"
        "            await asyncio.sleep(60)\n"
        "        except asyncio.CancelledError:\n"
        "            pass\n"
        "asyncio.run(until_interrupted(stuck(), say))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=pipe, stderr=pipe, text=True) as stuck:
        assert stuck.stdout is not None
        assert stuck.stderr is not None
        stuck.stdout.readline()
        stuck.send_signal(signal.SIGINT)
        assert "stopping" in stuck.stderr.readline()
        time.sleep(0.1)
        assert stuck.poll() is None
        stuck.send_signal(signal.SIGINT)
        assert stuck.wait(20) == 130


@pytest.mark.slow
def test_doctor_finds_this_machine_fit_and_names_what_is_lost(tmp_path: Path) -> None:
    answer = json.loads(waypost(tmp_path, "doctor", "--json").stdout)
    assert answer["ok"]
    assert all(finding["mend"] for finding in answer["findings"] if not finding["is_well"])


def test_doctor_without_git_says_so_with_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = waypost(tmp_path, "doctor", environment={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 3
    assert "no run can start: install git" in done.stdout


def test_help_and_status_load_no_heavy_library(tmp_path: Path) -> None:
    told(tmp_path)
    heavy = "{'pydantic', 'rich', 'asyncio', 'httpx2', 'markdown_it', 'yaml', 'genai_prices'} & set(sys.modules)"
    for arguments in (["--help"], ["run", "--help"], ["status"], ["log", "--json"], ["checkpoints"]):
        script = (
            "import sys; from waypost.cli.main import main\n"
            f"try: main({arguments!r})\n"
            f"except SystemExit: print({heavy}, file=sys.stderr)"
        )
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.stderr == "set()\n", arguments


def test_shell_completion_knows_the_runs(tmp_path: Path) -> None:
    told(tmp_path)
    environment = {"_WAYPOST_COMPLETE": "complete_bash", "COMP_WORDS": "waypost status cop", "COMP_CWORD": "2"}
    assert waypost(tmp_path, environment=environment).stdout.strip() == RUN
    assert waypost(tmp_path / ".git", environment=environment).returncode == 0
