"""A scripted run of a cheat, or of honest work, through the real command line, and what the runtime said of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cheats_cases import HELD_OUT, NAMED, VARIANTS, Cheat, Honest, package, write_documents, write_file

import waypost.events.kinds  # noqa: F401 - fills the table of kinds
from waypost.events.blob import Blob
from waypost.events.kinds import GateEnded, MilestoneMoved, ReviewQueued, RunEnded, ToolEnded
from waypost.events.sqlite import SqliteLog

SOURCE = Path(__file__).parents[2] / "src"
PATIENCE = 120
FAREWELL = ("branch ", "resume with", "see it with")


@dataclass(frozen=True, slots=True)
class Played:
    """What a run came to. `reasons` is all that the runtime said of it, without the output of gates."""

    admitted: bool
    reasons: str
    exit: int
    state: str
    output: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A throw-away place for one run: repository, Waypost's home, the user's home, held-out tests."""

    folder: Path
    tools: Path

    @property
    def root(self) -> Path:
        """The repository."""
        return self.folder / "repository"

    def environ(self) -> dict[str, str]:
        """Variables in which nothing of the person who runs the suite is left, least of all the home folder."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "WAYPOST_SANDBOX") if name in os.environ}
        user, temporary = self.folder / "user", self.folder / "temporary"
        for folder in (user, temporary):
            folder.mkdir(exist_ok=True)
        return {
            **kept,
            "HOME": str(user),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(SOURCE),
            "WAYPOST_HOME": str(self.folder / "waypost"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def git(self, *arguments: str) -> str:
        """Plain git, as somebody."""
        named = ("-c", "user.name=User", "-c", "user.email=user@localhost", "-c", "init.defaultBranch=main")
        ended = subprocess.run(
            ["git", *named, *arguments], cwd=self.root, env=self.environ(), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


def play(case: Cheat | Honest, folder: Path, tools: Path, variant: str = "") -> Played:
    """Plays a cheat, or honest work, through the real command line; `variant` replaces the case's own."""
    stage = Stage(folder, tools)
    for name, text in {**package(), **case.base}.items():
        write_file(stage.root / name, text)
    held_out = write_file(folder / "held" / "test_held_out.py", HELD_OUT).parent
    write_documents(stage.root, VARIANTS[variant or case.variant], held_out, tools)
    stage.git("init", "-q")
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "start")
    turns = [{"calls": [step]} for step in case.steps]
    script = write_file(folder / "script.json", json.dumps({"turns": turns, "final": {"finish": "All tests pass."}}))
    ended = subprocess.run(
        [sys.executable, "-m", "waypost", "run", NAMED, "--yes", "--json", "--model", f"scripted:{script}"],
        cwd=stage.root,
        env=stage.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=PATIENCE,
    )
    return _judged(stage, ended)


def _judged(stage: Stage, ended: subprocess.CompletedProcess[str]) -> Played:
    try:
        said, states, output = _told(stage)
    except Exception as problem:  # noqa: BLE001 - a cheat may have eaten the log, which is a thing to tell
        said, states, output = [f"the log can't be read: {problem}"], [], ""
    state = states[-1] if states else "never begun"
    ticked = _ticked(stage)
    admitted = ended.returncode == 0 or state == "passed" or ticked
    # The farewell says nothing of why, and its words ("branch", "resume") would count as a name.
    errors = [line for line in ended.stderr.splitlines() if not line.startswith(FAREWELL)]
    reasons = "\n".join([*said, *(["a box is ticked"] if ticked else []), *errors])
    return Played(admitted, reasons, ended.returncode, state, output)


def _ticked(stage: Stage) -> bool:
    """Whether the run's branch says that the milestone is done."""
    branches = stage.git("for-each-ref", "--format=%(objectname)", "refs/heads/waypost").split()
    return any("[x]" in stage.git("show", f"{commit}:.agent/{NAMED}/PLAN.md") for commit in branches)


def _told(stage: Stage) -> tuple[list[str], list[str], str]:
    """What the runtime said, the states that the milestone had, and the gates' output."""
    log = SqliteLog(stage.root / ".waypost" / "state.db")
    said: list[str] = []
    states: list[str] = []
    output: list[str] = []
    try:
        for record in log.read():
            event = record.event
            said += _words(log, event)
            if isinstance(event, MilestoneMoved):
                states.append(event.state)
            if isinstance(event, GateEnded) and event.output is not None:
                output.append(log.text(event.output))
    finally:
        log.close()
    return said, states, "\n".join(output)


def _words(log: SqliteLog, event: object) -> Iterator[str]:
    match event:
        case GateEnded(gate=gate, verdict=verdict, reason=reason, evidence=evidence):
            yield f"{gate}: {verdict}: {reason}"
            if evidence is not None:
                yield from _findings(log, evidence)
        case MilestoneMoved(state=state, reason=reason) if reason:
            yield f"{state}: {reason}"
        case RunEnded(reason=reason) | ReviewQueued(text=reason):
            yield reason
        case ToolEnded(tool=name, outcome="error", shown=shown):
            yield f"{name}: {log.text(shown)}"
        case ToolEnded(tool="shell", shown=shown) if re.search(r"\[exit [1-9]", text := log.text(shown)):
            yield f"shell: {text}"
        case _:
            pass


def _findings(log: SqliteLog, evidence: Blob) -> Iterator[str]:
    told = json.loads(log.text(evidence))
    for finding in told.get("findings", ()):
        yield json.dumps(finding)
    for path in told.get("restored", ()):
        yield f"restored: {path}"
