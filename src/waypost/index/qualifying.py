"""What stands before a name: `self`, `module.part`, `Class()` for a call's result, `?` for what has no name."""

from __future__ import annotations

import re

from waypost.index.languages.grammar import Grammar

NEAR = 48
"""Bytes before a name that are enough for nearly all qualifiers."""
FAR = 200
"""Bytes that are looked at when those are not."""

_WORDS = bytes(byte if chr(byte).isalnum() or byte in b"_.$@" or byte >= 0x80 else 0x20 for byte in range(256))


class Words(dict[bytes, str]):
    """Names as text; each is decoded once."""

    def __missing__(self, name: bytes) -> str:
        """Decode a name that is new."""
        said = self[name] = name.decode("utf-8", "replace")
        return said


class Qualifiers:
    """Finds the qualifiers in one text; each spelling is decoded once."""

    __slots__ = ("_grammar", "_text", "last_bytes", "words")

    def __init__(self, text: bytes, grammar: Grammar) -> None:
        """Look at `text` by the separators of a language."""
        self._text = text
        self._grammar = grammar
        self.words = Words().__getitem__
        self.last_bytes = frozenset(separator[-1] for separator in grammar.separators)

    def after_blanks(self) -> frozenset[int]:
        """Where names stand that blanks part from a separator: a chain of calls that goes on on the next line."""
        if not self.last_bytes:
            return frozenset()
        ends = re.escape(bytes(sorted(self.last_bytes)))
        return frozenset(match.end() for match in re.finditer(rb"[" + ends + rb"][ \t\r\n]+(?=[\w$])", self._text))

    def before(self, start: int) -> str:
        """The qualifier of the name at `start`, after a byte that may end a separator; nothing if it ends none."""
        if self._text[start - 1] == 0x2E and len(self._grammar.separators) == 1:
            near = self._text[max(0, start - NEAR) : start - 1].translate(_WORDS)
            words = near[near.rfind(b" ") + 1 :]
            if words and words[0] not in b".@" and len(words) < len(near):
                return self.words(words)
        return self._from_afar(start)

    def _from_afar(self, start: int) -> str:
        before = self._text[max(0, start - FAR) : start].rstrip()
        separator = next((one for one in self._grammar.separators if before.endswith(one)), b"")
        if not separator or (separator == b"." and before.endswith(b"..")):
            return ""
        if self._text[start - 1] in b" \t\r\n" and self._in_comment(before):
            return ""
        before = before[: -len(separator)].rstrip()
        called = b""
        if before.endswith(b")"):
            before, called = _before_parenthesis(before), b"()"
        for other in self._grammar.separators:
            if other != b".":
                before = before.replace(other, b".")
        words = before.translate(_WORDS).rsplit(b" ", 1)[-1]
        if words.startswith(b"."):
            words = b"?" + words
        if "@" not in self._grammar.own:
            words = words.lstrip(b"@")
        if not words and not called and separator in {b"::", b"\\"}:
            return ""  # the root's own
        return self.words(words + called) if words else "?"

    def _in_comment(self, before: bytes) -> bool:
        """Whether what ends a text's last line is a comment, so that its full stop joins nothing."""
        line = before[before.rfind(b"\n") + 1 :]
        return any(mark in line for mark in self._grammar.comments)


def _before_parenthesis(text: bytes) -> bytes:
    """The text before the parenthesis that opens what the last one closes; nothing when it is further away."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        byte = text[at]
        if byte == 0x29:
            depth += 1
        elif byte == 0x28:
            depth -= 1
            if depth == 0:
                return text[:at]
    return b""
