"""The Merkle tree of RFC 6962 and RFC 9162, section 2.1, with SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from waypost.ledger.errors import BadTree

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256().digest()
LARGEST = 2**63 - 1  # other people's readers hold sizes in signed 64 bits


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry, in one loop."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The hashes one level up; a last one without a neighbour is left out."""
    sha256, item = hashlib.sha256, iter(hashes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(item, item, strict=False)]


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes.

    The last one may also be the root of a smaller, incomplete tree: the shape that RFC 6962 gives is the same.
    """
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > 1:
        hashes = parents(hashes) + list(hashes[-1:] if len(hashes) & 1 else ())
    return hashes[0]


class Frontier:
    """A growing tree's right edge: the roots of its complete subtrees, at most one a level, and nothing below them."""

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes | None] = []  # by level; None where the size's bit is 0

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash."""
        peaks, level = self._peaks, 0
        while level < len(peaks) and (peak := peaks[level]) is not None:
            leaf, peaks[level] = node_hash(peak, leaf), None
            level += 1
        if level == len(peaks):
            peaks.append(leaf)
        else:
            peaks[level] = leaf
        self._size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Adds many leaf hashes, a level at a time."""
        self._size += len(leaves)
        peaks, level = self._peaks, 0
        while leaves:
            if level == len(peaks):
                peaks.append(None)
            peak = peaks[level]
            if peak is not None:
                leaves = [peak, *leaves]
            peaks[level] = leaves[-1] if len(leaves) & 1 else None
            leaves, level = parents(leaves), level + 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        found: bytes | None = None
        for peak in self._peaks:
            if peak is not None:
                found = peak if found is None else node_hash(peak, found)
        return EMPTY_ROOT if found is None else found

    def __bytes__(self) -> bytes:
        """The size in eight bytes, big-endian, then the hashes, largest subtree first."""
        hashes = (peak for peak in reversed(self._peaks) if peak is not None)
        return self._size.to_bytes(8, "big") + b"".join(hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """The frontier that `bytes(frontier)` stands for. Raises BadTree."""
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_SIZE * size.bit_count() or size > LARGEST:
            raise BadTree(f"{len(data)} bytes are no frontier of {size} leaves; rebuild it from the leaf hashes")
        frontier = cls()
        frontier._size = size
        end = len(data)
        for level in range(size.bit_length()):
            present = size >> level & 1
            frontier._peaks.append(data[end - HASH_SIZE : end] if present else None)
            end -= HASH_SIZE * present
        return frontier


class Nodes:
    """A whole tree in memory: the hash of every complete subtree, from which proofs are made."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels: list[Sequence[bytes]] = [leaves]
        while len(self._levels[-1]) > 1:
            self._levels.append(parents(self._levels[-1]))

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The root over all leaves."""
        found: bytes | None = None
        for level in self._levels:
            if len(level) & 1:
                found = level[-1] if found is None else node_hash(level[-1], found)
        return EMPTY_ROOT if found is None else found

    def __call__(self, level: int, index: int) -> bytes:
        """The root of the complete subtree over the leaves from index * 2**level, 2**level of them. Raises BadTree."""
        if not (0 <= level < len(self._levels) and 0 <= index < len(self._levels[level])):
            raise BadTree(f"a tree of {self.size} leaves has no complete subtree {index} at level {level}")
        return self._levels[level][index]
