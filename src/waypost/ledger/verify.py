"""Checks a log's folder from its checkpoint down to every entry, and names the first that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from waypost.ledger.checkpoint import Checkpoint, OpenCheckpoint, open_checkpoint
from waypost.ledger.errors import BadTile, DamagedLog
from waypost.ledger.folder import hashes_of, read_checkpoint, read_tile
from waypost.ledger.signatures import Verifier
from waypost.ledger.tiles import WIDTH, Tile, entries_in, levels_of, tiles_of
from waypost.ledger.tree import HASH_SIZE, Frontier, leaf_hashes, root

Visit = Callable[[int, Sequence[bytes]], None]


def verify_folder(
    folder: Path, log: Verifier, *, since: int = 0, note: bytes | None = None, visit: Visit | None = None
) -> OpenCheckpoint:
    """Checks the log in a folder against its checkpoint (or another `note` of it), and says what was signed.

    `since` leaves out whole bundles before an entry; `visit` is told each bundle's first index and its entries once
    they hold. Raises DamagedLog with the first bad index, or what is wrong with the checkpoint.
    """
    opened = open_checkpoint(read_checkpoint(folder) if note is None else note, log)
    tiles = _TrustedTiles(folder, opened.checkpoint)
    try:
        tiles.check_edge()
        for bundle in tiles_of(None, opened.checkpoint.size):
            if bundle.start + bundle.width > since:
                entries = _check_bundle(folder, bundle, tiles)
                if visit is not None:
                    visit(bundle.start, entries)
    except _BrokenTile as broken:
        raise _diagnosed(folder, opened.checkpoint, broken) from broken
    return opened


class _BrokenTile(Exception):
    """A tile that is not what the hash above it says; what it holds is at `start` and behind."""

    def __init__(self, text: str, start: int) -> None:
        super().__init__(text)
        self.start = start


class _TrustedTiles:
    """A log's tiles, each believed only after the hash above it has been."""

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._hashes, self._root = hashes_of(folder, checkpoint.size), checkpoint.root
        self._trusted: dict[int, tuple[int, Sequence[bytes]]] = {}

    def check_edge(self) -> None:
        """The tiles that are not full give the root, all together; those above a full one are among them."""
        found: list[bytes] = []
        for level in range(levels_of(self._hashes.size)):
            index, width = divmod(self._hashes.size >> 8 * level, WIDTH)
            if width:
                found = [root([*self._read(level, index), *found])]
        if root(found) != self._root:
            raise _BrokenTile("the tiles at the log's end do not give the checkpoint's root", 0)

    def __call__(self, level: int, index: int) -> Sequence[bytes]:
        """A tile's hashes."""
        known = self._trusted.get(level)
        if known is not None and known[0] == index:
            return known[1]
        hashes = self._read(level, index)
        if len(hashes) == WIDTH and root(hashes) != self(level + 1, index // WIDTH)[index % WIDTH]:
            tile = Tile(level, index)
            raise _BrokenTile(f"{tile.path} does not give the hash in the tile above it", tile.start)
        self._trusted[level] = (index, hashes)
        return hashes

    def _read(self, level: int, index: int) -> Sequence[bytes]:
        try:
            return self._hashes.tile(level, index)
        except BadTile as problem:
            raise _BrokenTile(str(problem), Tile(level, index).start) from problem


def _check_bundle(folder: Path, bundle: Tile, tiles: _TrustedTiles) -> list[bytes]:
    entries, wrong = _entries(folder, bundle)
    for offset, (one, logged) in enumerate(zip(leaf_hashes(entries), tiles(0, bundle.index), strict=False)):
        if one != logged:
            index = bundle.start + offset
            raise DamagedLog(f"{folder}: entry {index} is not the one that was logged ({bundle.path})", index)
    if wrong:
        raise _unreadable(folder, bundle, len(entries), wrong)
    return entries


def _entries(folder: Path, bundle: Tile) -> tuple[list[bytes], str]:
    """The bundle's entries as far as they can be read, and what is wrong behind them."""
    data = read_tile(folder, bundle)
    if data is not None:
        return entries_in(data, bundle.width)
    data = None if bundle == bundle.full else read_tile(folder, bundle.full)
    if data is None:
        return [], "missing"
    entries, wrong = entries_in(data)
    return entries[: bundle.width], "" if len(entries) >= bundle.width else wrong


def _unreadable(folder: Path, bundle: Tile, read: int, wrong: str) -> DamagedLog:
    index = bundle.start + read
    return DamagedLog(f"{folder}: entry {index} can't be read: {bundle.path} is damaged ({wrong})", index)


def _diagnosed(folder: Path, checkpoint: Checkpoint, broken: _BrokenTile) -> DamagedLog:
    """What a broken tile means: the entries alone may still give the root, or differ from their tiles somewhere."""
    frontier, first = Frontier(), None
    for bundle in tiles_of(None, checkpoint.size):
        entries, wrong = _entries(folder, bundle)
        hashes = leaf_hashes(entries)
        if first is None:
            first = _first_difference(folder, bundle, hashes)
        if wrong and first is None:
            return _unreadable(folder, bundle, len(entries), wrong)
        if wrong:
            break
        frontier.extend(hashes)
    index = broken.start if first is None else first
    if frontier.root == checkpoint.root:
        return DamagedLog(f"{folder}: all entries hold, but {broken}; write the tiles anew", index)
    return DamagedLog(
        f"{folder}: from entry {index} on this is another log than the one that was signed: {broken}", index
    )


def _first_difference(folder: Path, bundle: Tile, hashes: Sequence[bytes]) -> int | None:
    tile = Tile(0, bundle.index, bundle.width)
    data = read_tile(folder, tile) or read_tile(folder, tile.full) or b""
    for offset, one in enumerate(hashes):
        if data[offset * HASH_SIZE : (offset + 1) * HASH_SIZE] != one:
            return bundle.start + offset
    return None
