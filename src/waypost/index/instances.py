"""Which class a name's value is an instance of, as far as one file tells: annotations and calls of classes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waypost.index.binding import class_around, is_own
from waypost.index.defining import Captures, Outline

if TYPE_CHECKING:
    from tree_sitter import Node

_TOLD = re.compile(
    rb"""
    # name: Class, name?: Class, name: Optional[Class], name: &mut Class
    [ \t]*\??:[ \t]*(?:&[ \t]*(?:mut[ \t]+)?)?["']?
    (?:(?:[a-z]+\.)?(?:Optional|Union|Final|ClassVar|Annotated)\[[ \t]*["']?)?
    (?P<annotation>[A-Za-z_][\w.]*)
    # name = Class(...), name := Class{...}, name = new Class()
    | [ \t]*:?=\s*(?:await\s+|new\s+|&)?(?P<called>(?:[\w]+\.)*[A-Z]\w*)[({]
    # self.name = name
    | [ \t]*=[ \t]*(?P<same>[a-z_]\w*)[ \t]*[\r\n;]
    """,
    re.VERBOSE,
)
NEAR = 160


class Instances:
    """Answers with `Class()` for a qualifier that is known to be one; else with the qualifier as it stands."""

    __slots__ = ("_answers", "_of", "_outline", "_own", "_renamed", "_text")

    def __init__(
        self, captures: Captures, outline: Outline, text: bytes, own: tuple[str, ...], renamed: dict[bytes, str]
    ) -> None:
        """Look at what is bound in a file; `own` is what methods call their object, `renamed` imports by alias."""
        self._outline, self._text, self._own, self._renamed = outline, text, own, renamed
        self._of: dict[tuple[int, str], str] = {}  # by definition, -1 for the file, and name; empty if told twice
        self._answers: dict[tuple[int, str], str] = {}
        for capture, nodes in captures.items():
            if capture == "local" or capture.startswith("bound"):
                for node in nodes:
                    self._note(outline.innermost(node.start_byte), node)
        for node in captures.get("instance", ()):
            if is_own(text, node.start_byte, own):
                self._note(class_around(outline, node.start_byte), node)

    def _note(self, owner: int, node: Node) -> None:
        start, end = node.start_byte, node.end_byte
        match = _TOLD.match(self._text, end, end + NEAR)
        if match is None:
            return
        told = match["annotation"] or match["called"]
        if told is not None:
            kind = self._renamed.get(told) or told.decode("utf-8", "replace")
        else:
            kind = self._class_of(match["same"].decode(), self._outline.innermost(start))
        key = (owner, self._text[start:end].decode("utf-8", "replace"))
        known = self._of.get(key)
        self._of[key] = kind if known is None or known == kind or match["annotation"] else ""

    def of(self, qualifier: str, owner: int) -> str:
        """What a qualifier within a definition stands for."""
        if not self._of and not self._renamed:
            return qualifier
        key = (owner, qualifier)
        if (answer := self._answers.get(key)) is None:
            answer = self._answers[key] = self._look_up(qualifier, owner)
        return answer

    def _look_up(self, qualifier: str, owner: int) -> str:
        head, _, rest = qualifier.partition(".")
        if head in self._own and rest:
            around = owner
            definitions = self._outline.definitions
            head, _, rest = rest.partition(".")
            while around >= 0 and not (kind := self._of.get((around, head), "")):
                around = definitions[around].parent
            kind = self._of.get((around, head), "") if around >= 0 else ""
        else:
            kind = self._class_of(head, owner)
            if not kind and (real := self._renamed.get(head.encode("utf-8", "replace"))):
                return f"{real}.{rest}" if rest else real
        if not kind:
            return qualifier
        return f"{kind}().{rest}" if rest else f"{kind}()"

    def _class_of(self, name: str, owner: int) -> str:
        while owner >= 0:
            if (kind := self._of.get((owner, name))) is not None:
                return kind
            owner = self._outline.definitions[owner].parent
        return self._of.get((-1, name), "")
