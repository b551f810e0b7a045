"""The seam to what a ledger keeps with the log: leaves, nodes above them, signed checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is stored, nothing of it believed. `header` is None where it has no canonical form.

    `salt` and `payload` are None where the payload was erased; `tombstone` is then the event that tells of it, or 0.
    """

    seq: int
    header: bytes | None
    leaf: bytes | None
    salt: bytes | None
    digest: bytes
    payload: bytes | None
    kind: str
    at: int
    tombstone: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed checkpoint over the first `size` events: the note as signed, and the tree's frontier there."""

    size: int
    note: bytes
    frontier: bytes


Node = tuple[int, int, bytes]
"""A hash in the tree: its level (of 256 hashes each), its number there, itself."""


class Leaves(Protocol):
    """The events as leaves: event `seq` is leaf `seq - 1`."""

    def rows(self, after: int = 0, until: int | None = None) -> Iterator[Row]:
        """Events as they are stored, in order."""
        ...

    def hashes(self, first: int, count: int) -> list[bytes]:
        """The leaf hashes from leaf `first` on; fewer where there are no more."""
        ...

    def nodes(self, level: int, first: int, count: int) -> list[bytes]:
        """Hashes of a level from 1 up, each over 256 of the level below."""
        ...

    def seal(self, sealed: Sealed, nodes: Iterable[Node]) -> None:
        """Keeps a checkpoint and the nodes that have become complete, durably."""
        ...

    def sealed(self, until: int | None = None) -> Sealed | None:
        """The newest checkpoint over at most `until` events."""
        ...

    def all_sealed(self) -> list[Sealed]:
        """Every checkpoint, the oldest first."""
        ...

    def forget(self) -> None:
        """Drops all checkpoints and nodes, for a human who goes on with a log that is not what was signed."""
        ...

    def fact(self, name: str) -> str:
        """Something known of the whole log, such as from where its leaves were made at once; "" if unknown."""
        ...
