"""A real run over several files whose every line has a known owner, and a person's later work upon it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import waypost.events.kinds
from waypost.events.sqlite import SqliteLog
from waypost.trace.blame import Blame, LineAnswer
from waypost.workspace.repository import Repository

SOURCE = Path(__file__).parents[2] / "src"
PERSON, BASE = -1, -2
"""Owners of lines that no step wrote."""
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@localhost",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@localhost",
}  # fmt: skip
Line = tuple[str, int]


def git(folder: Path, *arguments: str, feed: str | None = None) -> str:
    """Plain git, as a person runs it."""
    ended = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=folder, env={**os.environ, **IDENTITY}, input=feed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.rstrip("\n")


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def function(name: str, factor: int) -> list[str]:
    """A function of lines that are its own, and of lines that every such function has."""
    return [
        f"def {name}(values: list[int]) -> int:",
        f'    """The {name} of all values, times {factor}."""',
        f"    total_{name} = {factor}",
        "    for value in values:",
        "        if not value:",
        "            continue",
        f"        total_{name} += value * {factor}",
        "",
        "    if values:",
        f"        return total_{name}",
        "    return 0",
    ]


def module(*functions: Sequence[str], head: Sequence[str] = ("from __future__ import annotations",)) -> list[str]:
    lines = list(head)
    for one in functions:
        lines += ["", "", *one]
    return lines


def text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@dataclass
class Script:
    """What the model will say, and whose each line will be. A step is a turn, counted from 0."""

    turns: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, list[Line]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    commands: set[int] = field(default_factory=set)

    @property
    def step(self) -> int:
        return len(self.turns)

    def lines(self, path: str) -> list[str]:
        return [line for line, _ in self.files[path]]

    def at(self, path: str, line: str) -> int:
        return self.lines(path).index(line)

    def say(self, words: str = "") -> None:
        """Ends the turn."""
        self.turns.append({"text": words, "calls": self.calls})
        self.calls = []

    def done(self, words: str) -> None:
        self.turns.append({"calls": [{"finish": words}]})

    def call(self, tool: str, **arguments: Any) -> None:
        self.calls.append({"tool": tool, "args": arguments})

    def write(self, path: str, lines: Sequence[str], kept: Callable[[int], int | None] = lambda _: None) -> None:
        """Writes a file; `kept` names the line of the file before that a line is."""
        before = self.files.get(path, [])
        self.files[path] = [
            (line, self.step if (was := kept(index)) is None else before[was][1]) for index, line in enumerate(lines)
        ]
        self.call("write", path=path, text=text(lines))

    def edit(self, path: str, at: int, count: int, new: Sequence[str], above: int = 0, below: int = 0) -> None:
        """Replaces lines; so many unchanged ones above and below are repeated in the call to make it unique."""
        lines = self.lines(path)
        first, last = at - above, at + count + below
        old = text(lines[first:last])
        assert text(lines).count(old) == 1, old
        self.files[path][at : at + count] = [(line, self.step) for line in new]
        self.call("edit", path=path, old=old, new=text([*lines[first:at], *new, *lines[at + count : last]]))

    def patch(self, *parts: tuple[str, int, int, Sequence[str]]) -> None:
        """Replaces lines of several files by one patch, one hunk a file."""
        rows = ["*** Begin Patch"]
        for path, at, count, new in parts:
            lines = self.lines(path)
            rows.append(f"*** Update File: {path}")
            rows += [f" {line}" for line in lines[max(0, at - 3) : at]]
            rows += [f"-{line}" for line in lines[at : at + count]]
            rows += [f"+{line}" for line in new]
            rows += [f" {line}" for line in lines[at + count : at + count + 3]]
            self.files[path][at : at + count] = [(line, self.step) for line in new]
        self.call("edit", patch="\n".join([*rows, "*** End Patch"]))

    def shell(self, command: str) -> None:
        self.commands.add(self.step)
        self.call("shell", command=command)

    # --- a person's hands ---

    def put(self, path: str, at: int, lines: Sequence[str], owner: int = PERSON) -> None:
        self.files.setdefault(path, [])[at:at] = [(line, owner) for line in lines]

    def take(self, path: str, at: int, count: int) -> list[Line]:
        taken = self.files[path][at : at + count]
        del self.files[path][at : at + count]
        return taken

    def written_to(self, root: Path) -> None:
        for path, lines in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text([line for line, _ in lines]))

    def copied(self) -> Script:
        return Script(
            list(self.turns), {path: list(lines) for path, lines in self.files.items()}, [], set(self.commands)
        )


# --- documents and the run -------------------------------------------------------------------------------------------


def documents(root: Path, name: str, milestones: Sequence[str], gate: str = "test -s src/sums.py") -> None:
    folder = root / ".agent" / name
    folder.mkdir(parents=True)
    (folder / "PROMPT.md").write_text(
        f"# {name}\n\n## Goals\n\nGrow the package.\n\n## Deliverables\n\n- R-1 The package, grown.\n\n"
        "## Done when\n\n- Every gate is green.\n"
    )
    plan = [f"# Plan: {name}", "", "## Milestones", ""]
    for number, one in enumerate(milestones):
        plan += [f"### Milestone {one} - Part {one} [ ]", ""]
        plan += [f"Depends on: {milestones[number - 1]}", ""] if number else []
        plan += ["Acceptance criteria:", "", f"- [ ] {one}.A1 it holds (gate: g{one.lower()})", ""]
        plan += [f"```bash gate=g{one.lower()} timeout=60", gate, "```", ""]
    (folder / "PLAN.md").write_text("\n".join(plan))
    (folder / "IMPLEMENT.md").write_text("# How the work goes\n\nOne milestone at a time.\n")
    (folder / "DOCUMENTATION.md").write_text(f"# {name}: documentation\n\n## Notes\n\nA note.\n")


def waypost(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(
        [sys.executable, "-m", "waypost", *arguments],
        cwd=root,
        env={**kept, "PYTHONPATH": str(SOURCE), "WAYPOST_HOME": str(root.parent / "home")},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@dataclass
class Played:
    """A finished run: where, its name, and whose each line is."""

    root: Path
    run: str
    script: Script
    base: str

    @property
    def branch(self) -> str:
        return f"waypost/{self.run}"

    def log(self) -> SqliteLog:
        return SqliteLog(self.root / ".waypost" / "state.db")

    def ordinals(self) -> list[int]:
        """The number that the log gives to each turn."""
        log = self.log()
        found = [record.event.ordinal for record in log.read(self.run, kinds=("model.responded",))]
        log.close()
        return found

    def blame(self, path: str, revision: str = "HEAD") -> list[LineAnswer]:
        log = self.log()
        try:
            return Blame(Repository.open(self.root), log).lines(path, None, revision)
        finally:
            log.close()


def play(folder: Path, script: Script, base: dict[str, list[str]], milestones: Sequence[str]) -> Played:
    """Plays the script through the real command line."""
    root = folder / "repository"
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for path, lines in base.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text(lines))
    documents(root, "grow", milestones)
    start = commit(root, "start")
    model = folder / "script.json"
    model.write_text(json.dumps({"turns": script.turns}))
    ended = waypost(root, "run", "grow", "--yes", "--json", "--model", f"scripted:{model}")
    assert ended.returncode == 0, ended.stderr + ended.stdout[-2000:]
    run = json.loads(ended.stdout.splitlines()[0])["run"]
    played = Played(root, run, script, start)
    for path in script.files:
        assert git(root, "show", f"{played.branch}:{path}") + "\n" == text(script.lines(path)), path
    return played


# --- the one script --------------------------------------------------------------------------------------------------

SUMS, MEANS, MOVED, TOOLS = "src/sums.py", "src/means.py", "src/statistics/means.py", "src/tools.py"
REPORT_PATH = "src/report.py"
BASE_FILES = {
    SUMS: module(function("existing", 3), function("older", 4)),
    TOOLS: module(function("helper", 5), function("keeper", 6)),
}


def three_milestones() -> Script:
    """New files, edits in old ones, several edits a step, patches, commands, a rename, a rewrite."""
    script = Script(files={path: [(line, BASE) for line in lines] for path, lines in BASE_FILES.items()})
    _first(script)
    _second(script)
    _third(script)
    return script


def _first(script: Script) -> None:
    script.write(MEANS, module(function("mean", 7), function("median", 8)))
    script.say("Two means.")
    at = script.at(SUMS, "def older(values: list[int]) -> int:")
    script.edit(SUMS, at, 0, [*function("alpha", 11), "", ""], below=1)
    script.edit(MEANS, len(script.lines(MEANS)), 0, ["", "", *function("mode", 12)], above=2)
    script.say("Two edits at once.")
    at = script.at(SUMS, "    total_alpha = 11")
    script.edit(SUMS, at, 1, ["    total_alpha = 13", "    count_alpha = len(values)"])
    script.say()
    script.call("decide", title="Integers", decision="Sums stay integers", because="floats drift")
    script.say()
    top = script.at(MEANS, '    """The mode of all values, times 12."""')
    keeper = script.at(TOOLS, "    total_keeper = 6")
    script.patch(
        (MEANS, top, 1, ['    """The commonest value, weighted."""', "    weights_mode = sorted(values)"]),
        (TOOLS, keeper, 0, ["    started_keeper = True"]),
    )
    script.say()
    script.done("means are there")


def _second(script: Script) -> None:
    script.shell(f"mkdir -p src/statistics && mv {MEANS} {MOVED} && printf 'LIMIT_OF_VALUES = 99\\n' >> {TOOLS}")
    script.files[MOVED] = script.files.pop(MEANS)
    script.files[TOOLS].append(("LIMIT_OF_VALUES = 99", script.step))
    script.say()
    at = script.at(MOVED, "def median(values: list[int]) -> int:")
    script.edit(MOVED, at, 0, [*function("range_of", 21), "", ""], below=1)
    script.say()
    at = script.at(MOVED, "        total_range_of += value * 21")
    script.edit(MOVED, at, 1, ["        total_range_of += abs(value) * 21"])
    at = script.at(SUMS, "        total_existing += value * 3")
    script.edit(SUMS, at, 1, ["        total_existing += max(value, 0) * 3"])
    script.say()
    script.done("ranges are there")


def _third(script: Script) -> None:
    before = script.lines(SUMS)
    cut = before.index("    count_alpha = len(values)")
    lines = [*before[:cut], *before[cut + 1 :], "", "", *function("omega", 31)]
    script.write(SUMS, lines, lambda i: i if i < cut else i + 1 if i + 1 < len(before) else None)
    script.say()
    script.shell(f"sed -i 's/times 21/times twenty-one/' {MOVED}")
    at = script.at(MOVED, '    """The range_of of all values, times 21."""')
    script.files[MOVED][at] = ('    """The range_of of all values, times twenty-one."""', script.step)
    script.say()
    script.write(REPORT_PATH, module(function("report", 32), function("summary", 33), function("footer", 34)))
    at = script.at(TOOLS, "def keeper(values: list[int]) -> int:")
    script.edit(TOOLS, at, 0, [*function("printer", 35), "", ""], below=2)
    script.say()
    script.done("the report is there")


# --- judging ---------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """How lines were judged: agent-written ones right, wrong and unknown; others that were given to a step."""

    right: int = 0
    unknown: int = 0
    wrong: list[str] = field(default_factory=list)
    sure: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.right / max(1, self.right + self.unknown + len(self.wrong))

    def row(self, name: str) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.sure.items()))
        total = self.right + self.unknown + len(self.wrong)
        return (
            f"{name:<30} {total:>5} {self.right:>6} {self.unknown:>8} {len(self.wrong):>6}  {self.share:7.1%}  {kinds}"
        )


def judge(played: Played, script: Script, revision: str = "HEAD") -> Tally:
    """Blames every line of every file and compares with what is known by construction."""
    tally, ordinals = Tally(), played.ordinals()
    for path in script.files:
        answers = played.blame(path, revision)
        assert [answer.text for answer in answers] == script.lines(path), path
        for answer, (line, owner) in zip(answers, script.files[path], strict=True):
            _count(tally, answer, f"{path}:{answer.line} {line!r}", ordinals[owner] if owner >= 0 else None)
    return tally


def _count(tally: Tally, answer: LineAnswer, shown: str, truth: int | None) -> None:
    told = answer.written.step.ordinal if answer.written else None
    if truth is not None:
        tally.sure[answer.sure] = tally.sure.get(answer.sure, 0) + 1
    if told == truth:
        tally.right += truth is not None
    elif told is None:
        tally.unknown += 1
    else:
        tally.wrong.append(f"{shown}: step {told}, not {truth} ({answer.sure}, {answer.notes})")
