"""What parsing finds in one file: symbols, references, chunks. Lines are 1-based and inclusive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Status = Literal["parsed", "partial", "windows", "quarantined"]
"""`parsed`: the grammar read all; `partial`: with errors in it; `windows`: no grammar, or none that fits;
`quarantined`: the grammar hung or crashed on it, so that windows stand in."""

ReferenceKind = Literal["call", "import", "inherit", "use"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition; `start_line` takes in its decorators and the comment right above it."""

    name: str
    qualified: str  # `Class.method`: the names of the symbols around it, joined by dots
    kind: str  # function, method, class, interface, enum, type, constant, variable, field, macro, module, section ...
    start_line: int
    end_line: int
    name_line: int
    parent: int = -1  # position in `Parsed.symbols` of the symbol around it


class Reference(NamedTuple):
    """A place that names something; whether it means a symbol is decided when all files are known.

    A named tuple, since a million lines hold a million of them and it is made three times as fast.
    """

    name: str
    kind: ReferenceKind
    line: int
    column: int  # 0-based, in UTF-8 bytes
    inside: int = -1  # position in `Parsed.symbols` of the innermost symbol around it
    qualifier: str = ""  # what stands before the dot: `self`, `module.part`, `Class`, `Class()` for one of them, `?`


@dataclass(frozen=True, slots=True)
class Import:
    """A name taken from elsewhere: `from module import name as alias`; for a whole module `name` is empty."""

    module: str
    name: str
    alias: str
    line: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """What search returns: a function with its comments and decorators, a small class, or a window of the rest."""

    start_line: int
    end_line: int
    kind: str  # as a symbol's, or `window`
    name: str = ""  # qualified name of the symbol that it holds, or is a part of
    symbol: int = -1  # position in `Parsed.symbols`


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that is known of one file's text."""

    language: str
    status: Status
    lines: int
    symbols: tuple[Symbol, ...] = ()
    references: tuple[Reference, ...] = ()
    imports: tuple[Import, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    why: str = ""  # of a status other than `parsed`
