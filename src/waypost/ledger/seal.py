"""Sealing a log: a signed checkpoint over all its events, kept with the log and once more out of its reach."""

from __future__ import annotations

import os
from pathlib import Path

from waypost.events.canonical import leaf_hash
from waypost.events.leaves import Leaves, Sealed
from waypost.ledger.checkpoint import Checkpoint, OpenCheckpoint, open_checkpoint, sign_checkpoint
from waypost.ledger.errors import BadCheckpoint, BadTile, DamagedLog, LedgerError
from waypost.ledger.keys import ProjectKey
from waypost.ledger.notes import parse_note
from waypost.ledger.proofs import range_root
from waypost.ledger.stored import new_nodes, stored_hashes
from waypost.ledger.tiles import WIDTH
from waypost.ledger.tree import Frontier

CHECKPOINT = "checkpoint"
_AT_ONCE = 1 << 14


class RolledBack(LedgerError):
    """A log that is shorter than, or other than, the newest checkpoint that was signed over it."""


def newest_unverified(folder: Path) -> Checkpoint | None:
    """What the newest checkpoint beside a key says; its signature is not looked at, which takes a library's import.

    Whoever could write there could also sign. Raises BadNote, BadCheckpoint.
    """
    note = _read(folder / CHECKPOINT)
    return None if note is None else Checkpoint.parse(parse_note(note).text)


def check_end(leaves: Leaves, signed: Checkpoint, position: int) -> None:
    """Sees that a log of `position` events still has what was signed, by its tree and its last events.

    `verify` looks at all of it. Raises RolledBack, or DamagedLog with the event (from 0) that does not hold.
    """
    if position < signed.size:
        raise RolledBack(
            f"the log has {position} events, but a checkpoint over {signed.size} was signed: events {position + 1} to "
            f"{signed.size} are lost; put back a copy of the log, or go on without them: waypost ledger restart"
        )
    try:
        root = range_root(stored_hashes(leaves, signed.size), 0, signed.size)
    except BadTile as problem:
        raise DamagedLog(f"the log's tree can't be read: {problem}; see `waypost ledger verify`", 0) from problem
    if root != signed.root:
        raise RolledBack(
            f"the log's first {signed.size} events are not those that a checkpoint was signed over; `waypost ledger "
            "verify` names the first; put back a copy of the log, or go on all the same: waypost ledger restart"
        )
    for row in leaves.rows(max(0, signed.size - WIDTH), signed.size):
        if row.header is None or leaf_hash(row.header) != row.leaf:
            raise DamagedLog(f"event {row.seq} ({row.kind}) is not what was logged", row.seq - 1)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise BadCheckpoint(f"{path}: can't be read: {problem.strerror}") from problem


class Sealer:
    """Signs what a log holds. `key.path`'s folder also keeps the newest checkpoint: a log can't take that back."""

    def __init__(self, leaves: Leaves, key: ProjectKey) -> None:
        self._leaves, self._key = leaves, key
        self._outside = key.path.with_name(CHECKPOINT)

    def newest(self) -> OpenCheckpoint | None:
        """The newest checkpoint of those kept outside; None before the first. Raises what is wrong with it."""
        note = _read(self._outside)
        return None if note is None else open_checkpoint(note, self._key.verifier)

    def check(self, position: int) -> None:
        """As `check_end`, of a checkpoint whose signature holds. Raises also what is wrong with that."""
        opened = self.newest()
        if opened is not None:
            check_end(self._leaves, opened.checkpoint, position)

    def seal(self, position: int) -> Checkpoint:
        """Signs a checkpoint over the first `position` events, if they are more than at the last.

        Raises DamagedLog where the log does not go on from what was signed before.
        """
        before = self._leaves.sealed()
        frontier = Frontier() if before is None else Frontier.from_bytes(before.frontier)
        if before is not None:
            last = open_checkpoint(before.note, self._key.verifier).checkpoint
            if (last.size, last.root) != (frontier.size, frontier.root):
                raise DamagedLog(f"the checkpoint over {last.size} events was changed", last.size)
            if position <= last.size:
                return last
        start = frontier.size
        while frontier.size < position:
            count = min(_AT_ONCE, position - frontier.size)
            hashes = self._leaves.hashes(frontier.size, count)
            if len(hashes) != count or b"" in hashes:
                raise DamagedLog(f"event {frontier.size + len(hashes) + 1} is missing", frontier.size + len(hashes))
            frontier.extend(hashes)
        checkpoint = Checkpoint(self._key.origin, position, frontier.root)
        note = sign_checkpoint(checkpoint, [self._key.signer])
        self._leaves.seal(Sealed(position, note, bytes(frontier)), list(new_nodes(self._leaves, start, position)))
        kept = self.newest()
        if kept is None or kept.checkpoint.size < position:  # another process may have signed more meanwhile
            self._keep(note)
        return checkpoint

    def _keep(self, note: bytes) -> None:
        fresh = self._outside.with_name(f".{CHECKPOINT}.{os.getpid()}")
        try:
            with Path(fresh).open("wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._outside)
        except OSError as problem:
            raise BadCheckpoint(f"{self._outside}: can't be written: {problem.strerror}") from problem
