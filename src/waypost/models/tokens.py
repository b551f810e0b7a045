"""What an answer came in, as leaves of the ledger's tree: made when it came, and again from what was stored."""

from __future__ import annotations

import json
from collections.abc import Sequence

from waypost.events.kinds import ModelResponded, Tokens
from waypost.ledger.errors import BadProof
from waypost.ledger.tokens import Kind, Unit, commitment, token_leaves
from waypost.models.codec import BadEncoding, response_from_json
from waypost.wires.conversation import Delta, DeltaKind

_KINDS = {
    DeltaKind.TEXT: Kind.TEXT,
    DeltaKind.REASONING: Kind.REASONING,
    DeltaKind.CALL: Kind.CALL,
    DeltaKind.ARGUMENTS: Kind.ARGUMENTS,
}


def unit_of(deltas: Sequence[Delta]) -> Unit:
    """Deltas of one moment are no stream: a whole message, which somebody cut into pieces."""
    return Unit.DELTA if len({delta.at for delta in deltas}) > 1 else Unit.MESSAGE


def leaves_of(deltas: Sequence[Delta], left: int, seed: bytes) -> list[bytes]:
    """The leaves, in order of arrival. `left` is when the request left, in nanoseconds since 1970. Raises BadProof."""
    kinds = _KINDS
    pieces = [
        (kinds[delta.kind], delta.part, delta.text.encode(errors="replace"), delta.at, left + delta.at)
        for delta in deltas
    ]
    return token_leaves(unit_of(deltas), pieces, seed)


def tokens_of(deltas: Sequence[Delta], left: int, seed: bytes) -> Tokens:
    """What the event of an answer says of them."""
    return committed(unit_of(deltas).name.lower(), leaves_of(deltas, left, seed))


def stored_leaves(responded: ModelResponded, answer: bytes) -> list[bytes]:
    """The leaves of an answer as it is stored. Raises BadProof where it can't be read."""
    try:
        deltas = response_from_json(json.loads(answer)).deltas
        return leaves_of(deltas, int(responded.left), bytes.fromhex(responded.seed))
    except (BadEncoding, ValueError) as problem:
        raise BadProof(f"the stored answer can't be read: {problem}") from problem


def stored_texts(answer: bytes) -> list[bytes]:
    """The text of each leaf of a stored answer. Raises BadEncoding."""
    return [delta.text.encode(errors="replace") for delta in response_from_json(json.loads(answer)).deltas]


def committed(unit: str, leaves: Sequence[bytes]) -> Tokens:
    """What an event says of these leaves. Raises BadProof for a unit that nobody knows."""
    if unit.upper() not in Unit.__members__:
        raise BadProof(f"tokens of an unknown unit {unit!r}")
    found = commitment(Unit[unit.upper()], leaves)
    return Tokens(unit, found.count, found.root.hex())
