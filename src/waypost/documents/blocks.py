"""The generated blocks of DOCUMENTATION.md: `<!-- waypost:NAME -->` … `<!-- /waypost:NAME -->`.

They are found in the raw bytes, line by line: what a person wrote inside a block can't hide its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from waypost.documents.errors import Report, SpliceError
from waypost.documents.source import BOM, Line, front_matter, split_lines

ORDER = ("status", "decisions", "surprises", "reports", "amendments", "issues")
BEGIN = re.compile(r"<!-- waypost:([a-z][a-z0-9-]*) -->[ \t]*")
END = re.compile(r"<!-- /waypost:([a-z][a-z0-9-]*) -->[ \t]*")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


@dataclass(frozen=True, slots=True)
class GeneratedBlock:
    """A block's place: the lines (from 0) of its two markers. `end` is None where the second is missing."""

    name: str
    begin: int
    end: int | None


def check_blocks(raw: bytes, report: Report) -> None:
    """Reports what would keep a block from being written: no UTF-8, an open block, one that is there twice."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = len(split_lines(raw[: problem.start + 1]))
        report.error(line, f"byte {problem.start} is not UTF-8", "save the file as UTF-8")
        return
    seen = dict[str, int]()
    for block in find_blocks(split_lines(raw)):
        if block.end is None:
            mend = f"add <!-- /waypost:{block.name} --> on a line of its own"
            report.error(block.begin + 1, f"the generated block {block.name} has no end", mend)
        if block.name in seen:
            mend = f"take one out; the first is in line {seen[block.name]}"
            report.error(block.begin + 1, f"the generated block {block.name} is there twice", mend)
        seen.setdefault(block.name, block.begin + 1)


def find_blocks(lines: tuple[Line, ...]) -> tuple[GeneratedBlock, ...]:
    """Every generated block, in order. Markers inside somebody's own fence are text."""
    found: list[GeneratedBlock] = []
    index, fence = 0, ""
    while index < len(lines):
        text = lines[index].text
        begin = BEGIN.fullmatch(text)
        if begin and not fence:
            end = _end(lines, index, begin[1])
            found.append(GeneratedBlock(begin[1], index, end))
            index = index if end is None else end
        else:
            fence = _fence(text, fence)
        index += 1
    return tuple(found)


def set_block(raw: bytes, name: str, content: str) -> bytes:
    """The file with that block's content replaced, or the block put in its place below the title.

    Every byte outside the block stays. Content ends where its text ends; its lines get the file's newline.
    Raises SpliceError for a file that check_blocks would report, or content that holds a marker.
    """
    report = Report("the record")
    check_blocks(raw, report)
    if report.found:
        raise SpliceError(str(report.found[0]))
    inside = content.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if any(BEGIN.fullmatch(line) or END.fullmatch(line) for line in inside):
        raise SpliceError(f"the content of block {name} holds a block's marker; escape it")
    lines = split_lines(raw)
    newline = newline_of(raw)
    body = newline.join(line.encode() for line in inside if inside != [""])
    body += newline if body else b""
    blocks = find_blocks(lines)
    own = next((block for block in blocks if block.name == name), None)
    if own is not None and own.end is not None:
        start = _after(raw, lines[own.begin])
        return raw[:start] + body + raw[lines[own.end].start :]
    block = b"<!-- waypost:%b -->" % name.encode() + newline + body + b"<!-- /waypost:%b -->" % name.encode()
    return _insert(raw, _place(raw, lines, blocks, name), block, newline)


def newline_of(raw: bytes) -> bytes:
    """The line end that a file uses: its first, LF if it has none."""
    match = re.search(rb"\r\n|\n|\r", raw)
    return match[0] if match else b"\n"


def _end(lines: tuple[Line, ...], begin: int, name: str) -> int | None:
    for index in range(begin + 1, len(lines)):
        end = END.fullmatch(lines[index].text)
        if end and end[1] == name:
            return index
        if BEGIN.fullmatch(lines[index].text):
            return None
    return None


def _fence(text: str, fence: str) -> str:
    """The fence that is open after a line, as its marker."""
    match = FENCE.fullmatch(text)
    if match is None or (not fence and match[1][0] == "`" and "`" in match[2]):
        return fence
    if not fence:
        return match[1]
    closes = match[1].startswith(fence) and not match[2].strip()
    return "" if closes else fence


def _after(raw: bytes, line: Line) -> int:
    newline = re.compile(rb"\r\n|\n|\r").match(raw, line.end)
    return newline.end() if newline else line.end


def _place(raw: bytes, lines: tuple[Line, ...], blocks: tuple[GeneratedBlock, ...], name: str) -> int:
    """The offset at which a new block belongs: in ORDER among the others, the first below the title."""
    rank = {known: number for number, known in enumerate(ORDER)}
    own = rank.get(name, len(ORDER))
    earlier = [block for block in blocks if rank.get(block.name, len(ORDER)) <= own]
    if earlier and earlier[-1].end is not None:
        return _after(raw, lines[earlier[-1].end])
    if blocks:
        return lines[blocks[0].begin].start
    front = front_matter(lines)
    title = next((line for line in lines[front:] if line.text.strip()), None)
    if title is not None and title.text.startswith("# "):
        return _after(raw, title)
    if front:
        return _after(raw, lines[front - 1])
    return len(BOM) if raw.startswith(BOM) else 0


def _insert(raw: bytes, place: int, block: bytes, newline: bytes) -> bytes:
    """Puts a block between empty lines, adding only those that are not there."""
    before, after = raw[:place], raw[place:]
    head = before.removeprefix(BOM)
    lead = b"" if not head or head.endswith(newline * 2) else newline
    if head and not head.endswith((b"\n", b"\r")):
        lead = newline * 2
    tail = newline if not after or after.startswith((b"\n", b"\r")) else newline * 2
    return before + lead + block + tail + after
