"""One file read by its grammar: symbols, references and imports from a syntax tree."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from waypost.index.binding import bound_symbols, locals_of
from waypost.index.defining import METHODS_IN, Captures, Definition, Outline, Source, outline_of
from waypost.index.headings import sections_of
from waypost.index.languages.grammar import Grammar, Reader, word_test
from waypost.index.model import Import, Reference, Symbol
from waypost.index.referring import Scopes, import_references, imports_of, references_of

if TYPE_CHECKING:
    from tree_sitter import Node

COMMENT_LINES = 80
"""How many comment lines above a definition are taken as its own."""


def read(reader: Reader, root: Node, source: Source) -> tuple[list[Symbol], list[Reference], list[Import]]:
    """All that the tree tells. Symbols and references are in the file's order."""
    from tree_sitter import QueryCursor

    captures: Captures = QueryCursor(reader.query).captures(root, word_test(source.text))
    outline = (sections_of if "heading" in captures else outline_of)(captures, source.text)
    local = locals_of(captures, outline, source.text)
    bound = bound_symbols(captures, outline, source.text)
    outline.named.update(one.name_at for one in bound)
    imported = imports_of(captures, reader, source)
    known = {one.name for one in (*outline.definitions, *bound)}
    known.update(one.what.alias or one.what.name or one.what.module for one in imported)
    symbols, places = _symbols(captures, outline, bound, reader.grammar, source)
    scopes = Scopes(outline, places, local, frozenset(name.encode() for name in reader.grammar.builtins - known))
    references = references_of(captures, scopes, reader.grammar, source)
    references += import_references(imported, scopes, source)
    references.sort(key=lambda one: (one.line, one.column))
    return symbols, references, [one.what for one in imported]


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
    within = [part for part in (around.qualified if around is not None else "", one.owner) if part]
    qualified = ".".join([*within, one.name])
    first = _with_comment(source.line(start), grammar, source)
    return Symbol(
        name=one.name,
        qualified=qualified,
        kind=kind,
        start_line=first,
        end_line=source.last_line(one.start, one.end),
        name_line=source.line(one.name_at),
        parent=parent,
    )


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
