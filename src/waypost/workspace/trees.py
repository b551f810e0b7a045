"""A git tree as values: which files it has, what is in them, and new trees made from it without a work folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

LINK = "120000"
SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree: git's mode (`100644`, `100755`, `120000` a link, `160000` a submodule) and object id."""

    mode: str
    id: str


class Tree(Protocol):
    """All files of a tree by path (relative, with slashes), and their bytes."""

    @property
    def id(self) -> str:
        """The tree's object id."""
        ...

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The files by path."""
        ...

    def read(self, path: str) -> bytes:
        """A file's bytes, a link's target. Raises KeyError for a path that the tree does not have."""
        ...
