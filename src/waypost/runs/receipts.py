"""Receipts of events and tokens, the log as a folder that other people's tools read, and figures of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from waypost.events.kinds import ModelResponded
from waypost.ledger.checkpoint import Checkpoint
from waypost.ledger.errors import BadProof
from waypost.ledger.folder import FolderWriter
from waypost.ledger.notes import parse_note
from waypost.ledger.receipt import Receipt, make_receipt
from waypost.ledger.statement import Statement
from waypost.ledger.stored import stored_hashes
from waypost.ledger.tokens import TokenProof, disclose, prove_token
from waypost.runs.anchored import best_note, check_anchors, cosigned_note, write_anchors
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import project_key, seal

ANCHORS = "anchors"
"""The export's folder for what others say of the log; readers of tiles pass it over."""


@dataclass(slots=True)
class Figures:
    """What the ledger holds. `pieces` are answers' leaves by unit; `reported` are tokens that providers told."""

    events: int = 0
    signed: int = 0
    checkpoints: int = 0
    answers: int = 0
    pieces: dict[str, int] = field(default_factory=dict)
    reported: int = 0
    estimated: int = 0
    erased: int = 0


def prove(project: Project, seq: int, token: int | None = None) -> Receipt:
    """A receipt of an event, or of one token of an answer with its text.

    Seals first what is not signed yet; a checkpoint that witnesses cosigned is taken before others.
    Raises RunError, LedgerError.
    """
    rows = list(project.log.leaves.rows(seq - 1, seq))
    if not rows or rows[0].header is None:
        raise RunError(f"no event {seq} here; there are {project.log.position}")
    proof = None if token is None else _token(project, seq, token)
    note = best_note(project, seq)
    if note is None:
        seal(project)
        note = best_note(project, seq)
    assert note is not None
    statement, size = Statement(rows[0].header, proof), Checkpoint.parse(parse_note(note).text).size
    return make_receipt(stored_hashes(project.log.leaves, size), seq - 1, note, bytes(statement))


def _token(project: Project, seq: int, token: int) -> TokenProof:
    from waypost.models.tokens import stored_leaves, stored_texts

    record = next(project.log.read(after=seq - 1, until=seq))
    event = record.event
    if not isinstance(event, ModelResponded) or event.tokens is None:
        raise RunError(f"event {seq} ({event.kind}) is no answer whose tokens were logged; see `waypost log`")
    if not 0 <= token < event.tokens.count:
        raise RunError(f"event {seq} has the tokens 0 to {event.tokens.count - 1}, and no token {token}")
    answer = project.log.content(event.answer)
    proof = prove_token(stored_leaves(event, answer), token)
    return disclose(proof, bytes.fromhex(event.seed), stored_texts(answer)[token])


def export(project: Project, folder: Path) -> int:
    """Writes the signed log as C2SP tlog-tiles, and its anchors; a folder that has a part of it is added to.

    Gives its size. Raises BadAnchor for one that does not hold.
    """
    key, checkpoint = project_key(project), seal(project)
    check_anchors(project, key.verifier)
    sealed = project.log.leaves.sealed(checkpoint.size)
    assert sealed is not None
    writer = FolderWriter(folder, key.verifier)
    if writer.size > sealed.size:
        raise RunError(f"{folder}: holds {writer.size} entries, more than the log's {sealed.size}; name another folder")
    writer.add(_headers(project, writer.size, sealed.size))
    writer.publish(cosigned_note(project, sealed.note))
    write_anchors(project, folder / ANCHORS)
    return sealed.size


def _headers(project: Project, after: int, until: int) -> Iterator[bytes]:
    for row in project.log.leaves.rows(after, until):
        if row.header is None:
            raise BadProof(f"event {row.seq} can't be read; see `waypost ledger verify`")
        yield row.header


def figures(project: Project) -> Figures:
    """Counts all; answers are read without their texts."""
    found = Figures(events=project.log.position)
    sealed = project.log.leaves.all_sealed()
    found.checkpoints, found.signed = len(sealed), sealed[-1].size if sealed else 0
    for record in project.log.read(kinds=(ModelResponded.kind,)):
        if isinstance(record.event, ModelResponded):
            _count(found, record.event)
    found.erased = sum(row.payload is None for row in project.log.leaves.rows())
    return found


def _count(found: Figures, event: ModelResponded) -> None:
    found.answers += 1
    if event.tokens is not None:
        found.pieces[event.tokens.unit] = found.pieces.get(event.tokens.unit, 0) + event.tokens.count
    if event.estimated:
        found.estimated += event.spent.output
    else:
        found.reported += event.spent.output
