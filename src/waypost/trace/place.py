"""What a person asks about: FILE, FILE:LINE or FILE:LINE-LINE, in the files as they lie there or in a commit."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from waypost.trace.align import align
from waypost.trace.blame import Blame, LineAnswer, Sure
from waypost.trace.errors import NoSuchPlace
from waypost.trace.lines import is_binary, lines_of, text_of

_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?", re.DOTALL)
_ODD = re.compile(r":[^/]*\d[^/]*$")
NOT_COMMITTED = "not committed yet: nobody can say whose it is; commit it, or ask for a line of HEAD with --rev HEAD"


@dataclass(frozen=True, slots=True)
class Asked:
    """A file, relative to the repository's top, and lines of it (counted from 1); None for all."""

    path: str
    lines: range | None


def read_place(text: str, folder: Path, top: Path) -> Asked:
    """Reads FILE[:LINE[-LINE]], with FILE relative to a folder. Raises NoSuchPlace."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise NoSuchPlace(f"{text!r} is no place; write FILE:LINE or FILE:LINE-LINE, as in src/app.py:12")
    file = found["file"]
    if found["first"] is None and _ODD.search(file) and not (folder / file).exists():
        raise NoSuchPlace(f"{text!r} is no place; write FILE:LINE or FILE:LINE-LINE, as in src/app.py:12")
    absolute = Path(os.path.normpath(folder.resolve() / file))
    if not absolute.is_relative_to(top.resolve()) or absolute == top.resolve():
        raise NoSuchPlace(f"{file}: not a file of the repository at {top}")
    path = absolute.relative_to(top.resolve()).as_posix()
    if found["first"] is None:
        return Asked(path, None)
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if first < 1 or last < first:
        raise NoSuchPlace(f"{text}: lines are counted from 1, and the first is not behind the last")
    return Asked(path, range(first, last + 1))


def answers(blame: Blame, asked: Asked, revision: str | None) -> list[LineAnswer]:
    """The answers for what was asked, in a commit, or in the file as it lies there; changed lines are told as such.

    Raises NoSuchPlace.
    """
    file = blame.repository.top / asked.path
    if revision is not None or not file.is_file():
        return blame.lines(asked.path, asked.lines, revision or "HEAD")
    data = file.read_bytes()
    if is_binary(data):
        raise NoSuchPlace(f"{asked.path}: a binary file has no lines to be traced")
    here = lines_of(text_of(data))
    wanted = asked.lines if asked.lines is not None else range(1, len(here) + 1)
    if wanted and wanted[-1] > len(here):
        raise NoSuchPlace(f"{asked.path}:{wanted[-1]}: no such line; the file has {len(here)} lines")
    committed = blame.objects.file(blame.repository.head, asked.path)
    if committed is None:
        return [_uncommitted(number, here[number - 1]) for number in wanted]
    there = lines_of(text_of(committed))
    aligned = align(there, here)
    places = {n: at + 1 for n in wanted if (at := aligned.only(n - 1)) is not None and there[at] == here[n - 1]}
    found = {one.line: one for one in blame.lines(asked.path, places.values(), blame.repository.head)}
    return [
        _renumbered(number, found[places[number]]) if number in places else _uncommitted(number, here[number - 1])
        for number in wanted
    ]


def _uncommitted(number: int, text: str) -> LineAnswer:
    return LineAnswer(number, text, Sure.UNKNOWN, "", "", why=NOT_COMMITTED)


def _renumbered(number: int, answer: LineAnswer) -> LineAnswer:
    return replace(answer, line=number)
