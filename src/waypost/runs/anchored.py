"""Who else vouches for a project's log: commits, witnesses and time stamps, each looked at and none believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from waypost.events.anchoring import AnchorMissed, CheckpointCosigned, CheckpointStamped
from waypost.events.erasing import ERASED
from waypost.events.event import Record
from waypost.events.kinds import LedgerRestarted
from waypost.ledger.anchor_places import Places
from waypost.ledger.checkpoint import Checkpoint, open_checkpoint
from waypost.ledger.errors import BadAnchor, BadTile, DamagedLog, LedgerError
from waypost.ledger.notes import Note, parse_note
from waypost.ledger.proofs import range_root
from waypost.ledger.signatures import Signature, Verifier
from waypost.ledger.stored import stored_hashes
from waypost.ledger.textual import from_base64
from waypost.ledger.timestamp import check_stamp, read_roots
from waypost.ledger.witness import check_cosigned
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import LEDGER, TRAILER, project_key
from waypost.runs.vouching import AUTHORITY, WITNESS, places_of
from waypost.workspace.git import Git

KINDS = (CheckpointCosigned.kind, CheckpointStamped.kind, AnchorMissed.kind)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Somebody saw the log's first `size` events as they are, at `seconds` since 1970 by their own clock.

    `sort` is witness or authority, `place` its address. `root` is who answers for an authority's name; without one,
    anybody may have chosen that name. `given_up_at` is the event at which the log was given up that this one is of.
    """

    sort: str
    name: str
    place: str
    size: int
    seconds: int
    root: str = ""
    given_up_at: int = 0


@dataclass(frozen=True, slots=True)
class Missed:
    """Who was asked last about `size` events, and did not answer as hoped."""

    sort: str
    place: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Anchors:
    """What holds: commits that name the same roots, cosignatures and stamps; and who could not be had last."""

    commits: int = 0
    held: tuple[Anchor, ...] = ()
    missed: tuple[Missed, ...] = ()


def check_anchors(project: Project, log: Verifier) -> Anchors:
    """Looks at all of them. Raises BadAnchor or DamagedLog for the first that does not hold, BadPlace."""
    places, roots = places_of(project), _Roots(project)
    held: list[Anchor] = []
    missed: dict[tuple[str, str], Missed] = {}
    for record in project.log.read(LEDGER, kinds=KINDS):
        event = record.event
        if isinstance(event, AnchorMissed):
            missed[event.sort, event.place] = Missed(event.sort, event.place, event.size, event.reason)
            continue
        found = _held(project, record, places, log, roots)
        if found is not None:
            held.append(found)
            missed.pop((found.sort, found.place), None)
    asked = places.asked()
    return Anchors(_commits(project), tuple(held), tuple(one for one in missed.values() if one.place in asked))


def _held(project: Project, record: Record, places: Places, log: Verifier, roots: _Roots) -> Anchor | None:
    """What an event proves; None where its content was erased. Raises BadAnchor."""
    event = record.event
    assert isinstance(event, CheckpointCosigned | CheckpointStamped)
    if event.note == ERASED:
        return None
    name = event.witness if isinstance(event, CheckpointCosigned) else event.authority
    try:
        if isinstance(event, CheckpointCosigned):
            checkpoint, found = _cosigned(event, places, log)
        else:
            checkpoint, found = _stamped(project, event, places, log)
        if checkpoint.size != event.size:
            raise BadAnchor(f"it is about {checkpoint.size} events, not {event.size}")
    except LedgerError as problem:
        raise BadAnchor(f"event {record.seq}, {event.size} events anchored by {name}: {problem}") from problem
    given_up_at = roots.given_up_at(record.seq, checkpoint, name)
    return replace(found, given_up_at=given_up_at)


def _cosigned(event: CheckpointCosigned, places: Places, log: Verifier) -> tuple[Checkpoint, Anchor]:
    witness = places.witness(event.witness)
    if witness is None:
        raise BadAnchor("no witness with this key is known here; was it added? (waypost ledger witness add)")
    checkpoint, seconds = check_cosigned(event.note.encode(), log, witness.key)
    return checkpoint, Anchor(WITNESS, witness.key.name, witness.address, checkpoint.size, seconds)


def _stamped(project: Project, event: CheckpointStamped, places: Places, log: Verifier) -> tuple[Checkpoint, Anchor]:
    authority = places.authority(event.authority)
    if authority is None:
        raise BadAnchor("no authority with this address is known here; was it added? (waypost ledger authority add)")
    note = event.note.encode()
    checkpoint = open_checkpoint(note, log).checkpoint
    stamp = check_stamp(_response(project, event), note, read_roots(authority.roots))
    return checkpoint, Anchor(AUTHORITY, stamp.signer, event.authority, checkpoint.size, stamp.seconds, stamp.root)


def _response(project: Project, event: CheckpointStamped) -> bytes:
    try:
        return from_base64(project.log.text(event.response))
    except ValueError as problem:
        raise BadAnchor(f"the authority's answer can't be read: {problem}") from problem


