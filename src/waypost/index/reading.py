"""One file read by its grammar: symbols, references and imports from a syntax tree."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from waypost.index.binding import bound_symbols, locals_of
from waypost.index.defining import METHODS_IN, Captures, Definition, Outline, Source, outline_of
from waypost.index.headings import sections_of
from waypost.index.importing import import_references, imports_of
from waypost.index.instances import Instances
from waypost.index.languages.grammar import Grammar, Reader
from waypost.index.model import Import, Reference, Symbol
from waypost.index.referring import Scopes, references_of
from waypost.index.spelling import spelled_references

if TYPE_CHECKING:
    from tree_sitter import Node

_start = attrgetter("start_byte")
COMMENT_LINES = 80
"""How many comment lines above a definition are taken as its own."""

LONGEST_NAME = 400
"""Characters from which the names around a symbol are cut short: thousands of levels would grow with their square."""


def read(reader: Reader, root: Node, source: Source) -> tuple[list[Symbol], list[Reference], list[Import]]:
    """All that the tree tells. Symbols and references are in the file's order."""
    found = _captured(reader, root, source.text)
    unsorted: Captures = {word: found.pop(word) for word in ("use", "text") if word in found}
    captures: Captures = {  # they come in disorder, and some are only missed where they should be
        word: sorted([node for node in nodes if node.end_byte > node.start_byte], key=_start)
        for word, nodes in found.items()
    }
    captures |= unsorted
    outline = (sections_of if "heading" in captures else outline_of)(captures, source.text)
    local = locals_of(captures, outline, source.text)
    bound = bound_symbols(captures, outline, source.text, reader.grammar.own)
    outline.named.update(one.name_at for one in bound)
    imported = imports_of(captures, reader, source)
    known = {one.name for one in (*outline.definitions, *bound)}
    known.update(one.what.alias or one.what.name or one.what.module for one in imported)
    symbols, places = _symbols(captures, outline, bound, reader.grammar, source)
    renamed = {one.what.alias.encode(): one.what.name for one in imported if one.what.alias and one.what.name}
    scopes = Scopes(
        outline,
        places,
        local,
        builtin=frozenset(name.encode() for name in reader.grammar.builtins - known),
        renamed=renamed,
        instances=Instances(captures, outline, source.text, reader.grammar.own, renamed),
    )
    find = spelled_references if reader.grammar.spelled else references_of
    references = find(captures, scopes, reader.grammar, source)
    references += import_references(imported, scopes.inside, source)
    references.sort(key=itemgetter(2, 3))
    return symbols, references, [one.what for one in imported]


def _captured(reader: Reader, root: Node, text: bytes) -> Captures:
    """All that the query captures, once, where its conditions hold."""
    from tree_sitter import QueryCursor

    found: Captures = QueryCursor(reader.query).captures(root)
    if reader.conditional is None:
        return found
    added: dict[str, dict[int, Node]] = {}
    for pattern, match in QueryCursor(reader.conditional).matches(root):
        is_one, known = reader.conditions[pattern]
        words = [node for capture, nodes in match.items() if capture.startswith("_") for node in nodes]
        if all((text[node.start_byte : node.end_byte] in known) == is_one for node in words):
            for capture, nodes in match.items():
                added.setdefault(capture, {}).update((node.id, node) for node in nodes)
    for capture, by_id in added.items():
        by_id.update((node.id, node) for node in found.get(capture, ()))
        found[capture] = list(by_id.values())
    return found


def scanned(
    outline: Outline, references: list[tuple[int, Reference]], source: Source, comments: tuple[bytes, ...]
) -> tuple[list[Symbol], list[Reference]]:
    """Symbols and references from what a scanner found, the latter each with its byte.

    `comments` are what the lines of a comment begin with.
    """
    grammar = Grammar(name="", wheel="", query="", comments=comments, block_comment=(b"", b""))
    symbols, places = _symbols({}, outline, [], grammar, source)
    return symbols, [one._replace(inside=places[outline.innermost(at)]) for at, one in references]


def _symbols(
    captures: Captures, outline: Outline, bound: list[Definition], grammar: Grammar, source: Source
) -> tuple[list[Symbol], list[int]]:
    """The symbols in the file's order, and where in it each definition of the outline has come to stand.

    The last of those places, which -1 finds, is -1: the file itself.
    """
    starts = _starts_with_modifiers(captures, outline)
    named = [(one.start, -one.end, position, one) for position, one in enumerate(outline.definitions)]
    named += [(one.start, -one.end, len(outline.definitions), one) for one in bound]
    named.sort(key=lambda one: one[:3])
    places = [-1] * (len(outline.definitions) + 1)
    found: list[Symbol] = []
    for _, _, position, one in named:
        parent = places[one.parent] if one.parent >= 0 else -1
        around = found[parent] if parent >= 0 else None
        if position < len(outline.definitions):
            places[position] = len(found)
        found.append(_symbol(one, starts.get(position, one.start), parent, around, grammar, source))
    return found, places


def _symbol(
    one: Definition, start: int, parent: int, around: Symbol | None, grammar: Grammar, source: Source
) -> Symbol:
    kind = one.kind
    if kind == "function" and around is not None and around.kind in METHODS_IN:
        kind = "method"
    if kind == "function" and one.owner:
        kind = "method"
    qualified = f"{one.owner}.{one.name}" if one.owner else one.name
    if around is not None:
        outer = around.qualified
        if len(outer) > LONGEST_NAME:
            outer = f"….{outer[-LONGEST_NAME // 2 :]}"
        qualified = f"{outer}.{qualified}"
    name_line = source.line(one.name_at)
    first = _with_comment(source.line(start) if start != one.name_at else name_line, grammar, source)
    last = source.last_line(one.start, one.end)
    return Symbol(one.name, qualified, kind, first, last, name_line, parent)


def _starts_with_modifiers(captures: Captures, outline: Outline) -> dict[int, int]:
    """Where a definition begins with its decorators, by position."""
    begins = [one.start for one in outline.definitions]
    found: dict[int, int] = {}
    for node in captures.get("around", ()):
        position = bisect_left(begins, node.start_byte)
        if position < len(begins) and begins[position] < node.end_byte:
            found[position] = min(found.get(position, 1 << 62), node.start_byte)
    return found


def _with_comment(line: int, grammar: Grammar, source: Source) -> int:
    """The first line of the comment that stands right above a line, or the line."""
    opening, closing = grammar.block_comment
    for above in range(line - 1, max(0, line - 1 - COMMENT_LINES), -1):
        text = source.line_text(above).strip()
        if text.startswith(grammar.comments):
            line = above
        elif closing and text.endswith(closing) and (begins := _opening(above, opening, source)):
            return begins
        else:
            break
    return line


def _opening(line: int, opening: bytes, source: Source) -> int:
    """The line on which the block comment that ends on `line` begins a line; 0 when it is none."""
    for above in range(line, max(0, line - COMMENT_LINES), -1):
        text = source.line_text(above).strip()
        if opening in text:
            return above if text.startswith(opening) else 0
    return 0
