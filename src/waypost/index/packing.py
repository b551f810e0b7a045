"""What is known of a file, in the form in which it crosses processes and lies in the store.

References of one name in one file are one run of bytes, so that a million lines take few rows. Numbers are unsigned
LEB128 ("varints"); a run is

    count of qualifiers, each as length and UTF-8 text,
    then for each place, in the order of lines: line step * 4 + kind, column, zigzag step of `inside`,
    and, where there are qualifiers, 0 for none or the number of one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from waypost.index.model import Parsed, Reference, ReferenceKind

KINDS: tuple[ReferenceKind, ...] = ("use", "call", "import", "inherit")
_NUMBER = {kind: number for number, kind in enumerate(KINDS)}

SymbolRow: TypeAlias = tuple[int, str, str, int, int, int, int]
"""Name's number in the file, qualified name, kind, first, last and name line, position of the parent or -1."""
ImportRow: TypeAlias = tuple[int, int, int, int]
"""Numbers of module, name and alias in the file, line."""
ChunkRow: TypeAlias = tuple[int, int, str, int, str | None]
"""First and last line, kind, position of its symbol or -1, name where the symbol does not say it."""


class Packed(NamedTuple):
    """A `Parsed` in plain values: `names` are the file's own numbering, which all rows use."""

    language: str
    status: str
    why: str
    lines: int
    names: list[str]
    symbols: list[SymbolRow]
    references: list[tuple[int, bytes]]
    imports: list[ImportRow]
    inherits: list[tuple[int, int]]  # numbers of a class's own name and of a base's
    chunks: list[ChunkRow]
    terms: bytes  # what search keeps of the text, compressed by zlib


def pack(parsed: Parsed, terms: bytes = b"") -> Packed:
    """Packs what parsing found; `terms` is what search keeps of the text, as it comes."""
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, len(numbers))

    symbols = [
        (number(one.name), _storable(one.qualified), one.kind, one.start_line, one.end_line, one.name_line, one.parent)
        for one in parsed.symbols
    ]
    imports = [(number(one.module), number(one.name), number(one.alias), one.line) for one in parsed.imports]
    references = [(number(name), run) for name, run in pack_references(parsed.references).items()]
    inherits = [
        (number(parsed.symbols[one.inside].name), number(one.name))
        for one in parsed.references
        if one.kind == "inherit" and one.inside >= 0
    ]
    chunks = [(one.start_line, one.end_line, one.kind, one.symbol, _own_name(parsed, one)) for one in parsed.chunks]
    names = [_storable(name) for name in numbers]
    why = _storable(parsed.why)
    return Packed(
        parsed.language,
        parsed.status,
        why,
        parsed.lines,
        names,
        symbols,
        references,
        imports,
        inherits,
        chunks,
        zlib.compress(terms, 1),
    )


def _own_name(parsed: Parsed, chunk: object) -> str | None:
    name, symbol = getattr(chunk, "name", ""), getattr(chunk, "symbol", -1)
    if not name or (symbol >= 0 and parsed.symbols[symbol].qualified == name):
        return None
    return _storable(name)


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


# --- references -----------------------------------------------------------------------------------------------------


class _Run:
    """The bytes of one name's places, as they grow."""

    __slots__ = ("inside", "line", "places", "qualifiers")

    def __init__(self) -> None:
        self.places: list[tuple[int, int, int, int]] = []
        self.qualifiers: dict[str, int] = {}
        self.line = 0
        self.inside = 0


def pack_references(references: Sequence[Reference]) -> dict[str, bytes]:
    """A run of bytes for each name."""
    runs: dict[str, _Run] = {}
    for one in _in_lines(references):
        name, line, inside, qualifier = one.name, one.line, one.inside, one.qualifier
        run = runs.get(name)
        if run is None:
            run = runs[name] = _Run()
        step, run.line = line - run.line, line
        turn, run.inside = inside - run.inside, inside
        which = 0
        if qualifier:
            which = run.qualifiers.get(qualifier) or run.qualifiers.setdefault(qualifier, len(run.qualifiers) + 1)
        turn = turn * 2 if turn >= 0 else -turn * 2 - 1
        run.places.append((step * 4 + _NUMBER[one.kind], one.column, turn, which))
    return {name: _bytes_of(run) for name, run in runs.items()}


