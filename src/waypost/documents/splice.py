"""Edits that change a human's file by as little as can be: one byte of a box, one `Status:` line."""

from __future__ import annotations

from waypost.documents.blocks import newline_of
from waypost.documents.body import LABEL
from waypost.documents.errors import Report, SpliceError
from waypost.documents.headings import PLAIN, STRICT
from waypost.documents.source import Block, Fence, Heading, Section, Source, Text, read


def set_box(raw: bytes, box: int, ticked: bool) -> bytes:
    """The file with the box at that byte offset ticked or emptied: exactly one byte differs, or none.

    Raises SpliceError if there is no `[ ]`, `[x]` or `[X]` around the offset.
    """
    if not 1 <= box < len(raw) - 1 or raw[box - 1 : box] != b"[" or raw[box + 1 : box + 2] != b"]":
        raise SpliceError(f"byte {box} is not inside a box; read the file again, it changed")
    now = raw[box : box + 1]
    if now not in (b" ", b"x", b"X"):
        raise SpliceError(f"byte {box} holds {now!r} where a box holds a space or an x; read the file again")
    if ticked == (now != b" "):
        return raw
    return raw[:box] + (b"x" if ticked else b" ") + raw[box + 1 :]


def set_milestone_status(raw: bytes, milestone_id: str, status: str) -> bytes:
    """The file with the milestone's `Status:` line set; the line is put right under the heading if missing.

    Line ends inside `status` become spaces. Raises SpliceError if there is no such milestone, or if the new
    line would change how the lines below it are read.
    """
    text = " ".join(status.split()).encode("utf-8", "replace")
    source = read(raw, Report("the plan"))
    section = next((one for one in source.sections() if milestone_id in milestone_ids(one.heading)), None)
    if section is None or not text:
        reason = f"there is no milestone {milestone_id}" if text else "the status is empty"
        raise SpliceError(f"{reason}; nothing was changed")
    line = b"Status: " + text
    lines = status_lines(section)
    if lines:
        place = source.lines[lines[0] - 1]
        return raw[: place.start] + line + raw[place.end :]
    return _insert(source, section, line)


def milestone_ids(heading: Heading) -> frozenset[str]:
    """The ids that a heading may give its milestone, in the strict form and in the plain one; mostly none."""
    found: set[str] = set()
    if heading.level == 3 and (strict := STRICT.fullmatch(heading.text)):
        found.add(strict[1])
    if 2 <= heading.level <= 4 and (plain := PLAIN.fullmatch(heading.text.strip(" \t*_"))):
        found.add(f"M{int(plain[1]):02d}")
    return frozenset(found)


def status_lines(section: Section) -> list[int]:
    """The numbers of a milestone's `Status:` lines."""
    return [block.line for block in section.blocks if isinstance(block, Text) and _is_status(block)]


def can_hold_status(source: Source, section: Section) -> bool:
    """Whether a `Status:` line can be put under the heading without changing how the next line is read."""
    line = section.heading.line + 1
    if status_lines(section) or line > len(source.lines) or not source.lines[line - 1].text.strip():
        return True
    following = next((block for block in section.blocks if block.line == line), None)
    if isinstance(following, Fence) or (isinstance(following, Text) and not following.depth):
        return True
    try:
        _insert(source, section, b"Status: x")
    except SpliceError:
        return False
    return True


def _is_status(block: Text) -> bool:
    label = LABEL.match(block.text) if not block.quoted and not block.depth else None
    return label is not None and label[1].strip().casefold() == "status"


def _insert(source: Source, section: Section, line: bytes) -> bytes:
    raw, newline = source.raw, newline_of(source.raw)
    heading = section.heading.line
    at = source.lines[heading].start if heading < len(source.lines) else len(raw)
    ended = raw[:at].endswith((b"\n", b"\r"))
    after = raw[:at] + line + newline + raw[at:] if ended else raw + newline + line
    blocks = read(after, Report("the plan")).blocks
    held = any(isinstance(block, Text) and block.line == heading + 1 and _is_status(block) for block in blocks)
    if not held or _shape(blocks, heading + 1, 1) != _shape(source.blocks, 0, 0):
        raise SpliceError(
            f"line {heading}: a Status line here would change how the next line is read; "
            "put an empty line under the heading"
        )
    return after


def _shape(blocks: tuple[Block, ...], without: int, shift: int) -> list[tuple[str, int, str]]:
    """What each block is, where and with which text, leaving out one line and counting as if it weren't there."""
    return [
        (type(block).__name__, block.line - (shift if block.line > without else 0), _content(block))
        for block in blocks
        if block.line != without
    ]


def _content(block: Block) -> str:
    if isinstance(block, Text):
        return f"{block.depth} {block.bullet} {block.text}"
    return f"{block.info}\n{block.body}" if isinstance(block, Fence) else block.text
