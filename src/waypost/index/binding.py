"""Names that assignments bind: outside of functions they are symbols, inside they are locals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from waypost.index.defining import CLASSES, FUNCTIONS, METHODS_IN, Captures, Definition, Outline, plain_name

if TYPE_CHECKING:
    from tree_sitter import Node

Locals = dict[int, set[bytes]]
"""Names that are local to each definition, by its position; -1 is the file."""


def locals_of(captures: Captures, outline: Outline, text: bytes) -> Locals:
    """Which names are local to which definition, so that a use of them refers to nothing elsewhere."""
    found: Locals = {}
    for node in captures.get("local", ()):
        found.setdefault(outline.innermost(node.start_byte), set()).add(text[node.start_byte : node.end_byte])
    for _, node in _bound(captures):
        owner = outline.innermost(node.start_byte)
        if owner >= 0 and outline.definitions[owner].kind in FUNCTIONS:
            found.setdefault(owner, set()).add(text[node.start_byte : node.end_byte])
    for node in captures.get("outer", ()):
        found.get(outline.innermost(node.start_byte), set()).discard(text[node.start_byte : node.end_byte])
    _inherit(found, outline)
    return found


def _bound(captures: Captures) -> Iterator[tuple[str, Node]]:
    """Bound names with the kind that the query gives them: none for `@bound`, `field` for `@bound.field`."""
    for capture, nodes in captures.items():
        if capture.startswith("bound"):
            for node in nodes:
                yield capture[6:], node


def _inherit(found: Locals, outline: Outline) -> None:
    """A definition sees what is local to the definitions around it, a class's type parameters for one."""
    empty: set[bytes] = set()
    for position, one in enumerate(outline.definitions):
        if one.parent >= 0 and (theirs := found.get(one.parent, empty)):
            own = found.get(position)
            found[position] = theirs | own if own else theirs


def bound_symbols(captures: Captures, outline: Outline, text: bytes, own: tuple[str, ...]) -> list[Definition]:
    """Variables and fields bound outside of functions, and fields that methods bind: the first binding of each."""
    known = {(one.parent, one.name) for one in outline.definitions}
    imports = sorted((node.start_byte, node.end_byte) for node in captures.get("import", ()))
    found: list[Definition] = []
    for kind, node in _bound(captures):
        owner = outline.innermost(node.start_byte)
        in_function = owner >= 0 and outline.definitions[owner].kind in FUNCTIONS
        if not in_function and node.start_byte not in outline.named and not _within(imports, node.start_byte):
            in_class = owner >= 0 and outline.definitions[owner].kind in METHODS_IN
            _add(node, kind or ("field" if in_class else ""), owner, known, found, text)
    for node in captures.get("instance", ()):
        owner = class_around(outline, node.start_byte)
        if owner >= 0 and is_own(text, node.start_byte, own):
            _add(node, "field", owner, known, found, text)
    return found


def _within(spans: list[tuple[int, int]], at: int) -> bool:
    """Whether a byte lies in one of the spans, which lie one after the other."""
    before = bisect_right(spans, (at, 1 << 62)) - 1
    return before >= 0 and at < spans[before][1]


def _add(node: Node, kind: str, owner: int, known: set[tuple[int, str]], found: list[Definition], text: bytes) -> None:
    start, end = node.start_byte, node.end_byte
    name = plain_name(text[start:end])
    if (owner, name) in known:
        return
    known.add((owner, name))
    statement = node.parent
    if statement is not None and not statement.type.endswith(("body", "list", "pattern")):
        end = max(end, statement.end_byte)
    found.append(Definition(start, end, kind or ("constant" if name.isupper() else "variable"), owner, name, start))


def is_own(text: bytes, at: int, own: tuple[str, ...]) -> bool:
    """Whether what a method assigns at `at` is its own object's: nothing before it, or what it calls that object."""
    before = text[max(0, at - 12) : at]
    if not before.endswith((b".", b"->")):
        return True
    return before.rstrip(b".->").endswith(tuple(name.encode() for name in own))


def class_around(outline: Outline, at: int) -> int:
    """The position of the innermost class around a byte, or -1."""
    owner = outline.innermost(at)
    while owner >= 0 and outline.definitions[owner].kind not in CLASSES:
        owner = outline.definitions[owner].parent
    return owner
