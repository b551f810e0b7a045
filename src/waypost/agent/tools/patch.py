"""The patch form that models know: its grammar, read into values.

*** Begin Patch
*** Update File: path        one or more hunks: `@@ anchor`, then ` kept`, `-removed`, `+added` lines
*** Move to: path            (optional, after Update File)
*** Add File: path           `+` lines
*** Delete File: path
*** End Patch
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from waypost.agent.tools.result import ToolError

_BEGIN, _END, _END_OF_FILE = "*** Begin Patch", "*** End Patch", "*** End of File"
_HEADING = re.compile(r"\*\*\* (Update|Add|Delete) File: *(.*?)\s*$")
_MOVE = re.compile(r"\*\*\* Move to: *(.*?)\s*$")
_UNIFIED = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?(.*)$")
_FORM = (
    "The form is:\n*** Begin Patch\n*** Update File: path\n@@ def name\n kept line\n-removed line\n"
    "+added line\n*** End Patch\n(also *** Add File: with + lines, *** Delete File:, *** Move to:)"
)


class PatchError(ToolError):
    """A patch that can't be read or doesn't fit; the text names the line or the hunk."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines to be found and changed: each a sign (` `, `-`, `+`) and its text.

    `anchors` are lines that stand before, in order; `at_end` says that the file ends with the hunk;
    `line` is where in the patch its lines begin.
    """

    lines: tuple[tuple[str, str], ...]
    anchors: tuple[str, ...] = ()
    at_end: bool = False
    line: int = 0

    @property
    def before(self) -> tuple[str, ...]:
        """What the file must hold."""
        return tuple(text for sign, text in self.lines if sign != "+")


@dataclass(frozen=True, slots=True)
class AddFile:
    """A file that must not exist yet."""

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """A file that must exist."""

    path: str


@dataclass(frozen=True, slots=True)
class UpdateFile:
    """A file to be changed, moved, or both."""

    path: str
    hunks: tuple[Hunk, ...]
    move_to: str | None = None


FilePatch = AddFile | DeleteFile | UpdateFile


def parse_patch(text: str) -> tuple[FilePatch, ...]:
    """The parts of a patch, in order. Raises PatchError with the line."""
    return _Parser(text.replace("\r\n", "\n").split("\n")).parse()


@dataclass(slots=True)
class _Section:
    kind: str
    path: str
    move_to: str | None = None
    added: list[str] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    hunk_line: int = 0

    def close_hunk(self, *, at_end: bool = False) -> None:
        # Wholly empty lines before a heading are the patch's layout; elsewhere they are kept blank lines.
        while self.lines and self.lines[-1] == ("", ""):
            self.lines.pop()
        if self.lines:
            lines = tuple((sign or " ", text) for sign, text in self.lines)
            self.hunks.append(Hunk(lines, tuple(self.anchors), at_end, self.hunk_line))
            self.anchors, self.lines = [], []


class _Parser:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._parts: list[FilePatch] = []
        self._section: _Section | None = None

    def parse(self) -> tuple[FilePatch, ...]:
        start, end = self._bounds()
        for number in range(start, end):
            line = self._lines[number]
            if heading := _HEADING.match(line):
                self._finish()
                if not heading[2]:
                    raise PatchError(f"patch line {number + 1}: no path after `{line.strip()}`")
                self._section = _Section(heading[1], heading[2])
            else:
                self._take(number + 1, line)
        self._finish()
        if not self._parts:
            raise PatchError(f"the patch changes no file. {_FORM}")
        return tuple(self._parts)

    def _bounds(self) -> tuple[int, int]:
        """The lines between the markers; both may be missing, and text around them (a fence) is ignored."""
        stripped = [line.rstrip() for line in self._lines]  # a kept line begins with a space
        start = stripped.index(_BEGIN) + 1 if _BEGIN in stripped else 0
        if not start:
            start = next((number for number, line in enumerate(stripped) if _HEADING.match(line)), -1)
            if start < 0:
                raise PatchError(f"this is no patch: no `{_BEGIN}` and no file heading in it. {_FORM}")
        end = next((number for number in range(start, len(stripped)) if stripped[number] == _END), -1)
        if end < 0:
            end = len(stripped)
            while end > start and stripped[end - 1] in {"", "```"}:
                end -= 1
        return start, end

    def _take(self, number: int, line: str) -> None:
        section = self._section
        if section is None:
            if line.strip():
                raise PatchError(f"patch line {number}: {line.strip()!r} stands before any file heading. {_FORM}")
        elif section.kind == "Update":
            self._take_update(section, number, line)
        elif section.kind == "Add":
            self._take_added(section, number, line)
        elif line.strip():
            raise PatchError(f"patch line {number}: a deleted file takes no lines, but here is {line.strip()!r}")

    def _take_added(self, section: _Section, number: int, line: str) -> None:
        if line.startswith("+"):
            section.added.append(line[1:])
        elif line.strip():
            raise PatchError(
                f"patch line {number}: each line of an added file begins with `+`, but here is {line[:80]!r}"
            )

    def _take_update(self, section: _Section, number: int, line: str) -> None:
        if (move := _MOVE.match(line)) and not section.hunks and not section.lines:
            section.move_to = move[1] or None
        elif line.rstrip() == _END_OF_FILE:
            section.close_hunk(at_end=True)
        elif line.startswith("@@"):
            section.close_hunk()
            unified = _UNIFIED.match(line)
            anchor = unified[1] if unified else line[2:].removeprefix(" ")
            if anchor.strip():
                section.anchors.append(anchor)
        elif line[:1] in {" ", "-", "+", ""}:
            if not section.lines:
                section.hunk_line = number
            section.lines.append((line[:1], line[1:]))
        else:
            raise PatchError(
                f"patch line {number}: begins with none of ` `, `-`, `+`, `@@`: {line[:80]!r}. "
                f"A kept line begins with one space"
            )

    def _finish(self) -> None:
        section, self._section = self._section, None
        if section is None:
            return
        if section.kind == "Add":
            self._parts.append(AddFile(section.path, tuple(section.added)))
        elif section.kind == "Delete":
            self._parts.append(DeleteFile(section.path))
        else:
            self._parts.append(self._updated(section))

    def _updated(self, section: _Section) -> UpdateFile:
        section.close_hunk()
        if section.anchors:
            raise PatchError(f"{section.path}: the hunk at `@@ {section.anchors[-1]}` has no lines")
        if not section.hunks and section.move_to is None:
            raise PatchError(f"{section.path}: an update without hunks changes nothing. {_FORM}")
        return UpdateFile(section.path, tuple(section.hunks), section.move_to)
