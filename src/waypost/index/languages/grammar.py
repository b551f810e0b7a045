"""A language's table entry: which grammar reads it, and which of the grammar's nodes mean what."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

Expansion = Callable[["Node", bytes], Iterator[tuple[str, str, str, "Node"]]]


def words(text: str) -> frozenset[str]:
    """The words of a text, for tables."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language.

    `query` is a tree-sitter query; its capture names are the shared reader's words:

    - a symbol's kind (`@function`, `@class`, `@table` ...) on a definition, and `@name` on its name;
    - `@owner`: in a definition that stands outside of its class, the class;
    - `@bound`: a name that an assignment binds: a symbol outside of functions, a local inside; `@bound.field` and
      the like say of which kind;
    - `@local`: a name that is local wherever it stands (parameters, loop variables);
    - `@instance`: a field's name where a method assigns it to its own object;
    - `@outer`: a name that a function declares as belonging to a scope around it;
    - `@around`: what a definition's decorators or modifiers share with it: its start counts;
    - `@use`: each name that may refer to something; `@call`, `@inherit`: those of them that are known to be one;
    - `@text`: what is no code, and `@quoted`: such text that holds names all the same (in `spelled` languages);
    - `@skip`: names that refer to nothing of ours (labels, keyword arguments), but for those that are `@keep` too;
    - `@heading`: a heading of a text;
    - what begins with `_` is one of the words of its pattern's `(#set! word "a b")`, or none of `(#set! not "a b")`;
      the binding's own predicates leak memory and crash on a tree that was read through a callback.
    """

    name: str
    wheel: str  # the module to import, `tree_sitter_python`
    query: str
    imports: str = ""
    expand: Expansion | None = None  # instead of `imports`: module, name, alias and place of each in an import
    entry: str = "language"  # the wheel's function that gives the grammar
    separators: tuple[bytes, ...] = (b".",)  # what stands between a qualifier and a name, the longest first
    comments: tuple[bytes, ...] = (b"//",)  # what a line above a definition begins with to belong to it
    block_comment: tuple[bytes, bytes] = (b"/*", b"*/")
    path_names: bool = False  # whether an import's path ends with the name that it takes, `a.b.Class`
    builtins: frozenset[str] = frozenset()  # names that mean the language's own unless a file defines or imports them
    own: tuple[str, ...] = ("this",)  # what a method calls its own object
    spelled: bool = False  # whether names are found by spelling outside of `@text`, and not by `@use`
    parenthesis_calls: bool = True  # whether `name(` is a call
    extra: bool = False  # whether the wheel comes with `waypost[languages]` only


@dataclass(frozen=True, slots=True)
class Reader:
    """A grammar made ready: one for each language and process."""

    grammar: Grammar
    language: Language
    parser: Parser
    query: Query
    conditions: dict[int, tuple[bool, frozenset[bytes]]]  # by pattern: whether a word must be one of these, or none
    conditional: Query | None  # the patterns with conditions; the others are all in `query`
    imports: Query | None


@functools.cache
def reader(grammar: Grammar) -> Reader:
    """Load a grammar once for this process. Raises ImportError when its wheel is not installed."""
    from tree_sitter import Language, Parser, Query

    language = Language(getattr(importlib.import_module(grammar.wheel), grammar.entry)())
    imports = Query(language, grammar.imports) if grammar.imports else None
    query = Query(language, grammar.query)
    conditions = _conditions(query)
    conditional = Query(language, grammar.query) if conditions else None
    for pattern in range(query.pattern_count):
        if pattern in conditions:
            query.disable_pattern(pattern)
        elif conditional is not None:
            conditional.disable_pattern(pattern)
    return Reader(grammar, language, Parser(language), query, conditions, conditional, imports)


def _conditions(query: Query) -> dict[int, tuple[bool, frozenset[bytes]]]:
    found: dict[int, tuple[bool, frozenset[bytes]]] = {}
    for pattern in range(query.pattern_count):
        settings = query.pattern_settings(pattern)
        for key, is_one in (("word", True), ("not", False)):
            if said := settings.get(key):
                found[pattern] = (is_one, frozenset(said.encode().split()))
    return found
