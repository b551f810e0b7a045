"""Two trees side by side, and what the milestones under way may change in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from waypost.documents.model import Gate
from waypost.documents.patterns import is_wild, matches
from waypost.gates.integrity import Rights
from waypost.gates.names import parsed
from waypost.workspace.trees import LINK, SUBMODULE, Difference, Tree, changed, fetch

LARGEST = 1024 * 1024
LONGEST_LINE = 1000


@dataclass(slots=True)
class Comparison:
    """The last green tree, the tree under verification, and the rights; texts are read once."""

    before: Tree
    after: Tree
    rights: Rights
    gates: Sequence[Gate]
    changes: dict[str, Difference] = field(default_factory=dict)
    _texts: dict[str, str | None] = field(default_factory=dict)
    _parsed: dict[str, ast.Module | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.changes = changed(self.before, self.after)
        fetch(self.before, self.changes)
        fetch(self.after, self.changes)

    def old(self, path: str) -> str | None:
        """A file's text as it was; None where there was none or it is no text."""
        return self._text(self.before, path)

    def new(self, path: str) -> str | None:
        """A file's text as it is; None where there is none or it is no text."""
        return self._text(self.after, path)

    def parsed(self, text: str) -> ast.Module | None:
        """A Python module's tree, parsed once; None where this interpreter can't read it."""
        if text not in self._parsed:
            self._parsed[text] = parsed(text)
        return self._parsed[text]

    def _text(self, tree: Tree, path: str) -> str | None:
        entry = tree.entries.get(path)
        if entry is None or entry.mode in {LINK, SUBMODULE}:
            return None
        if entry.id not in self._texts:
            self._texts[entry.id] = text_of(tree, path)
        return self._texts[entry.id]

    def covers(self, path: str) -> bool:
        """Whether the milestones may change a path; where no plan names a scope, they may."""
        scope = self.rights.scope
        return scope is None or in_scope(scope, path)

    def names(self, path: str) -> bool:
        """Whether a scope names exactly this file: a human's word on it."""
        return any(not is_wild(one) and one.removeprefix("./") == path for one in self.rights.scope or ())

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """Each changed file that is text now: its path, the old text (empty for a new file), the new text."""
        for path in self.changes:
            new = self.new(path)
            if new is not None:
                yield path, self.old(path) or "", new


def in_scope(scope: Sequence[str], path: str) -> bool:
    """Whether a pattern covers the path, and none that begins with `!` takes it out; a folder covers its files."""
    if any(one.startswith("!") and matches(one[1:], path) for one in scope):
        return False
    return any(_covers(one, path) for one in scope if not one.startswith("!"))


def shortened(text: str) -> str:
    """A text for patterns to be looked for in: none of its lines is so long that looking would take for ever."""
    return "\n".join(line[:LONGEST_LINE] for line in text.split("\n"))


def text_of(tree: Tree, path: str) -> str | None:
    """A file of a tree as text; None where there is none, where it is no plain file, and where it is no text."""
    entry = tree.entries.get(path)
    if entry is None or entry.mode in {LINK, SUBMODULE}:
        return None
    content = tree.read(path)
    if len(content) > LARGEST or b"\0" in content:
        return None
    return content.decode("utf-8", errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")


def _covers(pattern: str, path: str) -> bool:
    plain = pattern.removeprefix("./").rstrip("/")
    return matches(pattern, path) or (not is_wild(plain) and path.startswith(plain + "/"))
