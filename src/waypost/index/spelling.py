"""References found by spelling: for languages in which names outside of comments and strings are all that matters.

Asking the tree for each identifier costs twice as much as the whole of this, and Python is most of what is read.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from waypost.index.defining import Captures, Source
from waypost.index.languages.grammar import Grammar
from waypost.index.model import Reference
from waypost.index.qualifying import Qualifiers
from waypost.index.referring import FAR, Scopes, starts_of

_CHAIN = re.compile(rb"(?<![\w\x80-\xff])[A-Za-z_\x80-\xff][\w.\x80-\xff]*+(?![\"'])")
"""A name with all that dots join to it; what is before a quote is a string's prefix."""


def spelled_references(captures: Captures, scopes: Scopes, grammar: Grammar, source: Source) -> list[Reference]:
    """References to what is not local, without those of imports."""
    text = _without_text(captures, source.text)
    skipped = starts_of(captures, "skip") | scopes.outline.named
    inherits = starts_of(captures, "inherit")
    qualifiers = Qualifiers(source.text, grammar)
    words, renamed, instances = qualifiers.words, scopes.renamed, scopes.instances
    starts, places = source.starts, scopes.places
    edge, edges, owners = 0, [*scopes.outline.edges, FAR], scopes.outline.owners
    owner, hidden = -1, scopes.hidden(-1)
    new = tuple.__new__  # half the time of the class's own
    found: list[Reference] = []
    for match in _CHAIN.finditer(text):
        start = match.start()
        if edges[edge + 1] <= start:
            edge = bisect_right(edges, start, edge + 1) - 1
            owner = owners[edge]
            hidden = scopes.hidden(owner)
        chain = match[0]
        joined = text[start - 1 : start] == b"."  # to a call's result, a string ...
        if chain in hidden and not joined:
            continue
        line = bisect_right(starts, start)
        column, place = start - starts[line - 1], places[owner]
        qualifier = qualifiers.before(start) if joined else ""
        parts = chain.split(b".")
        last = len(parts) - 1
        for part in parts:
            if part and start not in skipped and (qualifier or part not in hidden):
                kind = "use"
                if start in inherits:
                    kind = "inherit"
                elif not last and text[start + len(part) : start + len(part) + 1] == b"(":
                    kind = "call"
                word = words(part) if qualifier else renamed.get(part) or words(part)
                known = instances.of(qualifier, owner) if qualifier else ""
                found.append(new(Reference, (word, kind, line, column, place, known)))
            if not last:
                break
            qualifier = f"{qualifier}.{words(part)}" if qualifier else words(part)
            start += len(part) + 1
            column += len(part) + 1
            last -= 1
    return found


def _without_text(captures: Captures, text: bytes) -> bytes:
    """A text with blanks for what is no code, and for imports, which are read apart."""
    code = bytearray(text)
    quoted = starts_of(captures, "quoted")
    for word in ("text", "import"):
        for node in captures.get(word, ()):
            start, end = node.start_byte, node.end_byte
            if start not in quoted:
                code[start:end] = b" " * (end - start)
    return bytes(code)
