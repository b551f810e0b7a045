"""Receipts (C2SP tlog-proof): one text that proves an entry with nothing but the log's verifier key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.ledger.checkpoint import Checkpoint, OpenCheckpoint, open_checkpoint
from waypost.ledger.errors import BadProof, BadReceipt
from waypost.ledger.notes import LARGEST_NOTE, parse_note
from waypost.ledger.proofs import Hashes, Proof, inclusion_proof, verify_inclusion
from waypost.ledger.signatures import Verifier
from waypost.ledger.textual import from_base64, from_decimal, hash_from_base64, to_base64

FIRST_LINE = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's index and path, the checkpoint's note as its log signed it, and bytes that nothing vouches for."""

    index: int
    path: Proof
    note: bytes
    extra: bytes = b""

    def __bytes__(self) -> bytes:
        lines = [FIRST_LINE, *([f"extra {to_base64(self.extra)}"] if self.extra else ()), f"index {self.index}"]
        lines += [to_base64(item) for item in self.path]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Reads a receipt without checking it. Raises BadReceipt, BadNote, or BadCheckpoint."""
        head, separator, note = data.partition(b"\n\n")
        if len(data) > 2 * LARGEST_NOTE or not separator:
            raise BadReceipt(f"{len(data):,} bytes are no receipt: no empty line before a checkpoint, or far too long")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as problem:
            raise BadReceipt(f"byte {problem.start} of the receipt is not ASCII") from problem
        if lines.pop(0) != FIRST_LINE:
            raise BadReceipt(f"no receipt: its first line is not {FIRST_LINE}")
        try:
            found = _from_lines(lines, note)
        except ValueError as problem:
            raise BadReceipt(f"receipt: {problem}") from problem
        Checkpoint.parse(parse_note(note).text)
        return found

    def verify(self, leaf: bytes, log: Verifier, witnesses: Sequence[Verifier] = ()) -> OpenCheckpoint:
        """Checks that the entry with this leaf hash is in the signed log. Raises BadProof, or what the note lacks."""
        opened = open_checkpoint(self.note, log, witnesses)
        verify_inclusion(leaf, self.index, opened.checkpoint.size, self.path, opened.checkpoint.root)
        return opened


def make_receipt(hashes: Hashes, index: int, note: bytes, extra: bytes = b"") -> Receipt:
    """The receipt of an entry under a checkpoint. Raises BadProof for an entry that the checkpoint does not cover."""
    checkpoint = Checkpoint.parse(parse_note(note).text)
    if not 0 <= index < checkpoint.size:
        raise BadProof(f"entry {index} is not among the {checkpoint.size} of the checkpoint; sign a newer one")
    return Receipt(index, inclusion_proof(hashes, index, checkpoint.size), note, extra)


def _from_lines(lines: list[str], note: bytes) -> Receipt:
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise ValueError("its extra line holds nothing; leave it out")
    if not lines or not lines[0].startswith("index "):
        raise ValueError("no index line where one must be")
    index = from_decimal(lines.pop(0).removeprefix("index "))
    if len(lines) > LONGEST_PATH:
        raise ValueError(f"a path of {len(lines)} hashes; at most {LONGEST_PATH}")
    return Receipt(index, tuple(hash_from_base64(line) for line in lines), note, extra)
