"""COBOL programs and bare copybooks, in fixed and free format, by a scanner that goes over the text once.

Names are given in upper case, since COBOL knows no other. Columns as in ISO/IEC 1989: in fixed format 1 to 6 number
the line, 7 says what it is (`*` and `/` a comment, `-` a continuation), 8 to 72 hold code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from waypost.index.cobol_words import DIVISIONS, RESERVED, SECTIONS, SENTENCES
from waypost.index.defining import Definition, Outline, Source, outlined
from waypost.index.model import Import, Reference, ReferenceKind

_TOKEN = re.compile(
    rb"'[^'\n]*'?|\"[^\"\n]*\"?|==|:[A-Za-z0-9-]+:[A-Za-z0-9_-]*|[A-Za-z0-9_][A-Za-z0-9_-]*|\.(?=[ \t\r]|$)|\*>|[^\s]"
)
_FREE = re.compile(rb"(?:>>\s*source\s+(?:format\s+)?(?:is\s+)?free|\$set\s+sourceformat\s*\"?free)", re.IGNORECASE)
_UNNAMED = (" DIVISION", " SECTION")
"""Ends of names that are no part of the names of what stands within."""
_CODE_START, _CODE_END = 7, 72
_PROGRAM, _DIVISION, _SECTION, _PARAGRAPH, _LEVEL, _CONDITION = 0, 1, 2, 3, 10, 100
"""Ranks: what begins closes all that is open with as high a rank."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, literal or sign of code, in upper case; `margin` tells that it begins a line where headings may."""

    word: str
    at: int
    end: int
    margin: bool


@dataclass(frozen=True, slots=True)
class Cobol:
    """What the scanner finds; positions in `references` are those of the outline's definitions."""

    source: Source  # the text with blanks for the numbers of its lines
    outline: Outline
    references: list[tuple[int, Reference]]
    imports: list[Import]


def scan(text: bytes) -> Cobol:
    """Read a program or a copybook; takes time in proportion to its length."""
    source = Source(text)
    fixed = is_fixed(source)
    if fixed:
        lines = text.split(b"\n")
        source = Source(b"\n".join(_unnumbered(line) for line in lines))
    scanner = _Scanner(source, list(_tokens(source, fixed)))
    scanner.run()
    return Cobol(source, outlined(scanner.found), scanner.references, scanner.imports)


def _unnumbered(line: bytes) -> bytes:
    return b" " * 6 + line[6:] if len(line) > 6 else line


def is_fixed(source: Source) -> bool:
    """Whether a text is in fixed format: it doesn't say otherwise, and its first lines fit the columns."""
    if _FREE.search(source.text[:4000]):
        return False
    fitting = seen = 0
    for number in range(1, min(len(source.starts), 300) + 1):
        line = source.line_text(number).rstrip()
        if len(line) <= _CODE_START:
            continue
        seen += 1
        numbers = line[:6].strip()
        fitting += line[6:7] in b" */-Dd$" and (not numbers or numbers.isalnum()) and b"\t" not in line[:6]
    return seen > 0 and fitting >= 0.8 * seen


def _tokens(source: Source, fixed: bool) -> Iterator[Token]:
    for number in range(1, len(source.starts) + 1):
        line = source.line_text(number).rstrip(b"\r\n")
        start = source.starts[number - 1]
        first, last = 0, len(line)
        if fixed:
            if line[6:7] in {b"*", b"/", b"$"}:
                continue
            first, last = _CODE_START, min(last, _CODE_END)
        elif line.lstrip()[:1] == b"*":
            continue
        beginning = True
        for match in _TOKEN.finditer(line, first, last):
            if match[0] == b"*>":
                break
            margin = beginning and (not fixed or match.start() < _CODE_START + 4)
            word = match[0].decode("utf-8", "replace").upper()
            yield Token(word, start + match.start(), start + match.end(), margin)
            beginning = False


