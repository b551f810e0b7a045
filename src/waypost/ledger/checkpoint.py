"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root, signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.ledger.errors import BadCheckpoint, LedgerError, UnknownSigner
from waypost.ledger.notes import Note, Verified, check_text, open_note, sign_note
from waypost.ledger.signatures import Signer, Verifier
from waypost.ledger.textual import from_decimal, hash_from_base64, to_base64
from waypost.ledger.tree import EMPTY_ROOT, HASH_SIZE, LARGEST


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the log `origin` had this root when it had `size` leaves."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def body(self) -> str:
        """The text that is signed. Raises BadCheckpoint for what can't be written as one."""
        _check(self)
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, body: str) -> Checkpoint:
        """Reads a note's text. Raises BadCheckpoint."""
        lines = body.split("\n")
        if len(lines) < 4 or lines.pop():
            raise BadCheckpoint("a checkpoint has at least three lines, origin, size and root, each ended by a newline")
        origin, size, root, *extensions = lines
        try:
            found = cls(origin, from_decimal(size), hash_from_base64(root), tuple(extensions))
        except ValueError as problem:
            raise BadCheckpoint(f"checkpoint of {origin[:80]!r}: {problem}") from problem
        _check(found)
        return found


@dataclass(frozen=True, slots=True)
class OpenCheckpoint:
    """A checkpoint that its log has signed, and who else did."""

    checkpoint: Checkpoint
    cosigned: tuple[Verified, ...] = ()


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """The checkpoint as a signed note. Raises BadCheckpoint."""
    return bytes(sign_note(checkpoint.body(), signers))


def open_checkpoint(
    note: Note | bytes, log: Verifier, witnesses: Sequence[Verifier] = (), origin: str | None = None
) -> OpenCheckpoint:
    """The checkpoint, if the log's own key signed it for its origin (the key's name, where none is given).

    Raises BadNote, BadSignature, UnknownSigner, or BadCheckpoint.
    """
    opened = open_note(note, (log, *witnesses))
    if all(one.verifier != log for one in opened.verified):
        raise UnknownSigner(f"witnesses signed, but not the log's own key {log.name}+{log.key_id.hex()}")
    checkpoint = Checkpoint.parse(opened.text)
    expected = log.name if origin is None else origin
    if checkpoint.origin != expected:
        raise BadCheckpoint(f"a checkpoint of the log {checkpoint.origin[:80]!r}, not of {expected!r}")
    return OpenCheckpoint(checkpoint, tuple(one for one in opened.verified if one.verifier != log))


def _check(checkpoint: Checkpoint) -> None:
    for line in (checkpoint.origin, *checkpoint.extensions):
        try:
            check_text(f"{line}\n")
        except LedgerError as problem:
            raise BadCheckpoint(f"checkpoint line {line[:80]!r}: {problem}") from problem
        if not line or "\n" in line:
            raise BadCheckpoint("a checkpoint's origin and extension lines are single lines and not empty")
    if not 0 <= checkpoint.size <= LARGEST or len(checkpoint.root) != HASH_SIZE:
        raise BadCheckpoint(f"{checkpoint.size} leaves with a root of {len(checkpoint.root)} bytes are no checkpoint")
    if (checkpoint.size == 0) != (checkpoint.root == EMPTY_ROOT):
        raise BadCheckpoint(f"{checkpoint.size} leaves can't have the root {to_base64(checkpoint.root)}")
