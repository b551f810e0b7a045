"""A real project with a real log in which a run stands, for the tests of the faces."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from waypost.cli.main import main
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event, Record
from waypost.events.kinds import Change, Limits, Spent
from waypost.events.sqlite import SqliteLog

SOURCE = Path(__file__).parents[2] / "src"
RUN = "copybook-7f3a"
HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)> \x1b[31mred\x1b]0;title\x07 [bold]markup[/bold] \u202eevil"
)


@dataclass
class Story:
    """A log that is being written, by a run of this name."""

    log: SqliteLog
    run: str = RUN
    epoch: int = 0

    def tell(self, *events: Event, actor: str = "runtime") -> list[Record]:
        return self.log.append(self.run, self.epoch, events, actor)


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for command in (
        ["init", "-q", "-b", "main"],
        ["-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", "start"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def story(folder: Path, run: str = RUN) -> Story:
    log = SqliteLog(folder / ".waypost" / "state.db")
    return Story(log, run, log.claim(run))


def opened(title: str = "COBOL copybook parser", limits: Limits | None = None) -> Event:
    limits = limits or Limits(tokens=3_000_000, cost=5_000_000)
    base, branch = "0123456789abcdef" * 2, f"waypost/{RUN}"
    return kinds.RunOpened(title, ".agent/copybook", 1, base, branch, "/place", "scripted:x", limits=limits)


def move(milestone: str, before: str, state: str, reason: str = "") -> Event:
    return kinds.MilestoneMoved(milestone, state, before, reason)


def step(
    milestone: str, ordinal: int, *, cost: int | None = 12_000, tool: str = "shell", about: str = "pytest -q"
) -> list[Event]:
    call = f"c{ordinal}"
    return [
        kinds.ModelRequested(milestone, ordinal, "d" * 64, 10 + ordinal, 9_000),
        kinds.ModelResponded(milestone, ordinal, Blob.of(f"answer {ordinal}"), "calls",
                             Spent(9_000 + 40 * ordinal, 320, 8_000, 500, 0, cost), took=2_100),
        kinds.ToolCalled(milestone, call, tool, ordinal, about),
        kinds.ToolEnded(milestone, call, tool, "done", Blob.of("2 passed"), took=300),
    ]  # fmt: skip


def gate(
    milestone: str, name: str, verdict: str, reason: str = "", *, tests: int | None = 12, failed: int = 0
) -> list[Event]:
    return [
        kinds.GateStarted(milestone, name, "check", "f" * 40, f"python -m pytest -q tests/{name}"),
        kinds.GateEnded(milestone, name, verdict, reason, "f" * 40, 4_200, int(verdict == "red"),
                        Blob.of(f"{tests} tests ran\n" * 3), None, tests, failed, 0),
    ]  # fmt: skip


def checkpoint(number: int, milestone: str, *changes: Change) -> Event:
    return kinds.Checkpointed(number, milestone, f"{number:040d}", f"{number:040x}", "h" * 40, changes, len(changes))


def told(folder: Path, words: str = "", outcome: str = "blocked") -> Story:
    """Three milestones: one passed after a repair, one in trouble, one planned; `words` is what an agent wrote."""
    told = story(repository(folder))
    told.tell(
        kinds.DocumentsApproved(
            ".agent/copybook", (("PLAN.md", Blob.of("# plan")),), (("PLAN.md", "a" * 64),), (), "ada"
        )
    )
    told.tell(opened(f"COBOL copybook parser {words}".strip()))
    told.tell(
        kinds.MilestonePlanned("M01", "Read PIC clauses"),
        kinds.MilestonePlanned("M02", f"Decode COMP-3 {words}".strip(), ("M01",)),
        kinds.MilestonePlanned("M03", "Write Kotlin", ("M02",)),
    )
    told.tell(kinds.RunStarted(4242, "0.1.0"))
    told.tell(move("M01", "planned", "active"), kinds.AttemptOpened("M01", 1, Blob.of("s"), Blob.of("b")))
    for ordinal in range(1, 6):
        told.tell(*step("M01", ordinal))
    told.tell(checkpoint(1, "M01", Change("src/copybook/pic.py", "A", 120, 0), Change("tests/test_pic.py", "A", 40, 0)))
    told.tell(move("M01", "active", "verifying"), *gate("M01", "unit", "red", "1 test fails", failed=1))
    told.tell(move("M01", "verifying", "repairing", "gate unit is red"), *step("M01", 6))
    told.tell(checkpoint(2, "M01", Change("src/copybook/pic.py", "M", 6, 2)))
    told.tell(
        move("M01", "repairing", "verifying"), *gate("M01", "unit", "green"), *gate("M01", "lint", "green", tests=None)
    )
    told.tell(move("M01", "verifying", "passed"), kinds.MilestoneCommitted("M01", "c" * 40, "f" * 40))
    told.tell(
        kinds.DecisionRecorded("M01", f"Decimals {words}".strip(), f"Use decimal.Decimal {words}".strip(),
                               "COMP-3 is exact", (("float", "loses cents"), (f"int {words}".strip(), "no scale"))),
        kinds.ReviewQueued("M02", "M02.A2", "manual", f"The API reads well {words}".strip()),
        kinds.ReviewQueued("M02", "Q1", "question", "Is EBCDIC wanted?"),
        kinds.ContextFolded("M02", Blob.of("[]"), 31_000, 9_000, 12, 4),
    )  # fmt: skip
    told.tell(move("M02", "planned", "active"))
    for ordinal in range(7, 10):
        told.tell(*step("M02", ordinal, cost=None, about=f"grep -n {words}" if words else "grep -n COMP"))
    told.tell(checkpoint(3, "M02", Change(f"src/copybook/{words[:20] or 'comp3'}.py".replace("\x1b", ""), "A", 80, 0)))
    if outcome:
        told.tell(move("M02", "active", "blocked", f"the same failure three times {words}".strip()))
        told.tell(kinds.RunEnded(outcome, f"M02 is blocked {words}".strip()))
    return told


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def waypost(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Done:
    """The real command; in a process of its own only where it needs another environment."""
    if environment is not None:
        variables = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
        command = [sys.executable, "-m", "waypost", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            main(arguments)
        except SystemExit as ended:
            return Done(ended.code if isinstance(ended.code, int) else 0, said.getvalue(), complained.getvalue())


def all_of(descriptor: int) -> str:
    """All that is written to a terminal until its other side is closed."""
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # Linux says EIO when the other side is closed
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode(errors="replace")