def _in_lines(references: Sequence[Reference]) -> Sequence[Reference]:
    last = 0
    for one in references:
        if one.line < last:
            return sorted(references, key=lambda reference: (reference.line, reference.column))
        last = one.line
    return references


def _bytes_of(run: _Run) -> bytes:
    out = bytearray()
    _add(out, len(run.qualifiers))
    for qualifier in run.qualifiers:
        text = qualifier.encode("utf-8", "replace")
        _add(out, len(text))
        out += text
    width = 4 if run.qualifiers else 3
    for place in run.places:
        for value in place[:width]:
            if value < 128:
                out.append(value)
            else:
                _add(out, value)
    return bytes(out)


def _add(out: bytearray, value: int) -> None:
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


class Place(NamedTuple):
    """Where a name stands: `inside` is the position of the symbol around it among the file's, or -1."""

    line: int
    column: int
    kind: ReferenceKind
    inside: int
    qualifier: str


def unpack_places(run: bytes) -> Iterator[Place]:
    """The places of a run. Raises ValueError for bytes that `pack_references` did not make."""
    try:
        yield from _places(run)
    except (IndexError, UnicodeDecodeError) as problem:
        raise ValueError(f"a run of references that ends too early or holds no text: {problem}") from problem


def _places(run: bytes) -> Iterator[Place]:
    count, at = _number(run, 0)
    qualifiers = [""]
    for _ in range(count):
        size, at = _number(run, at)
        if at + size > len(run):
            raise ValueError("a run of references that ends within a qualifier")
        qualifiers.append(run[at : at + size].decode("utf-8"))
        at += size
    line, inside, end, which = 0, 0, len(run), 0
    while at < end:
        step, at = _number(run, at)
        column, at = _number(run, at)
        turn, at = _number(run, at)
        if count:
            which, at = _number(run, at)
        line += step >> 2
        inside += -(turn >> 1) - 1 if turn & 1 else turn >> 1
        yield Place(line, column, KINDS[step & 3], inside, qualifiers[which])


def _number(run: bytes, at: int) -> tuple[int, int]:
    value = run[at]
    at += 1
    if value < 128:
        return value, at
    value &= 127
    shift = 7
    while True:
        byte = run[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


# --- as one text ------------------------------------------------------------------------------------------------------


def to_bytes(packed: Packed) -> bytes:
    """All but the terms, which are compressed already, as compressed bytes with a checksum, for keeping."""
    sizes = [(name, len(run)) for name, run in packed.references]
    text = json.dumps([packed._replace(references=[], terms=b"")[:-1], sizes], separators=(",", ":")).encode()
    return zlib.compress(b"%d\n%b%b" % (len(text), text, b"".join(run for _, run in packed.references)), 1)


def from_bytes(data: bytes, terms: bytes = b"") -> Packed:
    """What `to_bytes` made. Raises ValueError for anything else."""
    try:
        length, _, rest = zlib.decompress(data).partition(b"\n")
        plain, sizes = json.loads(rest[: int(length)])
        packed = Packed(*[*plain, terms])
        tables = packed.symbols, packed.imports, packed.inherits, packed.chunks
        rows: list[Any] = [[tuple(row) for row in table] for table in tables]
        references, at = [], int(length)
        for name, size in sizes:
            references.append((name, rest[at : at + size]))
            at += size
        own = dict(zip(("symbols", "imports", "inherits", "chunks"), rows, strict=True))
        return packed._replace(references=references, **own)
    except (zlib.error, TypeError) as problem:
        raise ValueError(f"no packed file: {problem}") from problem
