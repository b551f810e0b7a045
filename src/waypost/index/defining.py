"""From a query's captures to symbols: what encloses what, where each begins, what is bound where."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from waypost.index.languages.grammar import words

if TYPE_CHECKING:
    from tree_sitter import Node

Captures = dict[str, "list[Node]"]

WORDS = words("name owner local instance outer around use call inherit text quoted skip keep import heading")
"""Capture names that are no symbol's kind; `bound` and those that begin with it or with `_` are none either."""
FUNCTIONS = frozenset({"function", "method", "constructor", "macro", "procedure", "property", "test", "prototype"})
CLASSES = frozenset({"class", "interface", "struct", "enum", "trait", "object", "module", "union", "implementation"})
METHODS_IN = CLASSES - {"module"} | {"type"}
"""Kinds whose functions are methods and whose variables are fields."""
GENERAL = frozenset({"class", "function", "type"})
"""Kinds that give way when the same node is also of a more special kind."""


class Source:
    """A file's bytes and where its lines begin."""

    __slots__ = ("starts", "text")

    def __init__(self, text: bytes) -> None:
        """Note where each line begins."""
        self.text = text
        lengths = [len(line) + 1 for line in text.split(b"\n")]
        self.starts = list(accumulate(lengths[:-1], initial=0))

    def line(self, at: int) -> int:
        """Which line, from 1, the byte at `at` stands on."""
        return bisect_right(self.starts, at)

    def last_line(self, start: int, end: int) -> int:
        """The line on which the text from `start` up to, and without, `end` ends."""
        text = self.text
        while end > start and text[end - 1] in b"\r\n \t":
            end -= 1
        return bisect_right(self.starts, max(start, end - 1))

    def line_text(self, line: int) -> bytes:
        """The text of a line, from 1, with its end."""
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return self.text[self.starts[line - 1] : end]


@dataclass(slots=True)
class Definition:
    """A symbol in the making; `start` and `end` are its bytes."""

    start: int
    end: int
    kind: str
    parent: int
    name: str = ""
    name_at: int = -1
    owner: str = ""  # the class that it belongs to without standing in it


@dataclass(slots=True)
class Outline:
    """All definitions of a file in the order of their beginning, and which is innermost where."""

    definitions: list[Definition] = field(default_factory=list)
    edges: list[int] = field(default_factory=lambda: [0])  # bytes at which the innermost definition changes
    owners: list[int] = field(default_factory=lambda: [-1])  # the innermost one from that edge on
    named: set[int] = field(default_factory=set)  # where the definitions' names stand

    def innermost(self, at: int) -> int:
        """The position of the innermost definition around a byte, or -1."""
        return self.owners[bisect_right(self.edges, at) - 1]


def outline_of(captures: Captures, text: bytes) -> Outline:
    """Nest the captured definitions and give each its name; one without a name is left out."""
    events: list[tuple[int, int, int, str]] = []
    for kind, nodes in captures.items():
        if kind not in WORDS and not kind.startswith(("bound", "_")):
            events.extend((node.start_byte, 0, -node.end_byte, kind) for node in nodes)
    for word in ("name", "owner"):
        events.extend((node.start_byte, 1, -node.end_byte, word) for node in captures.get(word, ()))
    events.sort(key=lambda event: (event[:3], event[3] in GENERAL, event[3]))
    nested = _nest(events, text)
    return outlined(_named_only(nested))


def _nest(events: list[tuple[int, int, int, str]], text: bytes) -> list[Definition]:
    """Definitions in order, each with its parent; a name belongs to the innermost that has none yet."""
    found: list[Definition] = []
    open_ones: list[int] = []
    nameless: list[int] = []  # those of the open ones that wait for their name
    last: tuple[int, int] = (-1, -1)
    for start, is_name, minus_end, kind in events:
        while open_ones and found[open_ones[-1]].end <= start:
            closed = open_ones.pop()
            if nameless and nameless[-1] == closed:
                nameless.pop()
        if is_name:
            if nameless:
                said = plain_name(text[start:-minus_end])
                if kind == "owner":
                    found[nameless[-1]].owner = said
                else:
                    one = found[nameless.pop()]
                    one.name, one.name_at = said, start
        elif (start, minus_end) != last:
            last = (start, minus_end)
            found.append(Definition(start, -minus_end, kind, open_ones[-1] if open_ones else -1))
            open_ones.append(len(found) - 1)
            nameless.append(len(found) - 1)
    return found


def plain_name(text: bytes) -> str:
    """A name without its quotes, on one line, its parts joined by dots."""
    name = text.decode("utf-8", "replace").lstrip(":").strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1]
    return " ".join(name.replace("::", ".").replace("\\", ".").split())


def _named_only(found: list[Definition]) -> list[Definition]:
    if all(one.name for one in found):
        return found
    kept: list[Definition] = []
    places: list[int] = []  # of each definition, or of the nearest kept one around it
    for one in found:
        around = places[one.parent] if one.parent >= 0 else -1
        one.parent = around
        places.append(len(kept) if one.name else around)
        if one.name:
            kept.append(one)
    return kept


def outlined(definitions: list[Definition]) -> Outline:
    """An outline of definitions that are nested and in the order of their beginning."""
    outline = Outline(definitions)
    open_ones: list[int] = []

    def close_until(start: int) -> None:
        while open_ones and definitions[open_ones[-1]].end <= start:
            end = definitions[open_ones.pop()].end
            outline.edges.append(end)
            outline.owners.append(open_ones[-1] if open_ones else -1)

    for position, one in enumerate(definitions):
        close_until(one.start)
        outline.edges.append(one.start)
        outline.owners.append(position)
        outline.named.add(one.name_at)
        open_ones.append(position)
    close_until(1 << 62)
    return outline
