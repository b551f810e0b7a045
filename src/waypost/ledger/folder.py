"""A log as a folder of tiles (C2SP tlog-tiles): written a piece at a time, and whole after any crash.

Tiles come first and the checkpoint that needs them last, each by a rename of a file that is on the disk. So a reader
who starts from the checkpoint finds all that it stands for; what a crash leaves beyond it is written again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from waypost.ledger.checkpoint import open_checkpoint
from waypost.ledger.errors import BadCheckpoint, BadTile
from waypost.ledger.signatures import Verifier
from waypost.ledger.tiles import WIDTH, Tile, TileHashes, levels_of, pack_entries, unpack_entries
from waypost.ledger.tree import leaf_hashes, root

CHECKPOINT = "checkpoint"


def read_tile(folder: Path, tile: Tile) -> bytes | None:
    """A tile's or a bundle's bytes; None where there is none."""
    try:
        return (folder / tile.path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise BadTile(f"{folder / tile.path}: can't be read: {problem.strerror}") from problem


def read_checkpoint(folder: Path) -> bytes:
    """The newest checkpoint's note. Raises BadCheckpoint."""
    try:
        return (folder / CHECKPOINT).read_bytes()
    except OSError as problem:
        raise BadCheckpoint(f"{folder / CHECKPOINT}: can't be read: {problem.strerror}") from problem


def hashes_of(folder: Path, size: int) -> TileHashes:
    """The hashes of the log's first `size` leaves, to make proofs from."""
    return TileHashes(lambda tile: read_tile(folder, tile), size)


class FolderWriter:
    """Adds to the log in a folder, made where there is none. One writer at a time.

    `add` entries, sign a checkpoint over `size` and `root`, `publish` it.
    """

    def __init__(self, folder: Path, log: Verifier) -> None:
        """Takes up the log where its checkpoint ends.

        Raises what is wrong with the checkpoint, or BadTile where the tiles are not those that it stands for.
        """
        self.folder, self._log = folder, log
        self.size = self._published = 0
        self._bundle = b""  # the entries of the tile that is not full yet
        self._edge: list[list[bytes]] = [[]]  # by level: the hashes of the tile that is not full yet
        self._made: set[Path] = set()
        if (folder / CHECKPOINT).exists():
            self._take_up()

    def _take_up(self) -> None:
        before = open_checkpoint(read_checkpoint(self.folder), self._log).checkpoint
        hashes = hashes_of(self.folder, before.size)
        self.size = self._published = before.size
        for level in range(levels_of(before.size)):
            count = before.size >> 8 * level
            self._edge[level:] = [list(hashes.tile(level, count // WIDTH)) if count % WIDTH else []]
        entries: list[bytes] = []
        last = Tile(None, before.size // WIDTH, before.size % WIDTH)
        if last.width:
            data, tile = read_tile(self.folder, last), last
            if data is None:
                data, tile = read_tile(self.folder, last.full), last.full
            if data is None:
                raise BadTile(f"{self.folder / last.path}: missing; put it back from a copy, or write the log anew")
            entries = unpack_entries(data, tile)[: last.width]
            self._bundle = pack_entries(entries)
        if self.root != before.root or leaf_hashes(entries) != self._edge[0]:
            raise BadTile(f"{self.folder}: the tiles are not those of its checkpoint; find the first bad entry")

    @property
    def root(self) -> bytes:
        """The root over all entries so far."""
        found: list[bytes] = []
        for hashes in self._edge:
            if hashes:
                found = [root([*hashes, *found])]
        return root(found)

    def add(self, entries: Iterable[bytes]) -> None:
        """Adds entries; tiles that become full are on the disk before this returns. Raises BadTile."""
        source = iter(entries)
        while batch := list(islice(source, WIDTH - len(self._edge[0]))):
            self._bundle += pack_entries(batch)
            self._edge[0] += leaf_hashes(batch)
            self.size += len(batch)
            if len(self._edge[0]) == WIDTH:
                self._write(Tile(None, self.size // WIDTH - 1), self._bundle)
                self._bundle = b""
                self._climb()

    def publish(self, checkpoint: bytes) -> None:
        """Writes the partial tiles, then the checkpoint, and drops the partial tiles that full ones stand for now.

        Raises BadCheckpoint for one of another tree, or what else is wrong with it.
        """
        stated = open_checkpoint(checkpoint, self._log).checkpoint
        if (stated.size, stated.root) != (self.size, self.root):
            raise BadCheckpoint(f"{self.folder}: the checkpoint is of another tree than the {self.size} entries here")
        if self._bundle:
            self._write(Tile(None, self.size // WIDTH, len(self._edge[0])), self._bundle)
        for level, hashes in enumerate(self._edge):
            if hashes:
                tile = Tile(level, self.size >> 8 * (level + 1), len(hashes))
                self._write(tile, b"".join(hashes))
        self._replace(self.folder / CHECKPOINT, checkpoint)
        self._prune()
        self._published = self.size

    def _climb(self) -> None:
        """Writes each tile that has become full, and adds its root to the level above."""
        for level, hashes in enumerate(self._edge):
            if len(hashes) < WIDTH:
                return
            self._write(Tile(level, (self.size >> 8 * (level + 1)) - 1), b"".join(hashes))
            if level + 1 == len(self._edge):
                self._edge.append([])
            self._edge[level + 1].append(root(hashes))
            self._edge[level] = []

    def _prune(self) -> None:
        """Partial tiles of the last checkpoint whose full tile is there now."""
        for level in (None, *range(levels_of(self._published))):
            index = self._published >> 8 * ((level or 0) + 1)
            if index < self.size >> 8 * ((level or 0) + 1):
                path = self.folder / f"{Tile(level, index).path}.p"
                shutil.rmtree(path, ignore_errors=True)  # leftovers harm nobody

    def _write(self, tile: Tile, data: bytes) -> None:
        self._replace(self.folder / tile.path, data)

    def _replace(self, path: Path, data: bytes) -> None:
        self._make(path.parent)
        fresh = path.with_name(f".{path.name}.new")
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            _sync_folder(path.parent)
        except OSError as problem:
            raise BadTile(f"{path}: can't be written: {problem.strerror}") from problem

    def _make(self, folder: Path) -> None:
        if folder in self._made:
            return
        try:
            missing = [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            for one in missing:
                _sync_folder(one.parent)
        except OSError as problem:
            raise BadTile(f"{folder}: can't be made: {problem.strerror}") from problem
        self._made.add(folder)


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
