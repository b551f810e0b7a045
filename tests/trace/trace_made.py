"""Runs made by hand, event by event, at random: many equal lines, every owner known, no command line in the way."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from trace_cases import BASE, PERSON, Line, git, text

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.sqlite import SqliteLog
from waypost.trace.blame import Blame
from waypost.workspace.repository import Repository

RUN = "made-0001"
EMPTY = ["", "", "    return None", "}", "else:", "    pass"]
FILES = ("a.py", "b.py", "c.py")


@dataclass
class Made:
    """A run that grows at random; `seed` decides all."""

    root: Path
    seed: int
    files: dict[str, list[Line]] = field(default_factory=dict)
    random: random.Random = field(init=False)
    log: SqliteLog = field(init=False)
    ordinal: int = 0
    number: int = 0
    tip: str = ""
    head: str = ""
    kept: dict[int, tuple[int, str, dict[str, list[Line]]]] = field(default_factory=dict)
    fresh: int = 0
    removed: set[str] = field(default_factory=set)
    """What was taken out since the last checkpoint: typed again, it could not be told from what was there."""
    added: set[str] = field(default_factory=set)
    """What was put in since: what is like it is not taken out."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.root.mkdir(parents=True)
        git(self.root, "init", "-q", "-b", "main")
        for path in FILES:
            self.files[path] = [(self.line(), BASE) for _ in range(self.random.randint(2, 8))]
        self.head = self.tip = self.keep("start", [])
        git(self.root, "update-ref", "refs/heads/main", self.tip)
        git(self.root, "reset", "-q", "--hard", "main")
        self.log = SqliteLog(self.root / ".waypost" / "state.db")
        self.log._database.execute("PRAGMA synchronous = OFF")
        self.epoch = self.log.claim(RUN)
        self.tell(
            kinds.DocumentsApproved(".agent/made", (), (), (), "test"),
            kinds.RunOpened("Made", ".agent/made", 1, self.tip, f"waypost/{RUN}", "/nowhere", "scripted:x"),
            kinds.MilestoneMoved("M01", "active", "planned"),
        )

    def tell(self, *events: object) -> list[int]:
        return [record.seq for record in self.log.append(RUN, self.epoch, list(events))]  # type: ignore[arg-type]

    def line(self) -> str:
        """A line that was not just taken out."""
        while (line := self.any_line()) in self.removed:
            pass
        return line

    def any_line(self) -> str:
        """A line: empty of meaning, one of a few, or one of its own."""
        choice = self.random.random()
        if choice < 0.45:
            return self.random.choice(EMPTY)
        if choice < 0.65:
            return f"    result = compute(values, {self.random.randint(1, 3)})"
        self.fresh += 1
        return f"name_{self.fresh} = make_something({self.fresh})"

    def keep(self, message: str, parents: list[str]) -> str:
        """A commit of the files as they are."""
        rows = []
        for path, lines in sorted(self.files.items()):
            blob = git(self.root, "hash-object", "-w", "--stdin", feed=text([line for line, _ in lines]))
            rows.append(f"100644 blob {blob}\t{path}\n")
        tree = git(self.root, "mktree", feed="".join(rows))
        given = [word for parent in parents for word in ("-p", parent)]
        return git(self.root, "commit-tree", tree, *given, "-m", message)

    def step(self) -> None:
        """One answer with one to three calls, and its checkpoint."""
        calls = [self.call(number) for number in range(self.random.choice([1, 1, 1, 2, 3]))]
        answer = {"parts": [{"call": i, "name": tool, "arguments": json.dumps(args)} for i, tool, args in calls],
                  "stop": "calls", "deltas": []}  # fmt: skip
        self.tell(
            kinds.ModelRequested("M01", self.ordinal, "d" * 64, 2, 100),
            kinds.ModelResponded("M01", self.ordinal, Blob.of(json.dumps(answer)), "calls", kinds.Spent()),
        )
        for identity, tool, _ in calls:
            (called,) = self.tell(kinds.ToolCalled("M01", identity, tool, self.ordinal))
            self.tell(kinds.ToolEnded("M01", identity, tool, "done", Blob.of("ok"), called))
        self.ordinal += 1
        self.checkpoint()

    def checkpoint(self) -> None:
        self.removed, self.added = set(), set()
        before = git(self.root, "rev-parse", f"{self.tip}^{{tree}}")
        commit = self.keep(f"checkpoint {self.number + 1}", [self.tip])
        tree = git(self.root, "rev-parse", f"{commit}^{{tree}}")
        if tree == before:
            return
        changed = git(self.root, "diff-tree", "-r", "--name-only", self.tip, commit).split()
        self.number, self.tip = self.number + 1, commit
        changes = tuple(kinds.Change(path, "modified", 1, 1) for path in changed)
        (seq,) = self.tell(kinds.Checkpointed(self.number, "M01", commit, tree, self.head, changes, len(changes)))
        self.kept[self.number] = (seq, tree, {path: list(lines) for path, lines in self.files.items()})
        git(self.root, "update-ref", f"refs/waypost/{RUN}/checkpoints", commit)

    def call(self, number: int) -> tuple[str, str, dict[str, object]]:
        path = self.random.choice(FILES)
        identity, lines = f"c{self.ordinal}-{number}", self.files[path]
        choice = self.random.random()
        if choice < 0.6 and (found := self.edit(path)) is not None:
            return identity, "edit", found
        if choice < 0.75:
            self.change(lines, self.ordinal)
            return identity, "write", {"path": path, "text": text([line for line, _ in lines])}
        self.change(lines, self.ordinal)
        return identity, "shell", {"command": f"change {path}"}

    def edit(self, path: str) -> dict[str, object] | None:
        """A replacement that stands once, with some unchanged lines around it."""
        lines = self.files[path]
        at = self.random.randint(0, len(lines))
        count = self.random.choice([0, 0, 1, 2])
        count = 0 if self.added & {line for line, _ in lines[at : at + count]} else count
        self.removed |= {line for line, _ in lines[at : at + count]}
        new = [self.line() for _ in range(self.random.randint(0 if count else 1, 5))]
        whole = [line for line, _ in lines]
        for around in range(12):
            first, last = max(0, at - around), min(len(lines), at + count + around)
            old = text(whole[first:last])
            changed = text([*whole[first:at], *new, *whole[at + count : last]])
            stands = text(whole)
            is_whole = not (at_old := stands.find(old)) or stands[at_old - 1 : at_old] == "\n"
            if old and old != changed and stands.count(old) == 1 and is_whole:
                self.added |= set(new)
                lines[first:last] = self.owned(
                    lines[first:last], old, changed, lines[first:at], new, lines[at + count : last]
                )
                return {"path": path, "old": old, "new": changed}
        return None

    def owned(
        self, whole: list[Line], old: str, changed: str, above: list[Line], new: list[str], below: list[Line]
    ) -> list[Line]:
        """Whose the lines are: a call that repeats all that it found and goes on keeps that, by definition."""
        rows = changed.split("\n")[:-1]
        mine = [(line, self.ordinal) for line in rows]
        if changed.startswith(old):
            return [*whole, *mine[len(whole) :]]
        if changed.endswith("\n" + old):
            return [*mine[: -len(whole)], *whole]
        return [*above, *((line, self.ordinal) for line in new), *below]

    def change(self, lines: list[Line], owner: int) -> None:
        """Puts in, takes out and replaces lines at a few places."""
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randint(0, len(lines))
            count = self.random.choice([0, 0, 1, 2])
            if self.added & {line for line, _ in lines[at : at + count]}:
                continue
            self.removed |= {line for line, _ in lines[at : at + count]}
            put = [(self.line(), owner) for _ in range(self.random.randint(0, 4))]
            lines[at : at + count] = put
            self.added |= {line for line, _ in put}

    def commit(self, milestone: str) -> None:
        tree = git(self.root, "rev-parse", f"{self.tip}^{{tree}}")
        message = (
            f"{milestone}\n\nWaypost-Run: {RUN}\nWaypost-Milestone: {milestone}\nWaypost-Log: 1-{self.log.position}"
        )
        self.head = git(self.root, "commit-tree", tree, "-p", self.head, "-m", message)
        self.tell(kinds.MilestoneCommitted(milestone, self.head, tree))

    def rewind(self) -> None:
        """Back to a checkpoint at random, as the runtime goes back."""
        number = self.random.choice(sorted(self.kept))
        seq, tree, files = self.kept[number]
        self.files = {path: list(lines) for path, lines in files.items()}
        self.tell(kinds.RunRewound(seq, number, seq, tree))
        self.kept = {other: one for other, one in self.kept.items() if one[0] <= seq}

    def hand(self) -> None:
        """A person changes files in the run's folder, between two processes."""
        self.change(self.files[self.random.choice(FILES)], PERSON)
        self.tell(kinds.RunStarted(1, "0", resumed=True))
        self.checkpoint()

    def grow(self, steps: int) -> None:
        for number in range(1, steps + 1):
            self.step()
            if self.kept and self.random.random() < 0.08:
                self.rewind()
            if self.random.random() < 0.05:
                self.hand()
            if number % (steps // 3) == 0:
                self.checkpoint()
                self.commit(f"M{number // (steps // 3):02d}")
        git(self.root, "update-ref", f"refs/heads/waypost/{RUN}", self.head)
        git(self.root, "reset", "-q", "--hard", self.head)

    def person(self, *, amend: bool) -> None:
        """A person's changes in HEAD's own commit, or in one of their own."""
        self.removed, self.added = set(), set()
        for path in FILES:
            if self.random.random() < 0.7:
                self.change(self.files[path], PERSON)
            (self.root / path).write_text(text([line for line, _ in self.files[path]]))
        git(self.root, "add", "-A", "--", *FILES)
        words = ["--amend", "--no-edit"] if amend else ["-m", "By hand"]
        git(self.root, "commit", "-q", "--allow-empty", *words)

    def judged(self) -> tuple[int, int, list[str]]:
        """Right, unknown, and each wrong one in words."""
        blame = Blame(Repository.open(self.root), self.log)
        right = unknown = 0
        wrong: list[str] = []
        for path, lines in self.files.items():
            answers = blame.lines(path)
            assert [answer.text for answer in answers] == [line for line, _ in lines]
            for answer, (line, owner) in zip(answers, lines, strict=True):
                told = answer.written.step.ordinal if answer.written else None
                if told is None:
                    unknown += owner >= 0
                elif told == owner:
                    right += 1
                else:
                    wrong.append(f"seed {self.seed} {path}:{answer.line} {line!r}: {told}, not {owner} {answer}")
        return right, unknown, wrong
