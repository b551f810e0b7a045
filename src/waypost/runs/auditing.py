"""Is the log what was logged and signed: every event, every text, every token, and what commits say of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from waypost.events.canonical import sha256
from waypost.events.event import EventError, blobs_of, from_payload
from waypost.events.kinds import ModelResponded, PayloadErased, Tokens
from waypost.events.leaves import Row, Sealed
from waypost.events.log import Log
from waypost.events.sqlite import SqliteLog
from waypost.events.tables import LEAVES_FROM
from waypost.ledger.audit import Audit, Remarks, check_rows, check_tree
from waypost.ledger.errors import BadKey, DamagedLog, LedgerError
from waypost.ledger.keys import load_key
from waypost.ledger.seal import newest_unverified
from waypost.ledger.signatures import Verifier
from waypost.runs.anchored import Anchors, check_anchors
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import key_folder

CHUNK = 5000
PARALLEL_FROM = 20_000
"""Events; below, a second process takes longer to start than it saves."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """What holds. `events` were looked at; behind the first `audit.events` nothing is signed yet.

    `leaves_from` is the first event whose leaf was made when it was appended; `anchors` are others who say the same.
    """

    events: int
    audit: Audit
    remarks: Remarks
    leaves_from: int
    anchors: Anchors


class Look:
    """Looks into a row's payload: all its texts are there and as they were, its tokens are those of its header."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._held: set[str] = set()

    def __call__(self, row: Row) -> str:
        """What is wrong with it, or nothing."""
        if row.payload is None or row.header is None:
            return ""
        try:
            header = json.loads(row.header)
            fields = {**json.loads(row.payload), **({"tokens": header["tokens"]} if "tokens" in header else {})}
            event = from_payload(row.kind, header["schema"], fields)
            for blob in blobs_of(event):
                if blob.sha256 not in self._held:
                    if sha256(self._log.content(blob)) != blob.sha256:
                        return f"its text {blob.sha256[:12]}… is not what was logged"
                    self._held.add(blob.sha256)
            if isinstance(event, ModelResponded) and event.tokens is not None:
                return self._tokens(event, event.tokens)
        except (EventError, LedgerError, ValueError, KeyError, TypeError) as problem:
            return f"it can't be read: {problem}"
        return ""

    def _tokens(self, event: ModelResponded, said: Tokens) -> str:
        from waypost.models.tokens import committed, stored_leaves

        found = committed(said.unit, stored_leaves(event, self._log.content(event.answer)))
        return "" if found == said else "its tokens are not those that were logged"


def verifier_of(project: Project, text: str | None = None) -> Verifier:
    """The key that checkpoints are checked with: the project's own, or the one given. Raises RunError."""
    try:
        return Verifier.parse(text) if text else load_key(key_folder(project)).verifier
    except BadKey as problem:
        raise RunError(f"{problem}; name the key that others know: --key") from problem


def verify(project: Project, log: Verifier, *, since: int | None = None, progress: Progress | None = None) -> Verified:
    """Looks at every event, or those behind the newest checkpoint over at most `since`. Raises DamagedLog and the like.

    Two processes share the work on a long log.
    """
    start = _start(project, since)
    position, after = project.log.position, start.size if start else 0
    ranges = [(low, min(low + CHUNK, position)) for low in range(after, position, CHUNK)]
    remarks = Remarks()
    for done, part in enumerate(_looked(project, ranges), 1):
        remarks.erased += part.erased
        remarks.backwards += part.backwards
        if progress is not None:
            progress(ranges[done - 1][1] - after, position - after)
    beyond = next(project.log.leaves.rows(position), None)
    if beyond is not None and project.log.position < beyond.seq:
        raise DamagedLog(f"event {beyond.seq} lies behind the log's end", beyond.seq - 1)
    for seq in remarks.erased:
        _check_tombstone(project, seq)
    outside = newest_unverified(key_folder(project))
    audit = check_tree(project.log.leaves, log, outside, start)
    leaves_from = int(project.log.leaves.fact(LEAVES_FROM) or 1)
    return Verified(position - after, audit, remarks, leaves_from, check_anchors(project, log))


def _check_tombstone(project: Project, seq: int) -> None:
    row = next(project.log.leaves.rows(seq - 1, seq))
    record = next(project.log.read(after=row.tombstone - 1, until=row.tombstone), None) if row.tombstone else None
    told = record.event if record is not None else None
    if not isinstance(told, PayloadErased) or seq not in told.events:
        raise DamagedLog(f"event {seq} ({row.kind}): its content is gone, and no tombstone speaks of it", seq - 1)


def _start(project: Project, since: int | None) -> Sealed | None:
    if since is None:
        return None
    found = project.log.leaves.sealed(since)
    if found is None:
        raise RunError(f"no checkpoint over {since} events or fewer; `waypost ledger stats` lists them")
    return found


def _looked(project: Project, ranges: list[tuple[int, int]]) -> Iterator[Remarks]:
    if len(ranges) * CHUNK < PARALLEL_FROM or not isinstance(project.log, SqliteLog):
        look = Look(project.log)
        yield from (check_rows(project.log.leaves, low, high, look) for low, high in ranges)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_look_at, project.log.path, low, high) for low, high in ranges]
        try:
            for future in futures:
                yield from [_unwrapped(future.result())]
        finally:
            for future in futures:
                future.cancel()


def _look_at(path: Path, low: int, high: int) -> Remarks | tuple[str, int]:
    """In another process. What is damaged comes back as text and index: such an error does not survive the way."""
    import waypost.events.kinds  # noqa: F401 - fills the table of kinds

    log = SqliteLog(path, create=False)
    try:
        return check_rows(log.leaves, low, high, Look(log))
    except DamagedLog as problem:
        return str(problem), problem.index
    finally:
        log.close()


def _unwrapped(found: Remarks | tuple[str, int]) -> Remarks:
    if isinstance(found, tuple):
        raise DamagedLog(*found)
    return found
