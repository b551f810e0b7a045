"""SIGKILL at random moments, each followed by a resume: the end is that of an undisturbed run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_server import LoopbackServer
from runs_cases import Aim, Place, Stateless, commit, git, limits, make_place, write_documents

from waypost.events import kinds
from waypost.runs.rewinding import open_worktree

MARK = b"WAYPOST_MARK="
LATER = "for i in 1 2 3; do sleep 0.1; echo $i > made/{name}-$i.txt; done"
SCRIPTS = {
    "M01": [
        [("shell", {"command": f"mkdir -p made; (sleep 300 &) ; {LATER.format(name='one')}"})],
        [("write", {"path": "calc.py", "text": "def add(a, b):\n    return a - b\n"})],
        [("read", {"path": "calc.py"}), ("read", {"path": "a.txt"}), ("find", {"pattern": "def"})],
        [("shell", {"command": "rm -f a.txt; sleep 0.2; ln -sf calc.py made/link; chmod +x calc.py"})],
        [("note", {"text": "calc adds"}), ("decide", {"title": "calc", "decision": "plain functions"})],
        [("done", {"summary": "it adds"})],
        [("edit", {"path": "calc.py", "old": "a - b", "new": "a + b"})],
        [("done", {"summary": "it adds now"})],
    ],
    "M02": [
        [("shell", {"command": f"mkdir -p made; {LATER.format(name='two')}; sleep 0.3"})],
        [
            ("edit", {"path": "calc.py", "old": "    return a + b\n", "new": "    return sum((a, b))\n"}),
            (
                "write",
                {"path": "double.py", "text": "from calc import add\n\n\ndef double(a):\n    return add(a, a)\n"},
            ),
            ("shell", {"command": "mv made/one-1.txt made/renamed.txt 2>/dev/null || test -e made/renamed.txt"}),
        ],
        [("shell", {"command": "sleep 0.4; echo end > made/end.txt"})],
        [("done", {"summary": "it doubles"})],
    ],
}
AIMS = [
    Aim("M01", "Adding", {"adds": 'sleep 0.3; python3 -S -c "from calc import add; assert add(1, 2) == 3"'}),
    Aim("M02", "Doubling", {"doubles": 'python3 -S -c "from double import double; assert double(2) == 4"; sleep 0.2'}),
]
CHECKLIST = {"tidy": "sleep 0.1; test -x calc.py"}


DIES = """
import asyncio, os, signal, sys
from pathlib import Path
import waypost.events.kinds
from waypost.runs.opening import Settings
from waypost.runs.project import Project
from waypost.runs.supervisor import work

class Dies:
    left = int(sys.argv[2])
    def on_record(self, record):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def on_delta(self, delta):
        pass

