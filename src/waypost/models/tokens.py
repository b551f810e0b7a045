"""What an answer came in, as leaves of the ledger's tree: made when it came, and again from what was stored."""

from __future__ import annotations

import json
from collections.abc import Sequence

from waypost.events.kinds import ModelResponded, Tokens
from waypost.ledger.errors import BadProof
from waypost.ledger.tokens import Kind, Piece, Unit, commitment, token_leaves
from waypost.wires.conversation import Delta, DeltaKind

_KINDS = {
    DeltaKind.TEXT: Kind.TEXT,
    DeltaKind.REASONING: Kind.REASONING,
    DeltaKind.CALL: Kind.CALL,
    DeltaKind.ARGUMENTS: Kind.ARGUMENTS,
}
_NAMED = {kind.value: number for kind, number in _KINDS.items()}


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
        pieces = _pieces(answer, int(responded.left))
        unit = Unit.DELTA if len({piece[3] for piece in pieces}) > 1 else Unit.MESSAGE
        return token_leaves(unit, pieces, bytes.fromhex(responded.seed))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadProof(f"the stored answer can't be read: {problem}") from problem


def stored_texts(answer: bytes) -> list[bytes]:
    """The text of each leaf of a stored answer. Raises ValueError, KeyError or TypeError for what is none."""
    return [piece[2] for piece in _pieces(answer, 0)]


def _pieces(answer: bytes, left: int) -> list[Piece]:
    """The deltas of an answer's JSON form as `codec` writes it; read here without an object for each of millions."""
    data = json.loads(answer)
    sources: dict[tuple[str, int], str] = {}
    for number, part in enumerate(data["parts"]):
        if "call" in part:
            sources["call", number], sources["arguments", number] = part["name"], part["arguments"]
        elif "reasoning" in part:
            sources["reasoning", number] = part.get("text", "")
        else:
            sources["text", number] = part["text"]
    told: dict[tuple[str, int], int] = {}
    pieces: list[Piece] = []
    for kind, part, piece, at in data.get("deltas", ()):
        text = piece
        if piece.__class__ is int:
            start = told.get((kind, part), 0)
            told[kind, part] = end = start + piece
            text = sources[kind, part][start:end]
            if len(text) != piece:
                raise ValueError(f"a delta of {piece} characters runs past the end of part {part}")
        pieces.append((_NAMED[kind], part, text.encode(errors="replace"), at, left + at))
    return pieces


def committed(unit: str, leaves: Sequence[bytes]) -> Tokens:
    """What an event says of these leaves. Raises BadProof for a unit that nobody knows."""
    if unit.upper() not in Unit.__members__:
        raise BadProof(f"tokens of an unknown unit {unit!r}")
    found = commitment(Unit[unit.upper()], leaves)
    return Tokens(unit, found.count, found.root.hex())
