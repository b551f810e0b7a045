"""Tiles and entry bundles (C2SP tlog-tiles): names, bytes, and a tree's hashes read from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from waypost.ledger.errors import BadTile
from waypost.ledger.tree import HASH_SIZE, LARGEST, root

WIDTH = 256
LARGEST_ENTRY = 2**16 - 1
_NAME = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Where a tile stands: `level` of 256-fold nodes (None for a bundle of entries), `index`, and how many it holds."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def full(self) -> Tile:
        """The tile as it is named when nothing more can be added."""
        return Tile(self.level, self.index)

    @property
    def start(self) -> int:
        """The first leaf under it."""
        return self.index << 8 * ((self.level or 0) + 1)

    @property
    def path(self) -> str:
        """Its name below the log's prefix: `tile/0/x001/x234/067.p/8`."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{name}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @classmethod
    def parse(cls, path: str) -> Tile:
        """The tile of this name. Raises BadTile for a name that no tile has."""
        if found := _NAME.fullmatch(path):
            level, name, width = found.groups()
            index = int(name.replace("/", "").replace("x", ""))
            tile = cls(None if level == "entries" else int(level), index, int(width or WIDTH))
            if tile.path == path and tile.width and (tile.level or 0) < 64:
                return tile
        raise BadTile(f"{path[:80]!r} names no tile; one is called tile/0/x001/234 or tile/entries/000.p/7")


def tiles_of(level: int | None, size: int) -> Iterable[Tile]:
    """All tiles of a level in a tree of `size` leaves, in order."""
    count = size >> 8 * (level or 0)
    for index in range(count // WIDTH):
        yield Tile(level, index)
    if count % WIDTH:
        yield Tile(level, count // WIDTH, count % WIDTH)


def levels_of(size: int) -> int:
    """How many levels of tiles a tree of `size` leaves has."""
    levels = 0
    while size:
        levels, size = levels + 1, size // WIDTH
    return levels


def hashes_in(data: bytes, tile: Tile) -> list[bytes]:
    """A tile's hashes. Raises BadTile where their number is not the tile's width."""
    if len(data) != tile.width * HASH_SIZE:
        raise BadTile(f"{tile.path}: {len(data)} bytes; {tile.width} hashes take {tile.width * HASH_SIZE}")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle of entries. Raises BadTile for one that is too large for the format."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > LARGEST_ENTRY:
            raise BadTile(f"an entry of {len(entry):,} bytes; a bundle takes at most {LARGEST_ENTRY:,}: log its digest")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def entries_in(data: bytes, limit: int = WIDTH) -> tuple[list[bytes], str]:
    """A bundle's entries as far as they can be read, at most `limit`, and what is wrong behind them ('' if nothing)."""
    entries: list[bytes] = []
    position, size = 0, len(data)
    while position < size:
        start = position + 2
        position = start + int.from_bytes(data[start - 2 : start], "big")
        if position > size:
            return entries, "cut short"
        if len(entries) == limit:
            return entries, f"{size - start + 2:,} bytes more than its {limit} entries"
        entries.append(data[start:position])
    return entries, "" if len(entries) == limit else f"only {len(entries)} entries"


def unpack_entries(data: bytes, tile: Tile) -> list[bytes]:
    """A bundle's entries. Raises BadTile where they are not as many as the tile's width."""
    entries, wrong = entries_in(data, tile.width)
    if wrong:
        raise BadTile(f"{tile.path}: {wrong}; it must hold exactly {tile.width} entries")
    return entries


class TileHashes:
    """Reads the hashes of a tree of `size` leaves from its tiles, as makers of proofs ask for them.

    `fetch` gives a tile's bytes, or None where there is no such tile. The tiles of each level that were read last are
    kept, which is all that one proof needs. Nothing is checked: verify what is made with them.
    """

    def __init__(self, fetch: Callable[[Tile], bytes | None], size: int) -> None:
        if not 0 <= size <= LARGEST:
            raise BadTile(f"no tree has {size} leaves")
        self.size, self._fetch = size, fetch
        self._read: dict[int, tuple[Tile, list[bytes]]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The root of the complete subtree. Raises BadTile."""
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise BadTile(f"a tree of {self.size} leaves has no complete subtree {index} at level {level}")
        row, height = divmod(level, 8)
        number, first = divmod(index << height, WIDTH)
        return root(self.tile(row, number)[first : first + (1 << height)])

    def tile(self, level: int, index: int) -> Sequence[bytes]:
        """A tile's hashes, as many as the tree's size gives it. Raises BadTile."""
        count = min(WIDTH, (self.size >> 8 * level) - index * WIDTH)
        tile = Tile(level, index, count)
        before = self._read.get(level)
        if before is None or before[0] != tile:
            self._read[level] = before = (tile, self._hashes(tile))
        return before[1]

    def _hashes(self, tile: Tile) -> list[bytes]:
        data = self._fetch(tile)
        if data is not None:
            return hashes_in(data, tile)
        data = None if tile == tile.full else self._fetch(tile.full)
        if data is None:
            raise BadTile(f"{tile.path}: missing, and the full tile too; put them back from a copy or write them anew")
        return hashes_in(data, tile.full)[: tile.width]
