"""What a file takes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.index.defining import Captures, Source
from waypost.index.languages.grammar import Reader
from waypost.index.model import Import, Reference

if TYPE_CHECKING:
    from tree_sitter import Node

_FILE_ENDING = re.compile(r"\.(?:h|hh|hpp|hxx|inc|[cm]?[jt]sx?|css|scss|sh|bash|rb|php|zig|lua|json)$")


@dataclass(frozen=True, slots=True)
class Imported:
    """An import and the bytes that it takes up."""

    what: Import
    start: int
    end: int


def imports_of(captures: Captures, reader: Reader, source: Source) -> list[Imported]:
    """All imports, in the file's order."""
    nodes = captures.get("import", ())
    if not nodes:
        return []
    find = _queried if reader.grammar.expand is None else _expanded
    found = [one for one in find(nodes, reader, source) if one.end > one.start]  # some are only missed there
    found.sort(key=lambda one: (one.start, one.what.name))
    return found


def _expanded(nodes: Sequence[Node], reader: Reader, source: Source) -> Iterator[Imported]:
    expand = reader.grammar.expand
    if expand is None:
        return
    for node in nodes:
        for module, name, alias, named in expand(node, source.text):
            what = Import(module, name, alias, source.line(named.start_byte))
            yield Imported(what, named.start_byte, named.end_byte)


def _queried(nodes: Sequence[Node], reader: Reader, source: Source) -> Iterator[Imported]:
    from tree_sitter import QueryCursor

    if reader.imports is None:
        return
    cursor = QueryCursor(reader.imports)
    for node in nodes:
        for _, match in cursor.matches(node):
            module, name, alias = (_text_of(match.get(part), source) for part in ("module", "name", "alias"))
            if reader.grammar.path_names and not name:
                module, name = _split(module)
            named = (match.get("name") or match.get("module") or match.get("alias") or [node])[0]
            what = Import(module, name, alias, source.line(named.start_byte))
            yield Imported(what, named.start_byte, named.end_byte)


def _text_of(nodes: list[Node] | None, source: Source) -> str:
    if not nodes:
        return ""
    text = source.text[nodes[0].start_byte : nodes[0].end_byte].decode("utf-8", "replace")
    return text.strip("\"'`<>; \t\r\n")


def import_references(imported: list[Imported], inside: Callable[[int], int], source: Source) -> list[Reference]:
    """What the imports name: the name taken, or the module's last part, qualified by the module or its rest.

    `inside` gives the position of the symbol around a byte.
    """
    found = []
    for one in imported:
        what = one.what
        if what.name == "*":
            continue
        qualifier, name = (what.module, what.name) if what.name else _split(what.module)
        column = one.start - source.starts[what.line - 1]
        found.append(Reference(name, "import", what.line, column, inside(one.start), qualifier))
    return found


def _split(module: str) -> tuple[str, str]:
    """`a.b.c` into `a.b` and `c`, by whichever of the languages' separators comes last."""
    folder, slash, last = module.rpartition("/")
    stem = _FILE_ENDING.sub("", last)
    if slash or stem != last:
        return folder, stem
    at = max(module.rfind(separator) for separator in ".:\\")
    return (module[:at].rstrip(":"), module[at + 1 :]) if at >= 0 else ("", module)
