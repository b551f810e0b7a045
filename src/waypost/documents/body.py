"""What stands under a heading: `Label:` lines with their values and bullets, in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from waypost.documents.fence import near
from waypost.documents.source import Block, Fence, Heading, Text

LABEL = re.compile(r"[*_]{0,3}([A-Za-z][A-Za-z/ \t-]{0,40}?)[*_]{0,3}:[*_]{0,3}(?:[ \t]+(.*))?$")
CRITERION = re.compile(r"(?:\[.?\][ \t]*)?M[0-9]+\.[A-Za-z]+[0-9]+\b")
# Words before a colon that open a sentence, not a field.
PROSE = {"note", "notes", "why", "goal", "goals", "risk", "risks", "hint", "example", "background", "outcome"}


@dataclass(slots=True)
class Item:
    """A bullet. `text` joins its lines; `column` is where its text starts in the raw line."""

    line: int
    column: int
    depth: int
    text: str


@dataclass(slots=True)
class Entry:
    """A label with what was written behind it and the bullets and fences under it."""

    label: str
    line: int
    value: str
    depth: int = 0
    items: list[Item] = field(default_factory=list)
    fences: list[Fence] = field(default_factory=list)


@dataclass(slots=True)
class Stranger:
    """A line that looks like a label but is none; `guess` is the one that it was probably meant to be."""

    line: int
    label: str
    guess: str | None


@dataclass(slots=True)
class Body:
    """Everything under one heading; `loose` holds the bullets that stand under no label."""

    entries: list[Entry] = field(default_factory=list)
    loose: list[Item] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)

    def named(self, label: str) -> list[Entry]:
        """The entries of that label."""
        return [entry for entry in self.entries if entry.label == label]

    def values(self, label: str) -> list[tuple[int, str]]:
        """Every value of that label with its line: what stands behind the colon, then the bullets."""
        found: list[tuple[int, str]] = []
        for entry in self.named(label):
            found += [(entry.line, entry.value)] if entry.value else []
            found += [(item.line, item.text) for item in entry.items]
        return found


def read_body(blocks: tuple[Block, ...], labels: Mapping[str, str], *, plain: bool) -> Body:
    """Reads what stands under a heading. `labels` maps each known label, in lower case, to its entry's name.

    In the `plain` form a sub-heading or a bullet may be a label too, and an unknown label is prose unless it
    is very near to a known one.
    """
    reader = _Reader(labels, plain)
    for block in blocks:
        if isinstance(block, Text) and not block.quoted:
            reader.text(block)
        elif isinstance(block, Heading):
            reader.heading(block)
        elif isinstance(block, Fence) and not block.quoted and reader.entry:
            reader.entry.fences.append(block)
    return reader.body


class _Reader:
    def __init__(self, labels: Mapping[str, str], plain: bool) -> None:
        self.labels, self.plain = labels, plain
        self.body = Body()
        self.entry: Entry | None = None
        self.item: Item | None = None
        self.in_value = False
        self.after_label = True

    def heading(self, block: Heading) -> None:
        self.entry = self.item = None
        word = block.text.strip(" \t*_:")
        if word.casefold() not in self.labels:
            return
        if self.plain:
            self._open(word, block.line, "", 0)
        else:
            self.body.strangers.append(Stranger(block.line, block.text, word))

    def text(self, block: Text) -> None:
        if self._is_label(block):
            return
        if block.bullet:
            self._bullet(block)
        elif self.item is not None and block.depth:
            self.item.text += " " + block.text
        elif self.in_value and self.entry is not None and not block.first:
            self.entry.value = f"{self.entry.value} {block.text}".strip()
        else:
            self.after_label = self.in_value = False

    def _bullet(self, block: Text) -> None:
        self.in_value = self.after_label = False
        if self.item is not None and self.entry is not None and self._is_detail(block):
            self.item.text += " " + block.text
            return
        self.item = Item(block.line, block.column, block.depth, block.text)
        (self.entry.items if self.entry else self.body.loose).append(self.item)

    def _is_detail(self, block: Text) -> bool:
        """Whether a bullet explains the one above it; a nested criterion would be lost as such."""
        assert self.entry is not None
        deeper = bool(self.entry.items) and block.depth > self.entry.items[0].depth
        return deeper and not CRITERION.match(block.text)

    def _is_label(self, block: Text) -> bool:
        """Opens an entry, or notes a stranger, where the line is or was meant to be a label."""
        outside = block.depth == 0 or (not block.first and block.column < 2)
        if block.bullet:
            return self.plain and self._bullet_label(block)
        if not outside:
            return False
        match = LABEL.match(block.text)
        bare = block.text.strip(" \t*_")
        if match is None:
            return bare.casefold() in self.labels and self._stranger(block, bare, bare.casefold())
        word = match[1].strip()
        if word.casefold() in self.labels:
            self._open(word, block.line, (match[2] or "").strip(), 0)
            return True
        guess = near(word, tuple(self.labels), 0.85 if self.plain else 0.75)
        opens = block.first or self.after_label or block.depth > 0
        unknown = not self.plain and opens and word[0].isupper() and len(word.split()) < 3
        if guess is None and (not unknown or word.casefold() in PROSE):
            return False
        return self._stranger(block, word, guess)

    def _bullet_label(self, block: Text) -> bool:
        match = LABEL.match(block.text)
        if match is None or match[1].strip().casefold() not in self.labels:
            return False
        if self.entry is not None and self.entry.depth != block.depth:
            return False
        self._open(match[1].strip(), block.line, (match[2] or "").strip(), block.depth)
        return True

    def _open(self, word: str, line: int, value: str, depth: int) -> None:
        self.entry, self.item = Entry(self.labels[word.casefold()], line, value, depth), None
        self.in_value = self.after_label = True
        self.body.entries.append(self.entry)

    def _stranger(self, block: Text, word: str, guess: str | None) -> bool:
        self.entry = self.item = None
        self.in_value, self.after_label = False, True
        self.body.strangers.append(Stranger(block.line, word, guess))
        return True