class _Scanner:
    """Goes over the tokens, sentence by sentence."""

    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source, self.tokens = source, tokens
        self.found: list[Definition] = []
        self.references: list[tuple[int, Reference]] = []
        self.imports: list[Import] = []
        self._open: list[tuple[int, int]] = []  # rank and position of what is open
        self._division = ""
        self._begun = 0  # where the IDENTIFICATION DIVISION of the next program begins
        self._names: set[str] = set()

    def run(self) -> None:
        starting = True
        position = 0
        while position < len(self.tokens):
            token = self.tokens[position]
            following = self.tokens[position + 1].word if position + 1 < len(self.tokens) else ""
            taken = self._heading(position, token, following) if starting or token.margin else 0
            if not taken:
                taken = self._statement(position, token)
            last = self.tokens[min(position + taken, len(self.tokens)) - 1]
            starting = last.word == "." or following == "DIVISION"
            position += taken
        self._close(-1, len(self.source.text))

    def _heading(self, position: int, token: Token, following: str) -> int:
        """Take a division, a program's name, a section, a paragraph or a data item; how many tokens it took."""
        word = token.word
        if word in DIVISIONS and following == "DIVISION":
            return self._take_division(token)
        if word in {"PROGRAM-ID", "FUNCTION-ID", "CLASS-ID", "INTERFACE-ID", "METHOD-ID"}:
            return self._take_program(position, token)
        if word == "END" and following in {"PROGRAM", "FUNCTION", "CLASS", "METHOD"}:
            self._close(_PROGRAM, self._after(position, 3))
            return min(3, len(self.tokens) - position)
        if following == "SECTION" and (word in SECTIONS or _is_name(word)):
            self._add(_SECTION, "section", f"{word} SECTION" if word in SECTIONS else word, token)
            return 2
        if word in {"FD", "SD"} and _is_name(following):
            self._add(_SECTION + 1, "file", following, self.tokens[position + 1])
            return 2
        if self._division in {"", "DATA"} and word.isdigit() and len(word) <= 2 and _is_name(following):
            return self._take_item(position, int(word))
        return self._take_paragraph(token, following)

    def _take_paragraph(self, token: Token, following: str) -> int:
        word = token.word
        in_code = self._division == "PROCEDURE" or (not self._division and token.margin)
        if in_code and token.margin and following == "." and _is_name(word) and word not in SENTENCES:
            self._add(_PARAGRAPH, "paragraph", word, token)
            return 2
        return 0

    def _take_division(self, token: Token) -> int:
        self._division = "IDENTIFICATION" if token.word == "ID" else token.word
        if self._division == "IDENTIFICATION":
            self._begun = token.at
            return 2
        self._add(_DIVISION, "division", f"{self._division} DIVISION", token)
        return 2

    def _take_program(self, position: int, token: Token) -> int:
        at = position + 1
        while at < len(self.tokens) and self.tokens[at].word == "." and at < position + 2:
            at += 1
        if at >= len(self.tokens):
            return 1
        named = self.tokens[at]
        self._add(_PROGRAM, "program", named.word.strip("'\""), named)
        self.found[-1].start = max(self._begun, self.found[-2].end if len(self.found) > 1 else 0)
        self._begun = token.at
        return at - position + 1

    def _take_item(self, position: int, level: int) -> int:
        named = self.tokens[position + 1]
        rank = _CONDITION if level == 88 else _LEVEL + (1 if level in {66, 77, 78} else level)
        if named.word == "FILLER" or named.word in {"PIC", "PICTURE"}:
            self._close(rank, self._line_start(self.tokens[position]))
            return 2
        self._add(rank, "constant" if level in {78, 88} else "field", named.word, named)
        self.found[-1].start = self.tokens[position].at
        return 2

    def _add(self, rank: int, kind: str, name: str, token: Token) -> None:
        self._close(rank, self._line_start(token))
        around = next((at for _, at in reversed(self._open) if not self.found[at].name.endswith(_UNNAMED)), -1)
        self.found.append(Definition(token.at, token.end, kind, around, name, token.at))
        self._names.add(name)
        self._open.append((rank, len(self.found) - 1))

    def _close(self, rank: int, at: int) -> None:
        """End at a byte all that is open with this rank or a higher one."""
        while self._open and self._open[-1][0] >= rank:
            one = self.found[self._open.pop()[1]]
            one.end = max(one.end, at)

    def _line_start(self, token: Token) -> int:
        return self.source.starts[self.source.line(token.at) - 1]

    def _after(self, position: int, count: int) -> int:
        return self.tokens[min(position + count, len(self.tokens)) - 1].end

    def _statement(self, position: int, token: Token) -> int:
        """Take a word within a sentence, and what it says of others; how many tokens it took."""
        word = token.word
        following = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        if following is None:
            return 1
        if word == "COPY" or (word == "INCLUDE" and self._before(position, 1) == "SQL"):
            name = following.word.strip("'\"")
            self.imports.append(Import(name, "", "", self.source.line(following.at)))
            self._refer(following, "import")
            return 2
        if word == "CALL" and (_is_name(following.word) or following.word[0] in "'\""):
            self._refer(following, "call")
            return 2
        if word == "PROGRAM" and following.word == "(" and position + 2 < len(self.tokens):
            self._refer(self.tokens[position + 2], "call")  # EXEC CICS LINK PROGRAM('NAME')
            return 3
        jumps = word == "PERFORM" or word in {"THRU", "THROUGH"} or (word == "TO" and self._before(position, 1) == "GO")
        if jumps and self._division in {"PROCEDURE", ""} and _is_name(following.word) and not _counts(self, position):
            self._refer(following, "call")
            return 2
        if self._division == "PROCEDURE" and _is_name(word) and ("-" in word or word in self._names):
            self._refer(token, "use")
        return 1

    def _before(self, position: int, count: int) -> str:
        return self.tokens[position - count].word if position >= count else ""

    def _refer(self, token: Token, kind: ReferenceKind) -> None:
        name = token.word.strip("'\"")
        if not name or name in RESERVED:
            return
        line = self.source.line(token.at)
        column = token.at - self.source.starts[line - 1]
        self.references.append((token.at, Reference(name, kind, line, column)))


def _counts(scanner: _Scanner, position: int) -> bool:
    """Whether `PERFORM` is followed by a number of times and not by a paragraph."""
    tokens = scanner.tokens
    return position + 2 < len(tokens) and tokens[position + 2].word == "TIMES"


def _is_name(word: str) -> bool:
    first = word[:1]
    return (first.isalnum() or (first == ":" and len(word) > 2)) and not word.isdigit() and word not in RESERVED