class _Roots:
    """The log's own root at any size that was signed."""

    def __init__(self, project: Project) -> None:
        self._leaves = project.log.leaves
        newest = self._leaves.sealed()
        self._hashes = stored_hashes(self._leaves, newest.size if newest else 0)
        restarts = project.log.read(LEDGER, kinds=(LedgerRestarted.kind,))
        self._restarts = [record.seq for record in restarts]

    def given_up_at(self, seq: int, checkpoint: Checkpoint, name: str) -> int:
        """0 if this log began as the checkpoint says, else the event that gave that other log up. Raises BadAnchor."""
        if self._is_ours(checkpoint):
            return 0
        for restart in self._restarts:
            if restart > seq:
                return restart
        raise BadAnchor(
            f"event {seq}: {name} saw another log than this one: its first {checkpoint.size} events were others"
        )

    def _is_ours(self, checkpoint: Checkpoint) -> bool:
        if checkpoint.size > self._hashes.size:
            return False
        try:
            return range_root(self._hashes, 0, checkpoint.size) == checkpoint.root
        except BadTile as problem:
            raise DamagedLog(f"the log's tree can't be read: {problem}", 0) from problem


def _commits(project: Project) -> int:
    """How many commits name a checkpoint that is kept. Raises DamagedLog where one names another root."""
    known = {sealed.size: sealed for sealed in project.log.leaves.all_sealed()}
    pretty = f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x20)"
    origin = Git(project.root).run("log", "--branches", "--extended-regexp", f"--grep=^{TRAILER}: ", pretty)
    found = 0
    for line in origin.text.splitlines():
        commit, *words = line.split()
        for size, root in zip(words[::2], words[1::2], strict=False):
            sealed = known.get(int(size)) if size.isdecimal() else None
            if sealed is None:
                continue  # of another clone's log, or from before the ledger was started anew
            if f"\n{root}\n" not in sealed.note.decode(errors="replace"):
                raise DamagedLog(f"commit {commit[:12]} names another root over {size} events", sealed.size)
            found += 1
    return found


# --- for others ------------------------------------------------------------------------------------------------------


def cosigned_note(project: Project, note: bytes) -> bytes:
    """The checkpoint's note with every cosignature of it that is kept and holds."""
    parsed, places = parse_note(note), places_of(project)
    found: dict[tuple[str, bytes], Signature] = {(one.name, one.key_id): one for one in parsed.signatures}
    log = project_key(project).verifier
    for event in _cosigned_events(project):
        other, witness = parse_note(event.note.encode()), places.witness(event.witness)
        if other.text != parsed.text or witness is None:
            continue
        with suppress(BadAnchor):  # `check_anchors` is who tells of one that does not hold
            check_cosigned(event.note.encode(), log, witness.key)
            own = (witness.key.name, witness.key.key_id)
            found[own] = next(one for one in other.signatures if (one.name, one.key_id) == own)
    return bytes(Note(parsed.text, tuple(found.values())))


def best_note(project: Project, seq: int) -> bytes | None:
    """The newest checkpoint's note over at least so many events, one with cosignatures before one without."""
    leaves = project.log.leaves
    sizes = sorted({event.size for event in _cosigned_events(project) if event.size >= seq}, reverse=True)
    for size in sizes:
        sealed = leaves.sealed(size)
        if sealed is not None and sealed.size == size:
            note = cosigned_note(project, sealed.note)
            if note != sealed.note:
                return note
    newest = leaves.sealed()
    return newest.note if newest is not None and newest.size >= seq else None


def _cosigned_events(project: Project) -> Iterator[CheckpointCosigned]:
    for record in project.log.read(LEDGER, kinds=(CheckpointCosigned.kind,)):
        if isinstance(record.event, CheckpointCosigned) and record.event.note != ERASED:
            yield record.event


def write_anchors(project: Project, folder: Path) -> int:
    """Writes `SIZE/checkpoint` with its cosignatures, and `SIZE/stamp-N.tsr` with the bytes that it is of, `SIZE/note`.

    Tells how many anchors these are. Raises RunError.
    """
    written = 0
    for place, data in _files(project):
        path = folder / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as problem:
            raise RunError(f"{path}: can't be written: {problem.strerror}") from problem
        written += path.name != "note"
    return written


def _files(project: Project) -> Iterator[tuple[str, bytes]]:
    stamps: dict[int, int] = {}
    for record in project.log.read(LEDGER, kinds=(CheckpointCosigned.kind, CheckpointStamped.kind)):
        event = record.event
        if isinstance(event, CheckpointCosigned) and event.note != ERASED:
            yield f"{event.size}/checkpoint", cosigned_note(project, event.note.encode())
        elif isinstance(event, CheckpointStamped) and event.note != ERASED:
            stamps[event.size] = number = stamps.get(event.size, 0) + 1
            yield f"{event.size}/note", event.note.encode()
            yield f"{event.size}/stamp-{number}.tsr", _response(project, event)
