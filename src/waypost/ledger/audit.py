"""Looking at every event of a log: is it what was logged, and what was signed?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from waypost.events.canonical import leaf_hash
from waypost.events.event import payload_digest
from waypost.events.leaves import Leaves, Row, Sealed
from waypost.ledger.checkpoint import Checkpoint, open_checkpoint
from waypost.ledger.errors import DamagedLog, LedgerError
from waypost.ledger.signatures import Verifier
from waypost.ledger.tiles import WIDTH
from waypost.ledger.tree import HASH_SIZE, Frontier, root

AT_ONCE = 1 << 14
Look = Callable[[Row], str]
"""Looks deeper into one row, at its tokens and texts; says what is wrong, or nothing."""
Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """What held: the first `events` are under one of the `checkpoints`."""

    events: int
    checkpoints: int


@dataclass(slots=True)
class Remarks:
    """What is not wrong but told: events without a payload, and events whose clock was before their predecessor's."""

    erased: list[int] = field(default_factory=list)
    backwards: list[int] = field(default_factory=list)


def check_rows(leaves: Leaves, after: int, until: int | None, look: Look | None, seen: Seen | None = None) -> Remarks:
    """Sees that events are what their own leaves say. Raises DamagedLog."""
    expected, remarks, before = after + 1, Remarks(), 0
    for row in leaves.rows(after, until):
        wrong = _wrong(row, expected) or (look(row) if look is not None else "")
        if wrong:
            raise DamagedLog(f"event {expected} ({row.kind}): {wrong}", expected - 1)
        if row.payload is None:
            remarks.erased.append(row.seq)
        if row.at < before:
            remarks.backwards.append(row.seq)
        before = row.at
        expected += 1
        if seen is not None and expected % 1000 == 0:
            seen(expected - 1)
    if until is not None and expected <= until:
        raise DamagedLog(f"event {expected} and all behind it are missing", expected - 1)
    return remarks


def check_tree(leaves: Leaves, log: Verifier, outside: Checkpoint | None, since: Sealed | None = None) -> Audit:
    """Sees that the leaves give the root of every checkpoint, from `since` on. Raises DamagedLog, BadCheckpoint."""
    frontier = Frontier() if since is None else Frontier.from_bytes(since.frontier)
    good = _signed(since, log).size if since is not None else 0
    count = 0
    for size, root_then, name in _checkpoints(leaves, log, outside, good):
        for hashes in _hashes(leaves, frontier.size, size):
            frontier.extend(hashes)
        if frontier.size < size:
            raise DamagedLog(f"{name} was signed, but the log has only {frontier.size} of them", frontier.size)
        if frontier.root != root_then:
            block = _bad_block(leaves, good, size)
            raise DamagedLog(
                f"from event {block + 1} on (by event {size}) this is not what {name} was signed over", block
            )
        good, count = size, count + 1
    return Audit(good, count)


def _wrong(row: Row, expected: int) -> str:
    if row.seq != expected:
        return f"missing; event {row.seq} is next"
    if row.header is None:
        return "its header can't be read"
    if row.leaf is None or leaf_hash(row.header) != row.leaf:
        return "its header, or its place, is not what was logged"
    if row.payload is None or row.salt is None:
        return "" if row.tombstone else "its content is gone, and nobody erased it"
    if payload_digest(row.salt, row.payload) != row.digest.hex():
        return "its content is not what was logged"
    return ""


def _checkpoints(
    leaves: Leaves, log: Verifier, outside: Checkpoint | None, good: int
) -> Iterator[tuple[int, bytes, str]]:
    """Size, root and name of each signed checkpoint behind `good`, the smaller ones first."""
    found = []
    for sealed in leaves.all_sealed():
        if sealed.size > good:
            signed = _signed(sealed, log)
            if Frontier.from_bytes(sealed.frontier).root != signed.root:
                raise DamagedLog(f"the frontier of the checkpoint over {sealed.size} events was changed", sealed.size)
            found.append((signed.size, signed.root, f"the checkpoint over {signed.size} events"))
    if outside is not None and outside.size > good and (outside.size, outside.root) not in {one[:2] for one in found}:
        found.append((outside.size, outside.root, f"the checkpoint over {outside.size} events kept beside the key"))
    yield from sorted(found)


def _signed(sealed: Sealed, log: Verifier) -> Checkpoint:
    try:
        signed = open_checkpoint(sealed.note, log).checkpoint
    except LedgerError as problem:
        raise type(problem)(f"the checkpoint over {sealed.size} events: {problem}") from problem
    if signed.size != sealed.size:
        raise DamagedLog(f"the checkpoint kept for {sealed.size} events is over {signed.size}", sealed.size)
    return signed


def _hashes(leaves: Leaves, start: int, end: int) -> Iterator[Sequence[bytes]]:
    while start < end:
        found = leaves.hashes(start, min(AT_ONCE, end - start))
        if not found:
            return
        if any(not isinstance(one, bytes) or len(one) != HASH_SIZE for one in found):
            raise DamagedLog(f"a leaf from event {start + 1} on is no hash", start)
        yield found
        start += len(found)


def _bad_block(leaves: Leaves, good: int, size: int) -> int:
    """The first leaf of the first 256 that are not those of their node; else the first behind what held."""
    for number in range(good // WIDTH, size // WIDTH):
        node = leaves.nodes(1, number, 1)
        if node and root(leaves.hashes(number * WIDTH, WIDTH)) != node[0]:
            return max(good, number * WIDTH)
    return max(good, size // WIDTH * WIDTH) if leaves.nodes(1, size // WIDTH - 1, 1) else good
