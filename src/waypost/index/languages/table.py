"""All languages that a grammar reads, by name."""

from __future__ import annotations

from waypost.index.languages.c_family import CPP, C
from waypost.index.languages.csharp import CSHARP
from waypost.index.languages.data import JSON, TOML, YAML
from waypost.index.languages.database import SQL
from waypost.index.languages.functional import ELIXIR, HASKELL
from waypost.index.languages.go import GO
from waypost.index.languages.grammar import Grammar
from waypost.index.languages.jvm import JAVA, KOTLIN, SCALA
from waypost.index.languages.pages import CSS, HTML, MARKDOWN
from waypost.index.languages.php import PHP
from waypost.index.languages.python import PYTHON
from waypost.index.languages.ruby import RUBY
from waypost.index.languages.rust import RUST
from waypost.index.languages.shell import BASH
from waypost.index.languages.systems import LUA, SWIFT, ZIG
from waypost.index.languages.web import JAVASCRIPT, TSX, TYPESCRIPT

_ALWAYS = (PYTHON, JAVASCRIPT, TYPESCRIPT, TSX, JAVA, KOTLIN, GO, RUST, C, CPP, CSHARP, RUBY, PHP, BASH, SQL)
_TEXTS = (YAML, TOML, JSON, MARKDOWN)
_EXTRA = (CSS, ELIXIR, HASKELL, HTML, LUA, SCALA, SWIFT, ZIG)
GRAMMARS: dict[str, Grammar] = {grammar.name: grammar for grammar in (*_ALWAYS, *_TEXTS, *_EXTRA)}
