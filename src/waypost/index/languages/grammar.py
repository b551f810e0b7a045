"""A language's table entry: which grammar reads it, and which of the grammar's nodes mean what."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query, QueryPredicate

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
    - what begins with `_` is only for the query's own conditions: `(#word? @_name "a" "b")` and `#not-word?`
      (the binding's own `#eq?` crashes on a tree that was read through a callback);
    - `@import`: a whole import; `imports` finds in it `@module`, `@name` and `@alias`, a match for each import.
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
    imports: Query | None


def word_test(text: bytes) -> QueryPredicate:
    """What decides `#word?` and `#not-word?` in queries over `text`: whether a capture is one of some words."""

    def test(
        predicate: str,
        args: list[tuple[str, Literal["capture", "string"]]],
        pattern_index: int,  # noqa: ARG001 -- the binding's protocol names its arguments
        captures: dict[str, list[Node]],
    ) -> bool:
        words = {word.encode() for word, kind in args if kind == "string"}
        nodes = captures.get(args[0][0], [])
        is_one = any(text[node.start_byte : node.end_byte] in words for node in nodes)
        return is_one != predicate.startswith("not-")

    return test


@functools.cache
def reader(grammar: Grammar) -> Reader:
    """Load a grammar once for this process. Raises ImportError when its wheel is not installed."""
    from tree_sitter import Language, Parser, Query

    language = Language(getattr(importlib.import_module(grammar.wheel), grammar.entry)())
    imports = Query(language, grammar.imports) if grammar.imports else None
    return Reader(grammar, language, Parser(language), Query(language, grammar.query), imports)
