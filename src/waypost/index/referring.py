"""From a query's captures to references: which names may mean something that is not local."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.index.binding import Locals
from waypost.index.defining import Captures, Outline, Source
from waypost.index.languages.grammar import Grammar, Reader, word_test
from waypost.index.model import Import, Reference, ReferenceKind

if TYPE_CHECKING:
    from tree_sitter import Node

WINDOW = 160
"""How many bytes before a name are looked at for its qualifier."""

_FILE_ENDING = re.compile(r"\.(?:h|hh|hpp|hxx|inc|[cm]?[jt]sx?|css|scss|sh|bash|rb|php|zig|lua|json)$")
_WORDS = bytes(byte if chr(byte).isalnum() or byte in b"_.$@" or byte >= 0x80 else 0x20 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Imported:
    """An import and the bytes that it takes up."""

    what: Import
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scopes:
    """What decides whether a name may mean something elsewhere, and what it stands in."""

    outline: Outline
    places: list[int]  # of the outline's definitions among the symbols; its last is the file's: -1
    local: Locals
    builtin: frozenset[bytes]  # names that are the language's own in this file


def references_of(captures: Captures, scopes: Scopes, grammar: Grammar, source: Source) -> list[Reference]:
    """References to what is not local, without those of imports."""
    text, starts = source.text, source.starts
    calls, inherits = _starts(captures, "call"), _starts(captures, "inherit")
    local, builtin, places = scopes.local, scopes.builtin, scopes.places
    before = frozenset(separator[-1] for separator in grammar.separators) | frozenset(b" \n\t")
    parenthesis = 0x28 if grammar.parenthesis_calls else -1
    names: dict[bytes, str] = {}
    nothing: set[bytes] = set()
    padded = text + b"\n"
    found: list[Reference] = []
    for start, end, owner in _uses(captures, scopes.outline):
        name = text[start:end]
        qualifier = _qualifier(text, start, grammar) if padded[start - 1] in before else ""
        if not qualifier and (name in builtin or name in local.get(owner, nothing)):
            continue
        if (word := names.get(name)) is None:
            word = names[name] = name.decode("utf-8", "replace")
        kind: ReferenceKind = "use"
        if start in inherits:
            kind = "inherit"
        elif padded[end] == parenthesis or start in calls:
            kind = "call"
        line = bisect_right(starts, start)
        found.append(Reference(word, kind, line, start - starts[line - 1], places[owner], qualifier))
    return found


def _uses(captures: Captures, outline: Outline) -> Iterator[tuple[int, int, int]]:
    """Start, end and innermost definition of each name that is neither defined nor imported where it stands."""
    skipped = (_starts(captures, "skip") - _starts(captures, "keep")) | outline.named
    spans = iter(sorted((node.start_byte, node.end_byte) for node in captures.get("import", ())))
    far = 1 << 62
    edge, edges, owners = 0, [*outline.edges, far], outline.owners
    import_start, import_end = next(spans, (far, far))
    for start, end in sorted([(node.start_byte, node.end_byte) for node in captures.get("use", ())]):
        while import_end <= start:
            import_start, import_end = next(spans, (far, far))
        while edges[edge + 1] <= start:
            edge += 1
        if start < import_start and start not in skipped:
            yield start, end, owners[edge]


def import_references(imported: list[Imported], scopes: Scopes, source: Source) -> list[Reference]:
    """What the imports name: the name taken, or the module's last part, qualified by the module or its rest."""
    found = []
    for one in imported:
        what = one.what
        if what.name == "*":
            continue
        qualifier, name = (what.module, what.name) if what.name else _split(what.module)
        column = one.start - source.starts[what.line - 1]
        inside = scopes.places[scopes.outline.innermost(one.start)]
        found.append(Reference(name, "import", what.line, column, inside, qualifier))
    return found


def _split(module: str) -> tuple[str, str]:
    """`a.b.c` into `a.b` and `c`, by whichever of the languages' separators comes last."""
    folder, slash, last = module.rpartition("/")
    stem = _FILE_ENDING.sub("", last)
    if slash or stem != last:
        return folder, stem
    at = max(module.rfind(separator) for separator in ".:\\")
    return (module[:at].rstrip(":"), module[at + 1 :]) if at >= 0 else ("", module)


def _starts(captures: Captures, name: str) -> set[int]:
    return {node.start_byte for node in captures.get(name, ())}


def _qualifier(text: bytes, start: int, grammar: Grammar) -> str:
    """What stands before the separator before a name; `Class()` for a call's result, `?` for what has no name."""
    before = text[max(0, start - WINDOW) : start].rstrip()
    for separator in grammar.separators:
        if before.endswith(separator):
            break
    else:
        return ""
    if before.endswith(b"..") and separator == b".":
        return ""
    before = before[: -len(separator)].rstrip()
    if before.endswith(b")"):
        before = _before_parenthesis(before)
        called = "()"
    else:
        called = ""
    for separator in grammar.separators:
        if separator != b".":
            before = before.replace(separator, b".")
    words = before.translate(_WORDS).rsplit(b" ", 1)[-1]
    if words.startswith(b"."):
        words = b"?" + words
    if "@" not in grammar.own:
        words = words.lstrip(b"@")
    if not words and not called and separator in {b"::", b"\\"}:
        return ""  # the root's own
    return words.decode("utf-8", "replace") + called if words else "?"


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


def imports_of(captures: Captures, reader: Reader, source: Source) -> list[Imported]:
    """All imports, in the file's order."""
    from tree_sitter import QueryCursor

    if reader.imports is None:
        return []
    found: list[Imported] = []
    cursor = QueryCursor(reader.imports)
    for node in captures.get("import", ()):
        for _, match in cursor.matches(node, word_test(source.text)):
            found.extend(_imported(match, reader.grammar, source))
    found.sort(key=lambda one: (one.start, one.what.name))
    return found


def _imported(match: dict[str, list[Node]], grammar: Grammar, source: Source) -> Iterator[Imported]:
    if "tree" in match and grammar.expand is not None:
        for module, name, alias, node in grammar.expand(match["tree"][0], source.text):
            what = Import(module, name, alias, source.line(node.start_byte))
            yield Imported(what, node.start_byte, node.end_byte)
        return
    module, name, alias = (_text_of(match.get(part), source) for part in ("module", "name", "alias"))
    if grammar.path_names and not name:
        module, name = _split(module)
    nodes = match.get("name") or match.get("module") or match.get("alias") or []
    for named in nodes[:1]:
        what = Import(module, name, alias, source.line(named.start_byte))
        yield Imported(what, named.start_byte, named.end_byte)


def _text_of(nodes: list[Node] | None, source: Source) -> str:
    if not nodes:
        return ""
    text = source.text[nodes[0].start_byte : nodes[0].end_byte].decode("utf-8", "replace")
    return text.strip("\"'`<>; \t\r\n")
