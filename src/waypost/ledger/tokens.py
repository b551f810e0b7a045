"""The tokens of one model response as a tree of their own, whose root the response's event carries.

A leaf says what it is (a provider's token, a delta of the stream, a whole message), to what it belongs, when it came on
two clocks, and the salted digest of its text. It has 53 bytes, which SHA-256 hashes as one block.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from waypost.events.canonical import leaf_hash
from waypost.ledger.errors import BadProof
from waypost.ledger.proofs import Proof, inclusion_proof, verify_inclusion
from waypost.ledger.salted import SALT_SIZE, check_digest, salts_from
from waypost.ledger.tree import EMPTY_ROOT, HASH_SIZE, Nodes, leaf_hashes

VERSION = 1
LEAF_SIZE = 53
LARGEST_COUNT = 2**32 - 1
_LEAF = struct.Struct(">BBBHQQ32s")

Piece = tuple[int, int, bytes, int, int]
"""What arrived: its Kind, the number of its part, its text, monotonic and wall time in nanoseconds."""


class Unit(IntEnum):
    """What one leaf stands for."""

    TOKEN = 1
    DELTA = 2
    MESSAGE = 3


class Kind(IntEnum):
    """What a piece of a response belongs to."""

    TEXT = 1
    REASONING = 2
    CALL = 3
    ARGUMENTS = 4


@dataclass(frozen=True, slots=True)
class TokenLeaf:
    """One leaf. `monotonic` and `wall` (since 1970) are in nanoseconds; `digest` is salted."""

    unit: Unit
    kind: Kind
    part: int
    monotonic: int
    wall: int
    digest: bytes

    def __bytes__(self) -> bytes:
        return _LEAF.pack(VERSION, self.unit, self.kind, self.part, self.monotonic, self.wall, self.digest)

    @classmethod
    def from_bytes(cls, data: bytes) -> TokenLeaf:
        """The leaf of 53 bytes. Raises BadProof."""
        if len(data) != LEAF_SIZE or data[0] != VERSION:
            raise BadProof(f"{len(data)} bytes are no token's leaf of version {VERSION}; a newer Waypost may read them")
        _, unit, kind, part, monotonic, wall, digest = _LEAF.unpack(data)
        try:
            return cls(Unit(unit), Kind(kind), part, monotonic, wall, digest)
        except ValueError as problem:
            raise BadProof(f"a token's leaf of an unknown unit or kind: {problem}") from problem


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a response's event says of its tokens: what they are, how many, and their root."""

    unit: Unit
    count: int
    root: bytes

    def to_json(self) -> dict[str, Any]:
        """As it stands in an event's header, under `tokens`."""
        return {"count": self.count, "root": self.root.hex(), "unit": self.unit.name.lower()}

    @classmethod
    def from_json(cls, data: object) -> Commitment:
        """Reads a header's `tokens`. Raises BadProof."""
        if isinstance(data, Mapping) and set(data) == {"count", "root", "unit"}:
            unit, count, root = data["unit"], data["count"], data["root"]
            names = {one.name.lower(): one for one in Unit}
            whole = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= LARGEST_COUNT
            if whole and isinstance(unit, str) and unit in names and isinstance(root, str):
                found = _from_hex(root)
                if found is not None and (count == 0) == (found == EMPTY_ROOT):
                    return cls(names[unit], count, found)
        raise BadProof("the event commits to no tokens, or in a form that this Waypost can't read")


def token_leaves(unit: Unit, pieces: Iterable[Piece], seed: bytes) -> list[bytes]:
    """The leaves of one response, in order of arrival. `seed` is the salt of the event's payload. Raises BadProof."""
    pieces = pieces if isinstance(pieces, Sequence) else list(pieces)
    pack, sha256, salts = _LEAF.pack, hashlib.sha256, salts_from(seed, len(pieces))
    try:
        return [
            pack(VERSION, unit, kind, part, monotonic, wall, sha256(salt + text).digest())
            for (kind, part, text, monotonic, wall), salt in zip(pieces, salts, strict=True)
        ]
    except struct.error as problem:
        raise BadProof(f"a token's part or time is out of range: {problem}") from problem


def commitment(unit: Unit, leaves: Sequence[bytes]) -> Commitment:
    """What the event says of these leaves."""
    return Commitment(unit, len(leaves), Nodes(leaf_hashes(leaves)).root)


@dataclass(frozen=True, slots=True)
class TokenProof:
    """That a leaf is the token `index` of a response; with salt and text where they are disclosed."""

    index: int
    path: Proof
    leaf: TokenLeaf
    salt: bytes | None = None
    text: bytes = b""

    def verify(self, committed: Commitment) -> None:
        """Checks the proof against what the response's event says. Raises BadProof."""
        verify_inclusion(leaf_hash(bytes(self.leaf)), self.index, committed.count, self.path, committed.root)
        if self.leaf.unit is not committed.unit:
            raise BadProof(f"the leaf is a {self.leaf.unit.name.lower()}, the event counts {committed.unit.name}S")
        if self.salt is not None:
            check_digest(self.leaf.digest, self.salt, self.text)

    def __bytes__(self) -> bytes:
        disclosed = b"" if self.salt is None else self.salt + self.text
        head = self.index.to_bytes(4, "big") + bytes([len(self.path), self.salt is not None])
        return b"".join((head, *self.path, bytes(self.leaf), disclosed))

    @classmethod
    def from_bytes(cls, data: bytes) -> TokenProof:
        """Reads `bytes(proof)`. Raises BadProof."""
        end = 6 + HASH_SIZE * data[4] if len(data) > 5 else 0
        disclosed = data[end + LEAF_SIZE :]
        if not end or len(data) < end + LEAF_SIZE or data[5] > 1 or (data[5] == 0) != (not disclosed):
            raise BadProof(f"{len(data)} bytes are no proof of a token")
        if disclosed and len(disclosed) < SALT_SIZE:
            raise BadProof("a token is disclosed without its whole salt")
        path = tuple(data[i : i + HASH_SIZE] for i in range(6, end, HASH_SIZE))
        leaf = TokenLeaf.from_bytes(data[end : end + LEAF_SIZE])
        salt = disclosed[:SALT_SIZE] if disclosed else None
        return cls(int.from_bytes(data[:4], "big"), path, leaf, salt, disclosed[SALT_SIZE:])


def prove_token(leaves: Sequence[bytes], index: int) -> TokenProof:
    """The proof of one token of a response, with nothing disclosed. Raises BadProof."""
    nodes = Nodes(leaf_hashes(leaves))
    path = inclusion_proof(nodes, index, nodes.size)
    return TokenProof(index, path, TokenLeaf.from_bytes(leaves[index]))


def disclose(proof: TokenProof, seed: bytes, text: bytes) -> TokenProof:
    """The proof with the token's text, and its salt out of the response's. Raises BadProof for another text."""
    salt = salts_from(seed, proof.index + 1)[proof.index]
    check_digest(proof.leaf.digest, salt, text)
    return TokenProof(proof.index, proof.path, proof.leaf, salt, text)


def _from_hex(text: str) -> bytes | None:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if len(data) == HASH_SIZE and data.hex() == text else None
