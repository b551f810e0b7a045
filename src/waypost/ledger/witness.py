"""Asking a witness to cosign a checkpoint: C2SP tlog-witness, `add-checkpoint`.

A witness sees the log's name, its size, its root, the log's signature, and hashes that show that the log only grew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from waypost.ledger.checkpoint import Checkpoint, open_checkpoint
from waypost.ledger.errors import BadAnchor, BadNote, LedgerError, NotAnchored
from waypost.ledger.notes import Note, parse_note
from waypost.ledger.posting import Answer, Post
from waypost.ledger.proofs import Hashes, Proof, consistency_proof
from waypost.ledger.signatures import Verifier
from waypost.ledger.textual import from_decimal, to_base64

MEDIA_TYPE = "text/plain"
LONGEST_PROOF = 63
AHEAD = 24 * 60 * 60
"""Seconds that a witness's clock may be ahead of ours."""
_REFUSALS = {
    400: "it can't read the request",
    403: "it does not take the log's signature; tell its operator the key: waypost ledger key",
    404: "it does not know this log; tell its operator the key: waypost ledger key",
    422: "it says that this is not how the log began that it saw before",
}


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its submission prefix, and the key that its cosignatures are checked with.

    One that is not `asked` any more is kept for the cosignatures that it gave.
    """

    address: str
    key: Verifier
    asked: bool = True

    @property
    def name(self) -> str:
        """Its key's name and id."""
        return f"{self.key.name}+{self.key.key_id.hex()}"


def request_of(note: bytes, old: int, proof: Proof) -> bytes:
    """The request's body. Raises NotAnchored for a proof that is too long to be sent."""
    if len(proof) > LONGEST_PROOF:
        raise NotAnchored(f"a proof of {len(proof)} hashes; {LONGEST_PROOF} can be sent")
    lines = (f"old {old}", *map(to_base64, proof), "")
    return "".join(f"{line}\n" for line in lines).encode() + note


async def cosigned(witness: Witness, log: Verifier, note: bytes, hashes: Hashes, known: int, post: Post) -> bytes:
    """The checkpoint's note with the log's signature and the witness's, both checked.

    `known` is the size that the witness cosigned last, as far as we know; where it tells another one, it is asked
    once more. Raises NotAnchored where it did not cosign, BadAnchor where what it sent does not hold.
    """
    own = _own(note, log)
    checkpoint = Checkpoint.parse(own.text)
    old = min(known, checkpoint.size)
    answer = await _asked(witness, own, checkpoint.size, hashes, old, post)
    if answer.status == 409:
        told = _size_of(witness, answer, checkpoint.size)
        if told == old:
            raise NotAnchored(f"{witness.address}: it refuses the size {old}, which it says it has")
        answer = await _asked(witness, own, checkpoint.size, hashes, told, post)
        if answer.status == 409:
            raise NotAnchored(f"{witness.address}: it tells another size each time; somebody else asks it, too")
    if answer.status != 200:
        said = _REFUSALS.get(answer.status, "nothing that a witness says")
        raise NotAnchored(f"{witness.address}: answered {answer.status}: {said}")
    return _with_cosignature(witness, log, own, answer.body)


def check_cosigned(note: bytes, log: Verifier, witness: Verifier) -> tuple[Checkpoint, int]:
    """The checkpoint and when the witness saw it, in seconds since 1970. Raises BadAnchor."""
    try:
        opened = open_checkpoint(note, log, [witness])
    except LedgerError as problem:
        raise BadAnchor(str(problem)) from problem
    seconds = next((one.seconds for one in opened.cosigned), None)
    if not seconds:
        raise BadAnchor(f"no cosignature of {witness.name} with a time is in it")
    return opened.checkpoint, seconds


def _own(note: bytes, log: Verifier) -> Note:
    """The note with the log's own signature alone: who else signed is nobody's business."""
    parsed = parse_note(note)
    return Note(
        parsed.text, tuple(one for one in parsed.signatures if (one.name, one.key_id) == (log.name, log.key_id))
    )


async def _asked(witness: Witness, note: Note, size: int, hashes: Hashes, old: int, post: Post) -> Answer:
    proof = consistency_proof(hashes, old, size) if 0 < old < size else ()
    return await post(f"{witness.address}/add-checkpoint", MEDIA_TYPE, request_of(bytes(note), old, proof))


def _size_of(witness: Witness, answer: Answer, size: int) -> int:
    try:
        told = from_decimal(answer.body[:32].decode("ascii").removesuffix("\n"))
    except ValueError as problem:
        raise NotAnchored(f"{witness.address}: answered 409 without the size that it has") from problem
    if told > size:
        raise NotAnchored(
            f"{witness.address}: it has seen {told} events of this log, which has {size}: a copy of the log went "
            "further, or events were lost"
        )
    return told


def _with_cosignature(witness: Witness, log: Verifier, note: Note, body: bytes) -> bytes:
    """Signatures of other keys are left out, as the standard asks."""
    try:
        lines = parse_note(f"{note.text}\n".encode() + body).signatures
    except BadNote as problem:
        raise BadAnchor(f"{witness.address}: its answer holds no cosignature: {problem}") from problem
    wanted = [one for one in lines if (one.name, one.key_id) == (witness.key.name, witness.key.key_id)]
    if not wanted:
        raise BadAnchor(f"{witness.address}: its answer holds no cosignature by {witness.name}")
    found = bytes(Note(note.text, (*note.signatures, wanted[0])))
    try:
        _, seconds = check_cosigned(found, log, witness.key)
    except BadAnchor as problem:
        raise BadAnchor(f"{witness.address}: {problem}") from problem
    if seconds > time.time() + AHEAD:
        raise BadAnchor(f"{witness.address}: its clock, or ours, is more than a day wrong ({seconds} s since 1970)")
    return found
