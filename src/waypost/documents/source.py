"""A Markdown file as lines with byte offsets, and as the few kinds of block that the documents use.

Positions come from markdown-it-py's token map. Lines are CommonMark's (split on LF, CR LF and CR, nothing
else), so the same numbers index the raw bytes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.documents.errors import Report

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BOM = b"\xef\xbb\xbf"
NEWLINE = re.compile(rb"\r\n|\n|\r")
MARKER = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])(?:[ \t]+|$)")
INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; `start` is the offset of its first byte, `end` that of its line end."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at the top level of the file; `column` is where its text starts in the line."""

    line: int
    level: int
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. A quoted one stands in a block quote and is somebody else's words."""

    line: int
    info: str
    body: str
    closed: bool
    quoted: bool


@dataclass(frozen=True, slots=True)
class Text:
    """One line of a paragraph. `column` is where its content starts in the line, after any list marker.

    `depth` counts the lists around it, `bullet` marks an item's first line, `first` a paragraph's.
    """

    line: int
    text: str
    column: int
    depth: int
    bullet: bool
    first: bool
    quoted: bool


@dataclass(frozen=True, slots=True)
class Hidden:
    """One line that Markdown takes for code or HTML; `comment` marks an HTML comment."""

    line: int
    text: str
    comment: bool
    closed: bool


Block = Heading | Fence | Text | Hidden


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and all under it, up to the next heading of its level or above. `last` is its last line."""

    heading: Heading
    blocks: tuple[Block, ...]
    last: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file that could be read: its bytes, lines, front matter and blocks. Lines count from 1."""

    path: str
    raw: bytes
    lines: tuple[Line, ...]
    front: str
    blocks: tuple[Block, ...]

    def text(self, first: int, last: int) -> str:
        """The lines from `first` to `last`, both included, joined by LF."""
        return "\n".join(line.text for line in self.lines[first - 1 : last])

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a character in the raw file."""
        at = self.lines[line - 1]
        return at.start + len(at.text[:column].encode())

    def sections(self) -> tuple[Section, ...]:
        """One section a heading, in order; a section holds the sections under it."""
        found: list[Section] = []
        places = [place for place, block in enumerate(self.blocks) if isinstance(block, Heading)]
        for index, place in enumerate(places):
            heading = self.blocks[place]
            assert isinstance(heading, Heading)
            end = next((later for later in places[index + 1 :] if self._level(later) <= heading.level), None)
            blocks = self.blocks[place + 1 : end]
            last = len(self.lines) if end is None else self.blocks[end].line - 1
            found.append(Section(heading, blocks, last))
        return tuple(found)

    def _level(self, place: int) -> int:
        heading = self.blocks[place]
        assert isinstance(heading, Heading)
        return heading.level


def read(raw: bytes, report: Report) -> Source:
    """Reads a file's bytes; what can't be read is reported, and the rest is as if it weren't there."""
    lines = split_lines(raw) if _is_text(raw, report) else ()
    skip = front_matter(lines)
    front = "\n".join(line.text for line in lines[1 : max(skip - 1, 1)])
    if skip:
        _check_yaml(front, report)
    blocks = tuple(_blocks(lines, skip))
    for fence in blocks:
        if isinstance(fence, Fence) and not fence.closed:
            report.error(fence.line, "the fence is never closed", "add a line of ``` after its last line")
        elif isinstance(fence, Hidden) and not fence.closed:
            report.error(fence.line, "the HTML comment is never closed", "add --> where it ends")
    return Source(report.path, raw, lines, front, blocks)


def split_lines(raw: bytes) -> tuple[Line, ...]:
    """The lines of a file with their byte offsets; a byte order mark belongs to no line."""
    start = len(BOM) if raw.startswith(BOM) else 0
    lines: list[Line] = []
    for newline in NEWLINE.finditer(raw, start):
        lines.append(_line(raw, start, newline.start()))
        start = newline.end()
    if start < len(raw):
        lines.append(_line(raw, start, len(raw)))
    return tuple(lines)


def front_matter(lines: tuple[Line, ...]) -> int:
    """How many lines the YAML front matter takes, both `---` lines included; 0 without one."""
    if not lines or lines[0].text.rstrip() != "---":
        return 0
    return next((n for n, line in enumerate(lines[1:], 2) if line.text.rstrip() in {"---", "..."}), 0)


