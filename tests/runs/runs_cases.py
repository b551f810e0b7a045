"""What the proofs of runs share: real repositories, documents, models on loopback, and the real command line."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import waypost.events.kinds  # noqa: F401 - fills the table of kinds
from waypost.events.event import Record
from waypost.events.history import live
from waypost.events.kinds import Limits, RunEnded
from waypost.runs.opening import Settings, approve, open_run
from waypost.runs.project import Project
from waypost.runs.supervisor import work
from waypost.runs.view import RunView, load_view
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)

SOURCE = Path(__file__).parents[2] / "src"
IDENTITY = {
    "GIT_AUTHOR_NAME": "User",
    "GIT_AUTHOR_EMAIL": "user@localhost",
    "GIT_COMMITTER_NAME": "User",
    "GIT_COMMITTER_EMAIL": "user@localhost",
}
WIRES = ("openai", "openai-chat", "anthropic")


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as a user runs it."""
    ended = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=folder,
        env={**os.environ, **IDENTITY},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return os.fsdecode(ended.stdout).rstrip("\n")


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def commit(folder: Path, message: str = "more") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def tree_of(folder: Path, skip: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    """Every file below, with its kind (mode or link) and its content's hash."""
    seen = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if any(name == other or name.startswith(f"{other}/") for other in skip):
            continue
        if path.is_symlink():
            seen[name] = ("link", str(path.readlink()))
        elif path.is_file():
            mode = "x" if path.stat().st_mode & 0o100 else "-"
            seen[name] = (mode, hashlib.sha256(path.read_bytes()).hexdigest())
    return seen


# --- documents -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Aim:
    """A milestone of a plan: `gates` by name, in the order of the plan."""

    id: str
    title: str
    gates: Mapping[str, str] = field(default_factory=dict)
    depends: str = ""
    budget: str = ""
    manual: str = ""

    def text(self) -> str:
        criteria = [f"- [ ] {self.id}.A{n} {name} holds (gate: {name})" for n, name in enumerate(self.gates, 1)]
        if self.manual:
            criteria.append(f"- [ ] {self.id}.A{len(criteria) + 1} {self.manual} (manual)")
        lines = [f"### Milestone {self.id} - {self.title} [ ]", ""]
        lines += [f"Depends on: {self.depends}"] if self.depends else []
        lines += [f"Budget: {self.budget}"] if self.budget else []
        lines += ["", "Acceptance criteria:", "", *criteria, ""]
        for name, command in self.gates.items():
            lines += [f"```bash gate={name} timeout=60", command, "```", ""]
        return "\n".join(lines)


def write_documents(root: Path, name: str, aims: Sequence[Aim], checklist: Mapping[str, str] | None = None) -> Path:
    """The four documents in `.agent/NAME`."""
    folder = root / ".agent" / name
    checks = "".join(f"```bash gate={gate} timeout=60\n{text}\n```\n\n" for gate, text in (checklist or {}).items())
    write(
        folder / "PROMPT.md",
        f"# {name}\n\n## Goals\n\nGrow the package.\n\n## Deliverables\n\n- R-1 The package, grown.\n\n"
        "## Done when\n\n- Every gate is green.\n",
    )
    head = f"# Plan: {name}\n\n" + (f"## Verification checklist\n\n{checks}" if checks else "")
    write(folder / "PLAN.md", f"{head}## Milestones\n\n" + "\n".join(aim.text() for aim in aims))
    write(folder / "IMPLEMENT.md", "# How the work goes\n\nOne milestone at a time.\n")
    write(folder / "DOCUMENTATION.md", f"# {name}: documentation\n\n## Notes\n\nA human's note.\n")
    return folder


# --- a model on loopback that keeps nothing --------------------------------------------------------------------------

Calls = Sequence[tuple[str, Mapping[str, Any] | str]]
MARKER = re.compile(r"# turn (\d+)")
MILESTONE = re.compile(r"^# Briefing for run (\S+), milestone (\S+)", re.MULTILINE)


def answer(words: str = "", *calls: tuple[str, Mapping[str, Any] | str], mark: str = "c") -> Response:
    """An answer with calls; ids are the mark's."""
    made = tuple(
        ToolCall(f"{mark}-{n}", name, given if isinstance(given, str) else json.dumps(given))
        for n, (name, given) in enumerate(calls)
    )
    parts = (*((Text(words),) if words else ()), *made)
    return Response(AssistantMessage(parts), Stop.CALLS if made else Stop.END, Usage(100, 10), f"a-{mark}", "loopback")


def milestone_of(request: Request) -> str:
    """The milestone whose briefing opens the conversation."""
    first = request.messages[0]
    assert isinstance(first, UserMessage)
    found = MILESTONE.search(first.text)
    assert found is not None, first.text[:200]
    return found[2]


def turns_taken(request: Request) -> int:
    """How many turns this conversation had, told by the markers in the model's own words."""
    said = [MARKER.search(message.text) for message in request.messages if isinstance(message, AssistantMessage)]
    return max((int(found[1]) for found in said if found), default=0)


def unknown_calls(request: Request) -> list[tuple[str, str]]:
    """The calls of the last answer whose outcome nobody knows."""
    unknown: set[str] = set()
    for message in reversed(request.messages):
        if isinstance(message, ToolMessage) and "outcome unknown" in message.text.lower():
            unknown.add(message.call_id)
        if isinstance(message, AssistantMessage):
            return [(call.name, call.arguments) for call in message.calls if call.id in unknown]
    return []


@dataclass(slots=True)
class Stateless:
    """Plays a script a milestone from what it reads alone: any process may ask it, at any time, any number of times.

    Calls with an unknown outcome are made again, under the same turn's number. After the script it says `done`.
    """

    scripts: Mapping[str, Sequence[Calls]]

    def __call__(self, request: Request) -> Response:
        taken, again = turns_taken(request), unknown_calls(request)
        mark = f"m{len(request.messages)}"
        if again:
            return answer(f"Again. # turn {taken}", *again, mark=mark)
        script = self.scripts[milestone_of(request)]
        calls = script[taken] if taken < len(script) else [("done", {"summary": "all of it"})]
        return answer(f"# turn {taken + 1}", *calls, mark=mark)


# --- the command line and the runtime --------------------------------------------------------------------------------


@dataclass(slots=True)
class Watcher:
    """An observer that keeps what it sees."""

    records: list[Record] = field(default_factory=list)
    then: Callable[[Record], None] | None = None

    def on_record(self, record: Record) -> None:
        self.records.append(record)
        if self.then is not None:
            self.then(record)

    def on_delta(self, delta: Delta) -> None:
        pass


@dataclass(slots=True)
class Place:
    """A repository with documents, and a home of its own for Waypost.

    `unheld`: commands run without a sandbox, for tests whose commands tell of themselves outside the worktree.
    """

    root: Path
    home: Path
    unheld: bool = False

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        held = {"WAYPOST_SANDBOX": "none"} if self.unheld else {}
        return {**kept, "PYTHONPATH": str(SOURCE), "WAYPOST_HOME": str(self.home), **held, **more}

    def command(self, *arguments: str) -> list[str]:
        unsafe = ["--unsafe-no-sandbox"] if self.unheld and arguments[0] in {"run", "resume", "gate"} else []
        return [sys.executable, "-m", "waypost", *arguments, *unsafe]

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def waypost(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the real command line to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.root,
            env=self.environ(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    @contextmanager
    def project(self, *, create: bool = False) -> Iterator[Project]:
        project = Project.open(self.root, create=create)
        try:
            yield project
        finally:
            project.close()

    def open_run(self, name: str, model: str, base_url: str | None = None, **more: Any) -> str:
        with self.project(create=True) as project:
            approve(project, name, by="test")
            return open_run(project, name, Settings(model=model, base_url=base_url, **more))

    def work(self, run: str, then: Callable[[Record], None] | None = None, **more: Any) -> RunEnded:
        """Works on the run in this process."""
        with self.project() as project, pytest.MonkeyPatch.context() as patch:
            if self.unheld:
                patch.setenv("WAYPOST_SANDBOX", "none")
            return asyncio.run(work(project, run, Settings(unsafe=self.unheld, **more), Watcher(then=then)))

    def run(self, name: str, model: str, base_url: str | None = None, **more: Any) -> tuple[str, RunEnded]:
        run = self.open_run(name, model, base_url, **more)
        return run, self.work(run)

    def view(self, run: str) -> RunView:
        with self.project() as project:
            return load_view(project.log, run)

    def live(self, run: str, *names: str) -> list[Record]:
        with self.project() as project:
            return list(live(project.log, run, names))

    def every(self, run: str | None = None) -> list[Record]:
        with self.project() as project:
            return list(project.log.read(run))

    def text(self, blob: Any) -> str:
        with self.project() as project:
            return project.log.text(blob)

    def worktree(self, run: str) -> Path:
        with self.project() as project:
            return project.worktree_of(run)

    def states(self, run: str) -> dict[str, str]:
        return {name: seen.state for name, seen in self.view(run).milestones.items()}


def make_place(folder: Path, files: Mapping[str, str] | None = None) -> Place:
    """A repository with one commit."""
    root = folder / "repository"
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for name, text in (files or {"a.txt": "one\n"}).items():
        write(root / name, text)
    commit(root, "start")
    return Place(root, folder / "home")


def scripted(folder: Path, turns: Sequence[Mapping[str, Any]], **more: Any) -> str:
    """A `scripted:` model with these turns."""
    path = folder / f"script-{len(list(folder.glob('script-*')))}.json"
    path.write_text(json.dumps({"turns": list(turns), **more}))
    return f"scripted:{path}"


def call(tool: str, **given: Any) -> dict[str, Any]:
    """One written call."""
    return {"tool": tool, "args": given}


def shell(command: str) -> dict[str, Any]:
    """A written answer that makes one shell call."""
    return {"calls": [{"shell": command}]}


def done(words: str = "it is done") -> dict[str, Any]:
    """A written answer that says so."""
    return {"calls": [{"finish": words}]}


def limits(**given: int) -> Limits:
    return Limits(**given)
