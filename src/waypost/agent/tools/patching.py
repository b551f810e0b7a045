"""A patch's hunks found in a file's lines, and all of a patch turned into changes of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.closest import closest, shown_beside
from waypost.agent.tools.files import FileChange, TextFile, decoded, read_bytes
from waypost.agent.tools.patch import AddFile, DeleteFile, FilePatch, Hunk, PatchError, UpdateFile
from waypost.agent.tools.paths import Place, missing, to_change
from waypost.agent.tools.view import lines_of


@dataclass(frozen=True, slots=True)
class Patched:
    """New lines; `changed` are pairs (first line from 0, count of lines) in them."""

    lines: tuple[str, ...]
    changed: tuple[tuple[int, int], ...]


def patched(lines: Sequence[str], hunks: Sequence[Hunk], shown: str) -> Patched:
    """The lines after the hunks, which must come in the file's order. Raises PatchError naming the hunk.

    A hunk's lines must be found exactly, or else but for whitespace at line ends; kept lines stay as the
    file has them. Without an anchor they must be found once only.
    """
    after: list[str] = []
    changed: list[tuple[int, int]] = []
    cursor = 0
    for number, hunk in enumerate(hunks, 1):
        name = f"{shown}: hunk {number} of {len(hunks)} (patch line {hunk.line})"
        start = _anchored(lines, hunk, cursor, name)
        at = _found(lines, hunk, start, name, anchored=bool(hunk.anchors))
        after += lines[cursor:at]
        cursor = at
        for sign, text in hunk.lines:
            if sign == "+":
                changed.append((len(after), 1))
                after.append(text)
                continue
            if sign == " ":
                after.append(lines[cursor])
            else:
                changed.append((len(after), 0))
            cursor += 1
    after += lines[cursor:]
    return Patched(tuple(after), tuple(changed))


def _anchored(lines: Sequence[str], hunk: Hunk, cursor: int, name: str) -> int:
    """The line after the last anchor."""
    for anchor in hunk.anchors:
        found = _first_like(lines, anchor, cursor)
        if found is None:
            raise PatchError(
                f"{name}: no line `{anchor}` at or after line {cursor + 1}; what follows `@@` is a whole "
                f"line of the file that stands before the hunk, or nothing"
            )
        cursor = found + 1
    return cursor


def _first_like(lines: Sequence[str], anchor: str, cursor: int) -> int | None:
    wanted = anchor.strip()
    numbers = range(cursor, len(lines))
    whole = next((number for number in numbers if lines[number].strip() == wanted), None)
    if whole is not None:
        return whole
    # `@@ def name` for `def name(self) -> None:` is common enough to be understood.
    return next((number for number in numbers if lines[number].strip().startswith(wanted)), None)


def _found(lines: Sequence[str], hunk: Hunk, start: int, name: str, *, anchored: bool) -> int:
    """Where the hunk's lines stand."""
    wanted = hunk.before
    if not wanted:
        return start if hunk.anchors and not hunk.at_end else len(lines)
    for clean in (str, str.rstrip):
        places = _places([clean(line) for line in lines[start:]], [clean(line) for line in wanted])
        if hunk.at_end:
            places = [place for place in places if start + place + len(wanted) == len(lines)]
        if len(places) > 1 and not anchored:
            listed = ", ".join(str(start + place + 1) for place in places[:12])
            raise PatchError(
                f"{name}: its kept and removed lines stand at {len(places)} places (lines {listed}); add an "
                f"`@@ ` line that names the function above the right one, or more kept lines"
            )
        if places:
            return start + places[0]
    raise PatchError(_unfound(lines, hunk, start, name))


