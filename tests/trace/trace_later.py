"""What people do to a run's branch afterwards: each a repository of its own, with every line's owner still known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from trace_cases import MOVED, PERSON, REPORT_PATH, SUMS, TOOLS, Played, Script, commit, function, git

REPORT = REPORT_PATH
Later = Callable[[Played, Script], None]


def elsewhere(played: Played, folder: Path) -> tuple[Played, Script]:
    """The same run in a repository of its own."""
    root = folder / "repository"
    shutil.copytree(played.root, root, symlinks=True)
    git(root, "worktree", "prune")
    return replace(played, root=root), played.script.copied()


def merged(played: Played, script: Script) -> None:
    """A fast-forward: the branch as it came."""
    git(played.root, "merge", "-q", "--ff-only", played.branch)


def edited(played: Played, script: Script) -> None:
    """Merged with a merge commit, then a person puts in, changes and takes out lines beside the agent's."""
    git(played.root, "merge", "-q", "--no-ff", "-m", "Merge the work", played.branch)
    script.put(SUMS, script.at(SUMS, "def alpha(values: list[int]) -> int:"), [*function("byhand", 41), "", ""])
    at = script.at(SUMS, "        total_alpha += value * 11")
    script.take(SUMS, at, 1)
    script.put(SUMS, at, ["        total_alpha += value * 17"])
    script.take(MOVED, script.at(MOVED, "    weights_mode = sorted(values)"), 1)
    script.put(REPORT, 1, ["", "import json"])
    _commit(played, script, "Edits of a person")


def amended(played: Played, script: Script) -> None:
    """The last milestone's commit is amended with a person's lines, then merged."""
    git(played.root, "checkout", "-q", "-b", "amended", played.branch)
    at = script.at(REPORT, "    total_summary = 33")
    script.take(REPORT, at, 1)
    script.put(REPORT, at, ["    total_summary = 43", "    checked_summary = bool(values)"])
    script.put(REPORT, len(script.lines(REPORT)), ["", "", *function("signature", 44)])
    script.put(TOOLS, 1, ["", "import os"])
    script.written_to(played.root)
    git(played.root, "add", "-A")
    git(played.root, "commit", "-q", "--amend", "--no-edit")


def reworded(played: Played, script: Script) -> None:
    """Amended with another message: the trailers are gone."""
    amended(played, script)
    git(played.root, "commit", "-q", "--amend", "-m", "The report, in my words")


def rebased(played: Played, script: Script) -> None:
    """Rebased onto work of others in the same files, and then merged."""
    root = played.root
    others = script_of_base(played)
    others.put(SUMS, 1, ["", "import math"])
    others.put(SUMS, others.at(SUMS, "def existing(values: list[int]) -> int:"), [*function("upstream", 51), "", ""])
    others.put(TOOLS, others.at(TOOLS, "    total_helper = 5"), ["    upstream_helper = 52"])
    others.written_to(root)
    commit(root, "Work of others")
    script.put(SUMS, 1, ["", "import math"])
    at = script.at(SUMS, "def existing(values: list[int]) -> int:")
    script.put(SUMS, at, [*function("upstream", 51), "", ""])
    script.put(TOOLS, script.at(TOOLS, "    total_helper = 5"), ["    upstream_helper = 52"])
    git(root, "checkout", "-q", "-b", "rebased", played.branch)
    git(root, "rebase", "-q", "main")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--ff-only", "rebased")


def squashed(played: Played, script: Script) -> None:
    """Squashed with git's own message, which quotes the commits."""
    git(played.root, "merge", "-q", "--squash", played.branch)
    git(played.root, "commit", "-q", "--no-edit")


def squashed_and_edited(played: Played, script: Script) -> None:
    """Squashed, and a person's lines added to the very same commit."""
    git(played.root, "merge", "-q", "--squash", played.branch)
    script.put(MOVED, script.at(MOVED, "def range_of(values: list[int]) -> int:"), [*function("inserted", 61), "", ""])
    script.put(REPORT, 1, ["", "import sys"])
    script.written_to(played.root)
    git(played.root, "add", "-A")
    git(played.root, "commit", "-q", "--no-edit")


