"""A language's table entry: which grammar reads it, and which of the grammar's nodes mean what."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Parser, Query


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language.

    `query` is a tree-sitter query; its capture names are the shared reader's words:

    - a symbol's kind (`@function`, `@class`, `@field` ...) on a definition, and `@name` on its name;
    - `@bound`: a name that an assignment binds: a symbol outside of functions, a local inside;
    - `@local`: a name that is local wherever it stands (parameters, loop variables);
    - `@instance`: a field's name where a method assigns it to its own object;
    - `@outer`: a name that a function declares as belonging to a scope around it;
    - `@around`: what a definition's decorators or modifiers share with it: its start counts;
    - `@use`: each name that may refer to something; `@call`, `@inherit`: those of them that are known to be one;
    - `@skip`: names that refer to nothing of ours (labels, keyword arguments);
    - `@import`: a whole import; `imports` finds in it `@module`, `@name` and `@alias`, a match for each import.
    """

    name: str
    wheel: str  # the module to import, `tree_sitter_python`
    query: str
    imports: str = ""
    entry: str = "language"  # the wheel's function that gives the grammar
    separators: tuple[bytes, ...] = (b".",)  # what stands between a qualifier and a name
    comments: tuple[bytes, ...] = (b"//",)  # what a line above a definition begins with to belong to it
    block_comment: tuple[bytes, bytes] = (b"/*", b"*/")
    builtins: frozenset[str] = frozenset()  # names that mean the language's own unless a file defines or imports them
    own: tuple[str, ...] = ("this",)  # what a method calls its own object
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


@functools.cache
def reader(grammar: Grammar) -> Reader:
    """Load a grammar once for this process. Raises ImportError when its wheel is not installed."""
    from tree_sitter import Language, Parser, Query

    language = Language(getattr(importlib.import_module(grammar.wheel), grammar.entry)())
    imports = Query(language, grammar.imports) if grammar.imports else None
    return Reader(grammar, language, Parser(language), Query(language, grammar.query), imports)