def _line(raw: bytes, start: int, end: int) -> Line:
    return Line(start, end, raw[start:end].decode("utf-8", "replace"))


def _is_text(raw: bytes, report: Report) -> bool:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = len(NEWLINE.findall(raw, 0, problem.start)) + 1
        report.error(line, f"byte {problem.start} is not UTF-8", "save the file as UTF-8")
        return False
    if "\0" in text:
        line = len(NEWLINE.findall(raw, 0, raw.index(b"\0"))) + 1
        report.error(line, "the line holds a NUL character", "take it out")
    return True


def _check_yaml(body: str, report: Report) -> None:
    import yaml

    try:
        data = yaml.safe_load(body)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = 2 + (mark.line if mark is not None else 0)
        report.error(line, "the front matter is not YAML", "mend it, or take out the part between the --- lines")
        return
    # PyYAML lets these through from its constructors for tagged scalars such as `!!int ""`.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        report.error(2, "the front matter holds a value that YAML can't make sense of", "put it in quotes")
        return
    if data is not None and not isinstance(data, dict):
        report.error(2, "the front matter is not a mapping", "write it as `name: value` lines")


@functools.cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    # Only positions are wanted: without the inline rules a long plan is read three times as fast.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _blocks(lines: tuple[Line, ...], skip: int) -> Iterator[Block]:
    body = "".join(line.text + "\n" for line in lines[skip:])
    quotes, items, seen, heading = 0, list[int](), set[int](), False
    for token in _markdown().parse(body):
        place = None if token.map is None else (token.map[0] + skip, token.map[1] + skip)
        if token.type in {"blockquote_open", "blockquote_close"}:
            quotes += token.nesting
        elif token.type == "list_item_open" and place:
            items.append(place[0])
        elif token.type == "list_item_close":
            items.pop()
        elif token.type in {"heading_open", "heading_close"}:
            heading = token.type == "heading_open" and not quotes and not items
            if heading and place:
                yield _heading(token, lines, place[0])
        elif token.type == "inline" and place and not heading:
            bullet = len(items) if items and items[-1] not in seen else 0
            seen.update(items[-1:])
            yield from _texts(lines, place, items, bullet > 0, quotes > 0)
        elif token.type == "fence" and place:
            seen.update(items[-1:])
            yield _fence(token, place, quotes > 0)
        elif token.type in {"code_block", "html_block"} and place:
            yield from _hidden(token, lines, place)


def _heading(token: Token, lines: tuple[Line, ...], index: int) -> Heading:
    text = lines[index].text
    opening = re.match(r" {0,3}#{1,6}(?:[ \t]+|$)" if token.markup.startswith("#") else r"[ \t]*", text)
    column = opening.end() if opening else 0
    content = text[column:].rstrip(" \t")
    if token.markup.startswith("#"):
        content = re.sub(r"(?:^|[ \t]+)#+$", "", content)
    return Heading(index + 1, int(token.tag[1:]), content.rstrip(), column)


def _fence(token: Token, place: tuple[int, int], quoted: bool) -> Fence:
    closed = token.content.count("\n") == place[1] - place[0] - 2
    return Fence(place[0] + 1, token.info, token.content.removesuffix("\n"), closed, quoted)


def _texts(
    lines: tuple[Line, ...], place: tuple[int, int], items: list[int], bullet: bool, quoted: bool
) -> Iterator[Text]:
    for index in range(*place):
        text, first = lines[index].text, index == place[0]
        column = _content(text, items.count(index) if first else 0)
        content = text[column:].rstrip()
        yield Text(index + 1, content, column, len(items), bullet and first, first, quoted)


def _content(text: str, markers: int) -> int:
    column = 0
    for _ in range(markers):
        marker = MARKER.match(text, column)
        column = marker.end() if marker else column
    indent = INDENT.match(text, column)
    return indent.end() if indent else column


def _hidden(token: Token, lines: tuple[Line, ...], place: tuple[int, int]) -> Iterator[Hidden]:
    comment = token.content.lstrip().startswith("<!--")
    closed = not comment or "-->" in token.content
    for index in range(*place):
        yield Hidden(index + 1, lines[index].text, comment, closed or index > place[0])
