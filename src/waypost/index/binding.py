"""Names that assignments bind: outside of functions they are symbols, inside they are locals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waypost.index.defining import CLASSES, FUNCTIONS, Captures, Definition, Outline

if TYPE_CHECKING:
    from tree_sitter import Node

Locals = dict[int, set[bytes]]
"""Names that are local to each definition, by its position; -1 is the file."""


def locals_of(captures: Captures, outline: Outline, text: bytes) -> Locals:
    """Which names are local to which definition, so that a use of them refers to nothing elsewhere."""
    found: Locals = {}
    kinds = [one.kind for one in outline.definitions]
    for node in captures.get("local", ()):
        found.setdefault(outline.innermost(node.start_byte), set()).add(text[node.start_byte : node.end_byte])
    for node in captures.get("bound", ()):
        owner = outline.innermost(node.start_byte)
        if owner >= 0 and kinds[owner] in FUNCTIONS:
            found.setdefault(owner, set()).add(text[node.start_byte : node.end_byte])
    for node in captures.get("outer", ()):
        found.get(outline.innermost(node.start_byte), set()).discard(text[node.start_byte : node.end_byte])
    _inherit(found, outline)
    return found


def _inherit(found: Locals, outline: Outline) -> None:
    """A function sees the locals of the functions around it."""
    empty: set[bytes] = set()
    for position, one in enumerate(outline.definitions):
        around = one.parent
        while around >= 0 and outline.definitions[around].kind in CLASSES:
            around = outline.definitions[around].parent
        if around >= 0 and (theirs := found.get(around, empty)):
            own = found.get(position)
            found[position] = theirs | own if own else theirs


def bound_symbols(captures: Captures, outline: Outline, text: bytes) -> list[Definition]:
    """Variables and fields bound outside of functions, and fields that methods bind: the first binding of each."""
    known = {(one.parent, one.name) for one in outline.definitions}
    found: list[Definition] = []
    for node in captures.get("bound", ()):
        owner = outline.innermost(node.start_byte)
        if owner < 0 or outline.definitions[owner].kind not in FUNCTIONS:
            _add(node, owner, known, found, text)
    for node in captures.get("instance", ()):
        owner = _class_around(outline, node.start_byte)
        if owner >= 0:
            _add(node, owner, known, found, text)
    return found


def _add(node: Node, owner: int, known: set[tuple[int, str]], found: list[Definition], text: bytes) -> None:
    start, end = node.start_byte, node.end_byte
    name = text[start:end].decode("utf-8", "replace")
    if (owner, name) in known:
        return
    known.add((owner, name))
    statement = node.parent
    stop = statement.end_byte if statement is not None else end
    kind = "field" if owner >= 0 else "constant" if name.isupper() else "variable"
    found.append(Definition(start, max(end, stop), kind, owner, name, start))


def _class_around(outline: Outline, at: int) -> int:
    owner = outline.innermost(at)
    while owner >= 0 and outline.definitions[owner].kind not in CLASSES:
        owner = outline.definitions[owner].parent
    return owner
