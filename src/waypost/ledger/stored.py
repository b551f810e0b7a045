"""The tree over a log's events, read from where the log keeps its leaves."""

from __future__ import annotations

from collections.abc import Iterator

from waypost.events.leaves import Leaves, Node
from waypost.ledger.tiles import WIDTH, Tile, TileHashes
from waypost.ledger.tree import HASH_SIZE, root


def stored_hashes(leaves: Leaves, size: int) -> TileHashes:
    """The hashes of the first `size` leaves, to make proofs from; nodes are there as far as a checkpoint reached."""

    def fetch(tile: Tile) -> bytes | None:
        level = tile.level or 0
        read = (
            leaves.hashes(tile.start, tile.width) if level == 0 else leaves.nodes(level, tile.index * WIDTH, tile.width)
        )
        return b"".join(read) if len(read) == tile.width and all(len(one) == HASH_SIZE for one in read) else None

    return TileHashes(fetch, size)


def new_nodes(leaves: Leaves, before: int, size: int) -> Iterator[Node]:
    """The nodes that became complete when the log grew from `before` to `size` events, the lowest level first."""
    level, made = 1, dict[int, bytes]()
    while size >> 8 * level:
        below = dict(made)
        made = {}
        for number in range(before >> 8 * level, size >> 8 * level):
            made[number] = root(_children(leaves, level, number, below))
            yield level, number, made[number]
        level += 1


def _children(leaves: Leaves, level: int, number: int, below: dict[int, bytes]) -> list[bytes]:
    first = number * WIDTH
    if level == 1:
        return leaves.hashes(first, WIDTH)
    missing = [one for one in range(first, first + WIDTH) if one not in below]
    stored = leaves.nodes(level - 1, first, WIDTH) if missing else []
    return [below[one] if one in below else stored[one - first] for one in range(first, first + WIDTH)]
