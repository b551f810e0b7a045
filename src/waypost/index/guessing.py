"""Definitions found by how their lines look, for languages whose grammar is not at hand."""

from __future__ import annotations

import re

from waypost.index.defining import Definition, Outline, Source, outlined, plain_name
from waypost.index.languages.grammar import words

PROSE = words("text xml ini make dockerfile assembly html css markdown json yaml toml sql svelte scss")
"""Languages in whose texts such lines say nothing."""
_MODIFIERS = (
    r"(?:export|default|public|private|protected|internal|static|async|abstract|final|sealed|pub(?:\([^)]*\))?|local"
    r"|inline|override|open|data|virtual|unsafe|extern|const|partial|case|my|shared)"
)
_KINDS = {
    "class": "class", "interface": "interface", "struct": "struct", "enum": "enum", "trait": "trait",
    "module": "module", "namespace": "module", "package": "module", "object": "object", "protocol": "interface",
    "record": "class", "mixin": "class", "extension": "class", "type": "type", "message": "struct",
    "service": "interface", "def": "function", "defp": "function", "defn": "function", "fn": "function",
    "func": "function", "fun": "function", "function": "function", "sub": "function", "subroutine": "function",
    "procedure": "procedure", "proc": "function", "method": "method", "macro": "macro", "rpc": "method",
    "resource": "object", "program": "module",
}  # fmt: skip
_LINE = re.compile(
    (
        rf"^[ \t]*\(?(?:{_MODIFIERS}[ \t]+)*(?P<word>{'|'.join(sorted(_KINDS, key=len, reverse=True))})[ \t]+"
        r"(?:\([^)\n]{0,80}\)[ \t]*)?\"?(?P<name>[A-Za-z_$][\w$]*(?:(?:::|\.|-)[A-Za-z_$][\w$]*)*)"
    ).encode(),
    re.MULTILINE | re.IGNORECASE,
)
_ASSIGNED = re.compile(rb"^(?P<name>[A-Za-z_.][\w.]*)[ \t]*(?:<-|=)[ \t]*(?P<word>function)\b", re.MULTILINE)


def guessed(language: str, source: Source) -> Outline:
    """Definitions by their first lines, each up to the next that is indented as little; nested by indentation."""
    if language in PROSE:
        return Outline()
    matches = [*_LINE.finditer(source.text), *_ASSIGNED.finditer(source.text)]
    matches.sort(key=lambda match: match.start("name"))
    found: list[Definition] = []
    open_ones: list[tuple[int, int]] = []  # indentation and position
    for match in matches:
        at = match.start("name")
        line = source.line_text(source.line(at))
        indentation = len(line) - len(line.lstrip())
        while open_ones and open_ones[-1][0] >= indentation:
            found[open_ones.pop()[1]].end = source.starts[source.line(at) - 1]
        parent = open_ones[-1][1] if open_ones else -1
        kind = _KINDS[match["word"].decode().lower()]
        found.append(Definition(match.start(), len(source.text), kind, parent, plain_name(match["name"]), at))
        open_ones.append((indentation, len(found) - 1))
    return outlined(found)
