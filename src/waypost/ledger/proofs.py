"""Proofs of inclusion and of consistency: made from any store of hashes, checked without one.

RFC 9162, sections 2.1.3 and 2.1.4; for subtrees draft-ietf-plants-merkle-tree-certs, section 4. Proving and checking
walk down the same way from the root to the claim, so that a proof's length and sides are known before it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto

from waypost.ledger.errors import BadProof
from waypost.ledger.tree import EMPTY_ROOT, HASH_SIZE, LARGEST, node_hash

Hashes = Callable[[int, int], bytes]
"""Gives the root of the complete subtree `index` at `level`: over 2**level leaves from index * 2**level."""

Proof = tuple[bytes, ...]


class _Side(Enum):
    """Where a step's hash lies, seen from the claim."""

    RIGHT = auto()
    LEFT = auto()
    WITHIN = auto()  # left, and part of the older tree


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def range_root(hashes: Hashes, start: int, end: int) -> bytes:
    """The root over the leaves from `start` to before `end`, where `start` is aligned as in a valid subtree."""
    found: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(hashes(level, start >> level))
        start += 1 << level
    result = found.pop() if found else EMPTY_ROOT
    while found:
        result = node_hash(found.pop(), result)
    return result


# --- inclusion -------------------------------------------------------------------------------------------------------


def inclusion_proof(hashes: Hashes, index: int, size: int) -> Proof:
    """The path from a leaf to the root of the first `size` leaves. Raises BadProof for an index beyond them."""
    return subtree_inclusion_proof(hashes, index, 0, size)


def subtree_inclusion_proof(hashes: Hashes, index: int, start: int, end: int) -> Proof:
    """The path from a leaf (counted from the whole tree's start) to a subtree's root. Raises BadProof."""
    steps, _ = _down_to_leaf(index, start, end)
    return tuple(range_root(hashes, low, high) for _, low, high in reversed(steps))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Checks that the leaf hash stands at `index` in the tree. Raises BadProof."""
    verify_subtree_inclusion(leaf, index, 0, size, proof, tree_root)


def verify_subtree_inclusion(
    leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], subtree_root: bytes
) -> None:
    """Checks that the leaf hash stands at `index` in the subtree from `start` to before `end`. Raises BadProof."""
    steps, where = _down_to_leaf(index, start, end)
    _check_hashes((leaf, *proof))
    _check_length(proof, len(steps), where)
    found = leaf
    for item, (side, _, _) in zip(proof, reversed(steps), strict=True):
        found = node_hash(found, item) if side is _Side.RIGHT else node_hash(item, found)
    if found != subtree_root:
        raise BadProof(f"{where}: the path leads to another root ({found.hex()[:16]}…, not {subtree_root.hex()[:16]}…)")


def _down_to_leaf(index: int, start: int, end: int) -> tuple[list[tuple[_Side, int, int]], str]:
    where = f"leaf {index} in [{start}, {end})"
    _check_subtree(start, end, end, where)
    if not start <= index < end:
        raise BadProof(f"{where}: no such leaf")
    steps, low, high = [], start, end
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            steps.append((_Side.RIGHT, middle, high))
            high = middle
        else:
            steps.append((_Side.LEFT, low, middle))
            low = middle
    return steps, where


# --- consistency -----------------------------------------------------------------------------------------------------


def consistency_proof(hashes: Hashes, size1: int, size2: int) -> Proof:
    """What shows that the tree of `size1` leaves is how the one of `size2` began. Raises BadProof."""
    return subtree_consistency_proof(hashes, 0, size1, size2)


def subtree_consistency_proof(hashes: Hashes, start: int, end: int, size: int) -> Proof:
    """What shows that the subtree from `start` to before `end` is part of the first `size` leaves. Raises BadProof."""
    steps, base, where = _down_to_subtree(start, end, size)
    if start == end:
        raise BadProof(f"{where}: nothing is in it, so nothing can be shown of it")
    bottom = () if base is None else (range_root(hashes, *base),)
    return (*bottom, *(range_root(hashes, low, high) for _, low, high in reversed(steps)))


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Checks that the older tree is how the newer one began. An empty older tree says nothing. Raises BadProof."""
    verify_subtree_consistency(0, size1, size2, proof, root1, root2)


def verify_subtree_consistency(
    start: int,
    end: int,
    size: int,
    proof: Sequence[bytes],
    subtree_root: bytes,
    tree_root: bytes,
    *,
    allow_empty: bool = False,
) -> None:
    """Checks that the subtree from `start` to before `end` is part of the tree. Raises BadProof.

    The draft accepts an empty subtree of any tree whatever; that is evidence of nothing, and refused unless allowed.
    """
    steps, base, where = _down_to_subtree(start, end, size)
    _check_hashes((subtree_root, *proof) if steps else proof)
    if start == end:
        if not allow_empty or proof or subtree_root != EMPTY_ROOT:
            raise BadProof(f"{where}: nothing is in it, so nothing can be shown of it")
        return
    _check_length(proof, len(steps) + (base is not None), where)
    hashes = iter(proof)
    older = newer = subtree_root if base is None else next(hashes)
    for item, (side, _, _) in zip(hashes, reversed(steps), strict=True):
        newer = node_hash(newer, item) if side is _Side.RIGHT else node_hash(item, newer)
        older = node_hash(item, older) if side is _Side.WITHIN else older
    if older != subtree_root:
        raise BadProof(f"{where}: the proof is of another subtree")
    if newer != tree_root:
        raise BadProof(f"{where}: the subtree is not part of this tree")


def _down_to_subtree(
    start: int, end: int, size: int
) -> tuple[list[tuple[_Side, int, int]], tuple[int, int] | None, str]:
    """The steps from the root down to a node that lies in the subtree, and that node where it is not the subtree."""
    where = f"[{start}, {end}) in {size} leaves"
    _check_subtree(start, end, size, where)
    steps: list[tuple[_Side, int, int]] = []
    if start == end:
        return steps, None, where
    low, high, whole = 0, size, True
    while (max(low, start), end) != (low, high):
        middle = low + _split(high - low)
        if end <= middle:
            steps.append((_Side.RIGHT, middle, high))
            high = middle
        else:
            within = start < middle
            whole = whole and not within
            steps.append((_Side.WITHIN if within else _Side.LEFT, low, middle))
            low = middle
    return steps, None if whole else (low, high), where


# --- what both refuse ------------------------------------------------------------------------------------------------


def _check_subtree(start: int, end: int, size: int, where: str) -> None:
    if not 0 <= start <= end <= size <= LARGEST:
        raise BadProof(f"{where}: no such part of a tree")
    width = end - start
    if width and start & ((1 << (width - 1).bit_length()) - 1):
        raise BadProof(f"{where}: not a subtree; it must start at a multiple of a power of two as wide as itself")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for item in hashes:
        if len(item) != HASH_SIZE:
            raise BadProof(f"a hash of {len(item)} bytes; SHA-256 has {HASH_SIZE}")


def _check_length(proof: Sequence[bytes], expected: int, where: str) -> None:
    if len(proof) != expected:
        raise BadProof(f"{where}: the proof has {len(proof)} hashes; it takes exactly {expected}")
