"""What a Waypost receipt is about, carried in its `extra` line: an event's header, and perhaps one of its tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from waypost.events.canonical import canonical, leaf_hash
from waypost.ledger.checkpoint import OpenCheckpoint
from waypost.ledger.errors import BadProof, BadReceipt
from waypost.ledger.receipt import Receipt
from waypost.ledger.signatures import Verifier
from waypost.ledger.tiles import LARGEST_ENTRY
from waypost.ledger.tokens import Commitment, TokenProof

VERSION = 1


@dataclass(frozen=True, slots=True)
class Statement:
    """An entry of the log, which is an event's canonical header, and the proof of a token of it."""

    header: bytes
    token: TokenProof | None = None

    def fields(self) -> dict[str, Any]:
        """The header's fields. Raises BadReceipt for bytes that can be read in more than one way."""
        try:
            fields = json.loads(self.header)
            whole = isinstance(fields, dict) and canonical(fields) == self.header
        except (ValueError, TypeError, RecursionError) as problem:
            raise BadReceipt("the entry is not an event's header") from problem
        if not whole:
            raise BadReceipt("the entry is not an event's header in its canonical form")
        return dict(fields)

    def verify(self) -> bytes:
        """Checks the token against the header, and gives the entry's leaf hash. Raises BadProof or BadReceipt."""
        if self.token is not None:
            self.token.verify(Commitment.from_json(self.fields().get("tokens")))
        return leaf_hash(self.header)

    def __bytes__(self) -> bytes:
        if len(self.header) > LARGEST_ENTRY:
            raise BadProof(f"a header of {len(self.header):,} bytes; an entry has at most {LARGEST_ENTRY:,}")
        head = bytes([VERSION]) + len(self.header).to_bytes(2, "big") + self.header
        return head if self.token is None else head + bytes(self.token)

    @classmethod
    def from_bytes(cls, data: bytes) -> Statement:
        """Reads `bytes(statement)`. Raises BadReceipt or BadProof."""
        if data[:1] != bytes([VERSION]):
            raise BadReceipt(f"the receipt states nothing that version {VERSION} can read; a newer Waypost may")
        end = 3 + int.from_bytes(data[1:3], "big")
        if len(data) < max(end, 3):
            raise BadReceipt("the receipt's statement is cut short")
        return cls(data[3:end], TokenProof.from_bytes(data[end:]) if data[end:] else None)


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proved: the statement, its entry's index, and the checkpoint that covers it."""

    statement: Statement
    index: int
    under: OpenCheckpoint


def check_receipt(data: bytes, log: Verifier, witnesses: Sequence[Verifier] = ()) -> Proven:
    """Checks a receipt that states what it is about, offline. Raises a LedgerError that says what does not hold."""
    receipt = Receipt.parse(data)
    statement = Statement.from_bytes(receipt.extra)
    under = receipt.verify(statement.verify(), log, witnesses)
    return Proven(statement, receipt.index, under)