ended = asyncio.run(work(Project.open(Path.cwd()), sys.argv[1], Settings(), Dies()))
sys.exit(0 if ended.outcome == "complete" else 1)
"""


def place_in(folder: Path) -> Place:
    place = make_place(folder)
    write_documents(place.root, "calc", AIMS, CHECKLIST)
    commit(place.root)
    return place


def outcome(place: Place, run: str) -> dict[str, object]:
    """What must be equal: the branch's tree and the worktree's, the plan with its boxes, the states."""
    root, branch, worktree = place.root, f"waypost/{run}", place.worktree(run)
    names = [line for line in git(root, "ls-tree", "-r", branch).splitlines() if "DOCUMENTATION.md" not in line]
    view, closed = place.view(run), place.live(run, kinds.AttemptClosed.kind)
    return {
        "tree": names,
        "subjects": git(root, "log", "--format=%s", branch).splitlines(),
        "plan": (worktree / ".agent/calc/PLAN.md").read_text(),
        "states": {name: seen.state for name, seen in view.milestones.items()},
        "verdicts": {name: {g.gate: g.verdict for g in m.gates.values()} for name, m in view.milestones.items()},
        "committed": [seen.commit for seen in view.milestones.values()]
        == git(root, "log", "-2", "--reverse", "--format=%H", branch).split(),
        "unsaved": [
            line for line in git(worktree, "status", "--porcelain").splitlines() if "DOCUMENTATION" not in line
        ],
        "decisions": [item.title for item in view.decisions],
        "reports": [r.event.milestone for r in closed if isinstance(r.event, kinds.AttemptClosed)],
    }


def marked(run: str) -> list[str]:
    """Living processes that carry the run's mark."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
            if MARK + run.encode() + b"/" in environ:
                found.append((entry / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


def killed_after(place: Place, arguments: list[str], seconds: float, said: Path) -> int | None:
    """Starts the command line and kills it, it alone, after so many seconds; the exit code where it was faster."""
    with said.open("w") as out:
        process = subprocess.Popen(
            arguments, cwd=place.root, env=place.environ(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None


def acknowledged(said: Path) -> list[dict[str, object]]:
    """Events that were printed whole."""
    lines = said.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith("{")]


def opened_run(place: Place) -> str:
    """The run that was opened by a process that was killed before it could say so."""
    if not (place.root / ".waypost" / "state.db").exists():
        return ""
    with place.project() as project:
        return next((name for name in project.log.runs() if not name.startswith("documents:")), "")


def crash_through(place: Place, server: LoopbackServer, chance: random.Random, most: int) -> tuple[str, int]:
    """Runs, kills and resumes until the run is complete; at most so many kills. Returns the run and the kills."""
    command = [sys.executable, "-m", "waypost"]
    begin = [*command, "run", "calc", "--model", "openai:any", "--base-url", server.url, "--yes", "--json"]
    said, kills, run, code = place.home.parent / "said.txt", 0, "", None
    heard: dict[object, dict[str, object]] = {}
    while code is None:
        arguments = [*command, "resume", run, "--json"] if run else begin
        code = killed_after(place, arguments, chance.uniform(0.35, 1.5) if kills < most else 120.0, said)
        kills += code is None
        events = acknowledged(said)
        run = run or str(events[0]["run"] if events else opened_run(place))
        heard.update((event["seq"], event) for event in events)
        if code is None and run:
            stored = {record.seq: record.event.kind for record in place.every(run)}
            assert {seq: event["kind"] for seq, event in heard.items()}.items() <= stored.items()
    assert code == 0, said.read_text()[-2000:]
    stored_lines = {
        event["seq"]: event for event in map(json.loads, place.waypost("log", run, "--json").stdout.splitlines())
    }
    assert all(stored_lines[seq] == event for seq, event in heard.items()), "no acknowledged event is lost or changed"
    return run, kills


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    place = place_in(tmp_path_factory.mktemp("undisturbed"))
    with LoopbackServer(Stateless(SCRIPTS)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAYPOST_HOME", str(place.home))
        run = place.open_run("calc", "openai:any", server.url)
        ended = place.work(run)
        assert ended.outcome == "complete", ended
        yield outcome(place, run)


def crash_and_compare(place: Place, chance: random.Random, most: int, expected: dict[str, object]) -> int:
    with LoopbackServer(Stateless(SCRIPTS)) as server:
        run, kills = crash_through(place, server, chance, most)
    assert outcome(place, run) == expected
    deadline = time.monotonic() + 5
    while marked(run) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked(run) == []
    return kills


@pytest.mark.slow
def test_fifty_kills_change_nothing_of_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, object]
) -> None:
    chance, kills, runs = random.Random(50), 0, 0
    while kills < 50:
        runs += 1
        place = place_in(tmp_path / str(runs))
        monkeypatch.setenv("WAYPOST_HOME", str(place.home))
        kills += crash_and_compare(place, chance, 50 - kills, undisturbed)
    assert runs > 0


@pytest.mark.slow
def test_a_kill_right_after_any_event_changes_nothing_of_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, object]
) -> None:
    place, chance, kills, code = place_in(tmp_path), random.Random(3), 0, -9
    monkeypatch.setenv("WAYPOST_HOME", str(place.home))
    with LoopbackServer(Stateless(SCRIPTS)) as server:
        run = place.open_run("calc", "anthropic:any", server.url)
        while code == -9:
            arguments = [sys.executable, "-c", DIES, run, str(chance.randint(4, 16))]
            ended = subprocess.run(arguments, cwd=place.root, env=place.environ(), check=False, capture_output=True)
            code = ended.returncode
            kills += code == -9
            assert kills < 150, "no progress"
    assert code == 0, ended.stderr.decode()[-2000:]
    assert outcome(place, run) == undisturbed
    assert kills > 10


@pytest.mark.slow
def test_a_checkpoint_that_a_killed_process_took_but_did_not_write_down_is_in_the_log_after_the_resume(
    tmp_path: Path,
) -> None:
    place = place_in(tmp_path)
    with LoopbackServer(Stateless(SCRIPTS)) as server:
        run = place.open_run("calc", "openai:any", server.url, limits=limits(steps=1))
        assert place.work(run).outcome == "budget"
        (place.worktree(run) / "late.txt").write_text("written just before the kill")
        with place.project() as project:
            taken = open_worktree(project, run).checkpoint("taken, and then killed")
        place.work(run, limits=limits(steps=2))
    numbers = [r.event.number for r in place.live(run, "workspace.checkpointed")]
    assert taken.number in numbers
    assert numbers == sorted(set(numbers))