def _places(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    count, head = len(wanted), wanted[0]
    return [
        number
        for number in range(len(lines) - count + 1)
        if lines[number] == head and list(lines[number : number + count]) == list(wanted)
    ]


def _unfound(lines: Sequence[str], hunk: Hunk, start: int, name: str) -> str:
    head = f"{name}: its kept and removed lines are not in the file"
    place = closest(hunk.before, lines)
    if place is None:
        return f"{head}, and nothing like them; `read` the file first"
    order = " (hunks must come in the file's order)" if place.first < start else ""
    why = f": {place.why}" if place.why else ""
    beside = shown_beside(hunk.before, lines, place)
    return f"{head}. Closest is line {place.first + 1}{order}{why} (- the patch, + the file):\n{beside}"


@dataclass(frozen=True, slots=True)
class Edited:
    """One file's part of an edit: what is shown of it, and its new text (None: it is gone)."""

    shown: str
    verb: str
    before: str | None
    after: str | None
    changed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a whole patch comes to; nothing has been written yet."""

    changes: tuple[FileChange, ...]
    edits: tuple[Edited, ...]


class Planner:
    """Works a patch out over the files as they are and as earlier parts of it leave them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._was: dict[Path, bytes | None] = {}
        self._now: dict[Path, bytes | None] = {}
        self._mode_of: dict[Path, Path] = {}
        self._edits: list[Edited] = []

    def plan(self, parts: Sequence[FilePatch]) -> Plan:
        """The changes of all files. Raises ToolError, and then nothing is to be written."""
        for part in parts:
            match part:
                case AddFile():
                    self._add(part)
                case DeleteFile():
                    self._delete(part)
                case UpdateFile():
                    self._update(part)
        changes = tuple(
            FileChange(path, self._was[path], after, self._mode_of.get(path))
            for path, after in self._now.items()
            if self._was[path] != after
        )
        if not changes:
            raise PatchError("the patch changes nothing: its added lines equal its removed ones")
        return Plan(changes, tuple(self._edits))

    def _content(self, place: Place) -> bytes | None:
        if place.path not in self._now:
            there = place.path.exists()
            self._was[place.path] = self._now[place.path] = read_bytes(place, self._bench) if there else None
        return self._now[place.path]

    def _existing(self, path: str) -> tuple[Place, TextFile]:
        place = to_change(path, self._bench)
        data = self._content(place)
        if data is None:
            raise missing(place, self._bench)
        return place, decoded(data, place.shown)

    def _add(self, part: AddFile) -> None:
        place = to_change(part.path, self._bench)
        if self._content(place) is not None:
            raise PatchError(f"{place.shown}: exists already; use *** Update File:, or `write` to replace it")
        text = "".join(f"{line}\n" for line in part.lines)
        self._now[place.path] = text.encode("utf-8", "surrogateescape")
        self._edits.append(Edited(place.shown, "created", None, text, ((0, len(part.lines)),)))

    def _delete(self, part: DeleteFile) -> None:
        place = to_change(part.path, self._bench)
        data = self._content(place)
        if data is None:
            raise missing(place, self._bench)
        self._now[place.path] = None
        self._edits.append(Edited(place.shown, "deleted", data.decode("utf-8", "replace"), None))

    def _update(self, part: UpdateFile) -> None:
        place, file = self._existing(part.path)
        done = patched(lines_of(file.text), part.hunks, place.shown)
        text = "\n".join(done.lines)
        if done.lines and (not file.text or file.text.endswith("\n")):
            text += "\n"
        shown, verb = place.shown, "edited"
        if part.move_to is not None:
            target = to_change(part.move_to, self._bench)
            if target.path != place.path:
                self._move(place, target)
                shown, verb = target.shown, f"moved from {place.shown} and edited" if part.hunks else "moved"
                place = target
        self._now[place.path] = file.encoded(text)
        self._edits.append(Edited(shown, verb, file.text, text, done.changed))

    def _move(self, place: Place, target: Place) -> None:
        if self._content(target) is not None:
            raise PatchError(f"{target.shown}: exists already; a file can't be moved onto another")
        self._now[place.path] = None
        self._mode_of[target.path] = self._mode_of.get(place.path, place.path)
