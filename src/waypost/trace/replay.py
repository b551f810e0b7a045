"""What each call of a step did to one file: the calls are made again, on text, until the checkpoint's text comes out.

An `edit` and a `write` say to the byte what they change, so they are replayed exactly, from the front and, undone, from
the back. What stays between the two is a command's doing, or nobody's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waypost.trace.align import NEW, Alignment, align
from waypost.trace.lines import lines_of
from waypost.trace.steps import Call

Arguments = Mapping[str, Any]
_SECTIONS = ("*** Update File: ", "*** Add File: ", "*** Delete File: ", "*** Move to: ")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with its arguments."""

    call: Call
    arguments: Arguments

    def is_about(self, path: str) -> bool:
        """Whether the call names the file, or is a patch with a part for it."""
        patch = self.arguments.get("patch")
        if isinstance(patch, str) and patch:
            return any(_same(named, path) for named in _patched(patch))
        named = self.arguments.get("path")
        return isinstance(named, str) and _same(named, path)

    @property
    def is_exact(self) -> bool:
        """Whether it can be replayed to the byte."""
        return self.call.is_edit and not self.arguments.get("patch")


@dataclass(frozen=True, slots=True)
class Stage:
    """The file after a call. `via` are the calls that can have made it of the stage before; none: nobody we know.

    `region` bounds what changed, where that is known: first line, and ends before and after.
    """

    lines: tuple[str, ...]
    via: tuple[Asked, ...] = ()
    region: tuple[int, int, int] | None = None
    changed: bool = True

    def readings(self, before: Sequence[str]) -> list[tuple[int, ...]]:
        """For each line the lines of the stage before that it can be (see `Alignment`)."""
        if not self.changed:
            return [(index,) for index in range(len(self.lines))]
        if self.region is None:
            return align(before, self.lines).readings
        start, end, end_now = self.region
        inner: Alignment = align(before[start:end], self.lines[start:end_now])
        moved = [tuple(one if one == NEW else one + start for one in found) for found in inner.readings]
        tail = range(end, len(before))
        return [*((index,) for index in range(start)), *moved, *((index,) for index in tail)]


def replay(before: str | None, after: str, asked: Sequence[Asked], path: str) -> list[Stage]:
    """The file's stages from before a step to after it; the first has no `via`.

    Calls that had failed or name other files are passed over.
    """
    calls = [one for one in asked if one.call.is_command or (one.call.outcome != "error" and one.is_about(path))]
    stages = [Stage(tuple(lines_of(before or "")))]
    text = before
    done = 0
    for one in calls:
        made = _made(text, one)
        if made is None:
            break
        stages.append(_stage(text, made, one))
        text, done = made, done + 1
    rest, gap_end, ending = calls[done:], after, []
    while rest and rest[-1].is_exact:
        undone = _unmade(gap_end, rest[-1])
        if undone is None:
            break
        ending.append(_stage(undone, gap_end, rest[-1]))
        gap_end = undone
        rest = rest[:-1]
    if rest or gap_end != (text or ""):
        stages.append(Stage(tuple(lines_of(gap_end)), tuple(rest)))
    return [*stages, *reversed(ending)]


def line_in_call(one: Asked, stage: Stage, index: int) -> tuple[str, int] | None:
    """Where in the call's arguments a line of the stage was written: the argument's name, and the line in it."""
    line = stage.lines[index]
    for name in ("new", "text", "patch"):
        value = one.arguments.get(name)
        if not isinstance(value, str) or not value:
            continue
        written = value.replace("\r\n", "\n").split("\n")
        wanted = f"+{line}" if name == "patch" else line
        expected = index - (stage.region[0] if stage.region and name == "new" else 0)
        if name != "patch" and 0 <= expected < len(written) and written[expected].strip() == line.strip():
            return name, expected
        places = [place for place, other in enumerate(written) if other.rstrip() == wanted.rstrip()]
        return (name, places[0]) if len(places) == 1 else None
    return None


def wrote(one: Asked, path: str, line: str) -> bool:
    """Whether a patch puts such a line into the file."""
    patch = one.arguments.get("patch")
    if not isinstance(patch, str):
        return False
    inside = False
    for row in patch.replace("\r\n", "\n").split("\n"):
        if row.startswith(_SECTIONS):
            inside = _same(row.split(": ", 1)[1].strip(), path)
        elif inside and row.startswith("+") and row[1:].strip() == line.strip():
            return True
    return False


def _patched(patch: str) -> list[str]:
    rows = patch.replace("\r\n", "\n").split("\n")
    return [row.split(": ", 1)[1].strip() for row in rows if row.startswith(_SECTIONS)]


def _same(named: str, path: str) -> bool:
    plain = posixpath.normpath(named)
    return plain == path or (plain.startswith("/") and plain.endswith(f"/{path}"))


def _made(text: str | None, one: Asked) -> str | None:
    """The text after an exact call; None where that can't be worked out."""
    arguments = one.arguments
    if not one.is_exact:
        return None
    if one.call.tool == "write":
        written = arguments.get("text")
        return written.replace("\r\n", "\n").removeprefix("\ufeff") if isinstance(written, str) else None
    old, new = _replaced(arguments)
    if text is None or not old:
        return None
    count = text.count(old)
    if count == 1 or (count and arguments.get("all")):
        return text.replace(old, new)
    return None


def _unmade(text: str, one: Asked) -> str | None:
    """The text before an exact replacement; None where that can't be worked out."""
    old, new = _replaced(one.arguments)
    if one.call.tool != "edit" or not old or not new or text.count(new) != 1:
        return None
    before = text.replace(new, old)
    return before if before.count(old) == 1 else None


def _replaced(arguments: Arguments) -> tuple[str, str]:
    old, new = arguments.get("old"), arguments.get("new")
    if not isinstance(old, str) or not isinstance(new, str):
        return "", ""
    return old.replace("\r\n", "\n"), new.replace("\r\n", "\n")


def _stage(before: str | None, after: str, one: Asked) -> Stage:
    lines = tuple(lines_of(after))
    if before == after:
        return Stage(lines, (one,), changed=False)
    old, new = _replaced(one.arguments)
    if one.call.tool != "edit" or before is None or before.count(old) != 1:
        return Stage(lines, (one,))
    at = before.index(old)
    start = before.count("\n", 0, at)
    is_whole = old.endswith("\n") and (new.endswith("\n") or (not new and (not at or before[at - 1] == "\n")))
    tail = before[at + len(old) :]
    kept = len(lines_of(tail)) if is_whole else len(lines_of(tail.partition("\n")[2]))
    count = len(lines_of(before))
    if is_whole and new.startswith(old):  # put in behind what was repeated to find the place
        start = count - kept
    elif is_whole and new.endswith("\n" + old):  # put in before it
        kept = count - start
    return Stage(lines, (one,), (start, count - kept, len(lines) - kept))
