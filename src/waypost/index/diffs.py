"""Which lines a unified diff touches, in the files as they are after it; and the diff of a work tree, by git."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from waypost.index.errors import BadQuestion
from waypost.index.listing import FIXED, INHERITED, QUIET

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(slots=True)
class Touched:
    """A file that a diff changes: ranges of lines after it; a deletion touches the lines on both sides of it."""

    path: str
    before: str | None = None  # its path before, if that was another
    ranges: list[tuple[int, int]] = field(default_factory=list)
    is_gone: bool = False


def read_diff(text: str) -> list[Touched]:
    """What a unified diff touches, with or without git's own lines. Raises BadQuestion for a text that is none."""
    found: list[Touched] = []
    lines = iter(text.split("\n"))
    old: str | None = None
    for line in lines:
        if line.startswith("rename from "):
            old = line.removeprefix("rename from ")
        elif line.startswith("rename to "):
            found.append(Touched(_unquoted(line.removeprefix("rename to ")), before=old and _unquoted(old)))
        elif line.startswith("--- "):
            old = _name(line[4:])
        elif line.startswith("+++ "):
            _start(found, old, _name(line[4:]))
        elif (hunk := _HUNK.match(line)) and found:
            found[-1].ranges += _ranges(hunk, lines)
    if not found and text.strip():
        raise BadQuestion("this is no unified diff; `git diff` writes one")
    return found


def _start(found: list[Touched], old: str | None, new: str | None) -> None:
    if new is None:
        found.append(Touched(old or "", is_gone=True))
    elif not found or found[-1].path != new:
        found.append(Touched(new, before=old if old != new else None))


def _name(text: str) -> str | None:
    name = _unquoted(text.split("\t", maxsplit=1)[0].rstrip("\r"))
    if name == "/dev/null":
        return None
    return name[2:] if re.match(r"[abciwo]/", name) else name


def _unquoted(name: str) -> str:
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1", "replace")
    return os.fsdecode(raw)


def _ranges(hunk: re.Match[str], lines: object) -> list[tuple[int, int]]:
    """The changed lines of a hunk, whose body is read from `lines`."""
    assert hasattr(lines, "__next__")
    old_left, new_left = (int(hunk[group]) if hunk[group] else int(hunk[group] is None) for group in (2, 4))
    at, found = int(hunk[3]) + (new_left == 0), list[tuple[int, int]]()
    while old_left > 0 or new_left > 0:
        line = next(lines, None)
        if line is None:
            break
        mark = line[:1]
        if mark == "+":
            found.append((at, at))
            at, new_left = at + 1, new_left - 1
        elif mark == "-":
            found.append((max(1, at - 1), at))
            old_left -= 1
        elif mark != "\\":
            at, old_left, new_left = at + 1, old_left - 1, new_left - 1
    return found


def work_tree_diff(root: Path) -> str:
    """How the files below the root differ from HEAD. Runs no hook, driver or filter of the repository.

    Raises BadQuestion where the folder is in no git work tree.
    """
    filters = _git(root, "config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
    names = filters.stdout.decode(errors="replace").split("\n")[:-1]
    off = [part for name in names for part in ("-c", f"{name}={'false' if name.endswith('required') else ''}")]
    diff = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules", "--relative", "-M", "-U0"]
    ended = _git(root, *off, *diff, "HEAD", "--", ".")
    if ended.returncode not in {0, 1}:
        said = ended.stderr.decode(errors="replace").strip().split("\n")[0]
        raise BadQuestion(f"{root}: git can't tell what has changed ({said}); give a diff with --diff FILE")
    return ended.stdout.decode("utf-8", "surrogateescape")


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *(part for setting in QUIET for part in ("-c", setting)), *arguments]
    variables = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        return subprocess.run(
            command, cwd=root, env={**variables, **FIXED}, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as problem:
        raise BadQuestion(f"git was not found ({problem.strerror}); give a diff with --diff FILE") from problem
