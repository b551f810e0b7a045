"""All languages that a grammar reads, by name."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar
from waypost.index.languages.python import PYTHON

GRAMMARS: dict[str, Grammar] = {grammar.name: grammar for grammar in (PYTHON,)}