def squashed_in_own_words(played: Played, script: Script) -> None:
    """Squashed with a message of a person's: no trailer is left, and main went on before."""
    others = script_of_base(played)
    others.put("NOTES.md", 0, ["# Notes of a person"])
    others.written_to(played.root)
    commit(played.root, "Notes")
    script.put("NOTES.md", 0, ["# Notes of a person"])
    git(played.root, "merge", "-q", "--squash", played.branch)
    git(played.root, "commit", "-q", "-m", "All of it")


def moved(played: Played, script: Script) -> None:
    """Merged, then a function is moved to another file by hand, and another within its file."""
    merged(played, script)
    at = script.at(MOVED, "def range_of(values: list[int]) -> int:")
    block = script.take(MOVED, at, len(function("range_of", 21)) + 2)
    script.files["src/ranges.py"] = [("from __future__ import annotations", PERSON), ("", PERSON), ("", PERSON)]
    script.files["src/ranges.py"] += block[:-2]
    at = script.at(REPORT, "def footer(values: list[int]) -> int:")
    block = script.take(REPORT, at - 2, len(function("footer", 34)) + 2)
    script.files[REPORT][1:1] = block
    _commit(played, script, "Move functions")


def indented(played: Played, script: Script) -> None:
    """Merged, then a function is put into a class by hand."""
    merged(played, script)
    at = script.at(REPORT, "def summary(values: list[int]) -> int:")
    block = script.take(REPORT, at, len(function("summary", 33)))
    inner = [(f"    {line}" if line else "", owner) for line, owner in block]
    script.files[REPORT][at:at] = [("class Summary:", PERSON), ("    @staticmethod", PERSON), *inner]
    _commit(played, script, "A class for the summary")


def copied_boilerplate(played: Played, script: Script) -> None:
    """Merged, then a person writes a file that begins as the agent's do, and changes one of the agent's beside it."""
    merged(played, script)
    copied = [(line, PERSON) for line in script.lines(REPORT)[:10]]
    script.files["src/another.py"] = [*copied, ("    return total_of_a_person", PERSON)]
    script.put(REPORT, len(script.lines(REPORT)), ["", "", "REPORTED_BY_HAND = True"])
    _commit(played, script, "A file like another")


def everything(played: Played, script: Script) -> None:
    """Rebased, edited, moved and indented, one after another."""
    rebased(played, script)
    at = script.at(MOVED, "def mode(values: list[int]) -> int:")
    script.put(MOVED, at, [*function("later", 71), "", ""])
    _commit(played, script, "Later work")
    at = script.at(REPORT, "def summary(values: list[int]) -> int:")
    block = script.take(REPORT, at, len(function("summary", 33)) + 2)
    script.files["src/summaries.py"] = [("from __future__ import annotations", PERSON), ("", PERSON), ("", PERSON)]
    script.files["src/summaries.py"] += block[:-2]
    _commit(played, script, "Move the summary")
    lines = script.files["src/summaries.py"]
    script.files["src/summaries.py"] = [
        *lines[:3], ("class Summaries:", PERSON), *((f"    {line}" if line else "", who) for line, who in lines[3:])
    ]  # fmt: skip
    _commit(played, script, "Indent it")


ALL: dict[str, Later] = {
    "merged": merged,
    "edited by a person": edited,
    "amended": amended,
    "amended, message replaced": reworded,
    "rebased onto others' work": rebased,
    "squashed": squashed,
    "squashed with edits": squashed_and_edited,
    "squashed, own message": squashed_in_own_words,
    "functions moved by hand": moved,
    "indented by hand": indented,
    "boilerplate copied by hand": copied_boilerplate,
    "all of it": everything,
}


def script_of_base(played: Played) -> Script:
    """The files as they were before the run."""
    listed = git(played.root, "ls-tree", "-r", "--name-only", played.base, "--", "src").splitlines()
    files = {path: git(played.root, "show", f"{played.base}:{path}").split("\n") for path in listed}
    return Script(files={path: [(line, PERSON) for line in lines] for path, lines in files.items()})


def _commit(played: Played, script: Script, message: str) -> None:
    script.written_to(played.root)
    commit(played.root, message)
