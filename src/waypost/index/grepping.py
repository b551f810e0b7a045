"""`grep` over the files of the index: by ripgrep where it is installed, else by an own process, with a time limit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from waypost.index.answers import WIDEST, Page, Paging, within
from waypost.index.errors import BadQuestion
from waypost.index.ignoring import STATE_FOLDERS, is_secret
from waypost.index.index import Index

SECONDS = 10.0
MOST = 10_000
"""Lines that are gathered; the answer is partial from there on."""
ARGUMENTS = 100_000
"""Bytes of paths that are given to one process."""


@dataclass(frozen=True, slots=True)
class LineHit:
    """A line that a pattern matches."""

    path: str
    line: int
    text: str

    @property
    def shown_line(self) -> int:
        """The line."""
        return self.line


@dataclass(slots=True)
class _Search:
    root: Path
    pattern: str
    until: float
    ignore_case: bool
    hits: list[LineHit] = field(default_factory=list)
    is_late: bool = False


def grep(
    index: Index,
    pattern: str,
    paging: Paging = Paging(limit=100),  # noqa: B008 - frozen
    *,
    everything: bool = False,
    ignore_case: bool = False,
    seconds: float = SECONDS,
) -> Page[LineHit]:
    """Lines that a regular expression matches, by path and line, as they are on the disk now.

    Looks at the files of the index; `everything` takes in what it leaves out, but never files of secrets. Raises
    BadQuestion for a pattern that can't be read.
    """
    if not pattern:
        raise BadQuestion("an empty pattern matches every line; name what to look for")
    search = _Search(index.root, pattern, time.monotonic() + seconds, ignore_case)
    paths = all_files(index.root) if everything else _indexed(index)
    program = shutil.which("rg")
    for some in _batches(paths):
        search.is_late = time.monotonic() >= search.until
        if search.is_late:
            break
        _run(search, _ripgrep(search, program) if program else _own(search), some, is_ripgrep=bool(program))
        if search.is_late or len(search.hits) > MOST:
            break
    search.hits.sort(key=lambda hit: (hit.path, hit.line))
    state = index.state
    if search.is_late:
        state = state.with_status("timed-out", f"stopped after {seconds:g} s; narrow the pattern")
    elif len(search.hits) > MOST:
        state = state.with_status("partial", f"stopped after {MOST:,} lines; narrow the pattern")
    hits = search.hits[paging.offset : paging.offset + paging.limit]
    return Page(tuple(within(hits, paging.tokens)), len(search.hits), paging.offset, state)


def _indexed(index: Index) -> list[str]:
    return [row[0] for row in index.connection.execute("SELECT path FROM files WHERE left_out IS NULL ORDER BY path")]


def all_files(root: Path) -> list[str]:
    """Every regular file below the root that holds no secrets, by path."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - STATE_FOLDERS)
        inner = os.path.relpath(folder, root)
        for name in names:
            path = name if inner == "." else f"{inner}/{name}"
            if path.isprintable() and not is_secret(path) and os.path.isfile(f"{root}/{path}"):  # noqa: PTH113 - many
                found.append(path)
    return sorted(found)


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    batch, size = list[str](), 0
    for path in paths:
        size += len(path.encode()) + 1
        batch.append(path)
        if size >= ARGUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ripgrep(search: _Search, program: str) -> list[str]:
    options = ["--no-config", "--null", "--with-filename", "--line-number", "--no-heading", "--color=never"]
    options += ["--no-ignore", "--hidden", "--no-messages", "--max-columns=0", "--text", f"--max-count={MOST}"]
    case = "--ignore-case" if search.ignore_case else "--case-sensitive"
    return [program, *options, case, "--regexp", search.pattern, "--"]


def _own(search: _Search) -> list[str]:
    try:
        re.compile(search.pattern.encode())
    except re.error as problem:
        raise BadQuestion(f"{search.pattern}: is no regular expression: {problem}") from problem
    program = str(Path(__file__).with_name("grep_program.py"))
    return [sys.executable, "-I", program, "i" if search.ignore_case else "c", str(MOST), search.pattern]


def _run(search: _Search, command: list[str], paths: list[str], *, is_ripgrep: bool) -> None:
    process = subprocess.Popen(
        [*command, *(f"./{path}" for path in paths)],
        cwd=search.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, said = process.communicate(timeout=max(0.05, search.until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        out, said = process.communicate()
        search.is_late = True
        out = out[: out.rfind(b"\n") + 1]
    if is_ripgrep and process.returncode == 2 and not out:
        text = said.decode(errors="replace").strip()
        if "regex" in text or "error:" in text:
            raise BadQuestion(f"{search.pattern}: is no regular expression: {' '.join(text.split())[:300]}")
    search.hits += _hits(out)


def _hits(out: bytes) -> Iterator[LineHit]:
    for record in out.split(b"\n"):
        path, _, rest = record.partition(b"\0")
        number, colon, text = rest.partition(b":")
        if colon and number.isdigit():
            shown = text.decode("utf-8", "replace").strip()[:WIDEST]
            yield LineHit(os.fsdecode(path.removeprefix(b"./")), int(number), shown)
