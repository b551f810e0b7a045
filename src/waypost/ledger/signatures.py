"""The keys that sign notes, as strings: C2SP signed-note (Ed25519) and tlog-cosignature (Ed25519 and ML-DSA-44)."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from waypost.ledger.errors import BadKey, BadNote, BadSignature
from waypost.ledger.textual import from_base64, from_decimal, hash_from_base64, to_base64
from waypost.ledger.tree import LARGEST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

_TIME_SIZE = 8
_SIGNER_PREFIX = "PRIVATE+KEY+"


class Algorithm(IntEnum):
    """What a key does; the number is the signature type of C2SP signed-note."""

    ED25519 = 0x01
    COSIGNATURE = 0x04  # Ed25519 over a checkpoint and the time at which it was seen
    COSIGNATURE_ML_DSA_44 = 0x06  # FIPS 204 over the same, and the cosigner's name

    @property
    def is_timed(self) -> bool:
        """Whether what it signs is a cosignature."""
        return self is not Algorithm.ED25519

    @property
    def public_size(self) -> int:
        """Bytes of a public key."""
        return 1312 if self is Algorithm.COSIGNATURE_ML_DSA_44 else 32

    @property
    def signature_size(self) -> int:
        """Bytes of a signature, without a cosignature's time."""
        return 2420 if self is Algorithm.COSIGNATURE_ML_DSA_44 else 64


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it says it is, and the bytes after the key's id."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. `public` has 32 bytes (RFC 8032), or 1312 (FIPS 204, ML-DSA-44)."""

    name: str
    algorithm: Algorithm
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key of `name+id+base64`. Raises BadKey."""
        name, algorithm, public = _parse(text, "a verifier key")
        verifier = cls(name, algorithm, public)
        if str(verifier) != text:
            raise BadKey(f"verifier key {text[:80]!r}: its id is not that of the key; copy it again, whole")
        return verifier

    def __str__(self) -> str:
        material = bytes([self.algorithm]) + self.public
        return f"{self.name}+{self.key_id.hex()}+{to_base64(material)}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, tell which key signed."""
        material = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(material).digest()[:4]

    def verify(self, text: str, value: bytes) -> int | None:
        """Checks a signature over a note's text; a cosignature's time in seconds since 1970.

        Raises BadSignature, or BadKey for a kind of key that the installed cryptography can't use.
        """
        from cryptography.exceptions import InvalidSignature

        seconds, signature = self._split(value)
        try:
            _public_key(self.algorithm, self.public).verify(signature, self.message(text, seconds))
        except (InvalidSignature, ValueError) as problem:
            raise BadSignature(
                f"the signature of {self.name} does not fit the text: one of them was changed, or another key made it"
            ) from problem
        return seconds

    def _split(self, value: bytes) -> tuple[int | None, bytes]:
        timed = self.algorithm.is_timed
        expected = self.algorithm.signature_size + _TIME_SIZE * timed
        if len(value) != expected:
            raise BadSignature(f"the signature of {self.name} has {len(value)} bytes, not {expected}")
        if not timed:
            return None, value
        seconds = int.from_bytes(value[:_TIME_SIZE], "big")
        if seconds > LARGEST:
            raise BadSignature(f"the cosignature of {self.name} has a time beyond 2**63 - 1")
        return seconds, value[_TIME_SIZE:]

    def message(self, text: str, seconds: int | None) -> bytes:
        """What is signed: the note's text, after two more lines for a cosignature; or what stands for it (ML-DSA)."""
        if seconds is None:
            return text.encode()
        if self.algorithm is Algorithm.COSIGNATURE_ML_DSA_44:
            return _cosigned_message(self.name, seconds, text)
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under a name. `seed` has 32 bytes (RFC 8032, FIPS 204) and is never shown by `repr`."""

    name: str
    algorithm: Algorithm
    seed: bytes = field(repr=False)

    @classmethod
    def new(cls, name: str, algorithm: Algorithm = Algorithm.ED25519) -> Signer:
        """A fresh key from the system's randomness. Raises BadKey for a name that can't sign."""
        check_name(name)
        return cls(name, algorithm, os.urandom(32))

    @classmethod
    def parse(cls, text: str) -> Signer:
        """The key of `PRIVATE+KEY+name+id+base64`. Raises BadKey, which never quotes the key."""
        if not text.startswith(_SIGNER_PREFIX):
            raise BadKey(f"a signer key starts with {_SIGNER_PREFIX}; this text does not")
        signer = cls(*_parse(text.removeprefix(_SIGNER_PREFIX), "a signer key", secret=True))
        if signer.text() != text:
            raise BadKey(f"signer key of {signer.name}: its id is not that of the key; put back an undamaged copy")
        return signer

    def text(self) -> str:
        """The key as one secret line, for its file only."""
        material = bytes([self.algorithm]) + self.seed
        return f"{_SIGNER_PREFIX}{self.name}+{self.verifier.key_id.hex()}+{to_base64(material)}"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = _private_key(self.algorithm, self.seed).public_key().public_bytes_raw()
        return Verifier(self.name, self.algorithm, public)

    def sign(self, text: str, seconds: int | None = None) -> Signature:
        """Signs a note's text; a cosignature with the time, in seconds since 1970 (now, where none is given)."""
        verifier, prefix = self.verifier, b""
        if self.algorithm.is_timed:
            seconds = int(time.time()) if seconds is None else seconds
            if not 0 <= seconds <= LARGEST:
                raise BadNote(f"time {seconds} can't be cosigned; it takes seconds since 1970")
            prefix = seconds.to_bytes(_TIME_SIZE, "big")
        elif seconds is not None:
            raise BadNote(f"the key {self.name} signs no times; use a cosignature key")
        value = _private_key(self.algorithm, self.seed).sign(verifier.message(text, seconds))
        return Signature(self.name, verifier.key_id, prefix + value)


def check_name(name: str) -> None:
    """Refuses what can't be a key's name. Raises BadKey."""
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise BadKey(f"key name {name[:80]!r}: it must have letters, and no spaces, control characters or plus signs")
    try:
        name.encode()
    except UnicodeEncodeError as problem:
        raise BadKey(f"key name {name[:80]!r} has no UTF-8 form") from problem


def _cosigned_message(name: str, seconds: int, text: str) -> bytes:
    """The `cosigned_message` of tlog-cosignature, of a whole tree. Raises BadSignature for a text that has none."""
    lines, signer = text.split("\n"), name.encode()
    try:
        origin, size, root = lines[0].encode(), from_decimal(lines[1]), hash_from_base64(lines[2])
    except (ValueError, IndexError) as problem:
        raise BadSignature(f"the cosignature of {name} is over a text that is no checkpoint") from problem
    if not 0 < len(origin) < 256 or len(signer) > 255:
        raise BadSignature(f"the cosignature of {name}: a name of more than 255 bytes")
    numbers = (seconds.to_bytes(8, "big"), bytes([len(origin)]), origin, bytes(8), size.to_bytes(8, "big"))
    return b"".join((b"subtree/v1\n\0", bytes([len(signer)]), signer, *numbers, root))


def _private_key(algorithm: Algorithm, seed: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if algorithm is Algorithm.COSIGNATURE_ML_DSA_44:
        with _supported():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

            return MLDSA44PrivateKey.from_seed_bytes(seed)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_key(algorithm: Algorithm, public: bytes) -> Ed25519PublicKey | MLDSA44PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if algorithm is Algorithm.COSIGNATURE_ML_DSA_44:
        with _supported():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

            return MLDSA44PublicKey.from_public_bytes(public)
    return Ed25519PublicKey.from_public_bytes(public)


@contextmanager
def _supported() -> Iterator[None]:
    """ML-DSA came to the cryptography package late, and some of its builds can't do it."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        yield
    except (ImportError, UnsupportedAlgorithm) as problem:
        raise BadKey("ML-DSA keys can't be used with the installed `cryptography`; install a newer one") from problem


def _parse(text: str, what: str, *, secret: bool = False) -> tuple[str, Algorithm, bytes]:
    shown = "" if secret else f" {text[:80]!r}"
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise BadKey(f"{what}{shown} has the form name+id+base64 with an id of 8 lower-case hexadecimal digits")
    check_name(parts[0])
    try:
        material = from_base64(parts[2])
    except ValueError as problem:
        raise BadKey(f"{what}{shown}: what follows the id is not Base64; copy it again, whole") from (
            None if secret else problem
        )
    if not material or material[0] not in list(Algorithm):
        raise BadKey(f"{what}{shown} is of a kind that is not supported; 1 (Ed25519), 4 and 6 (cosignatures) are")
    algorithm = Algorithm(material[0])
    size = 32 if secret else algorithm.public_size
    if len(material) != 1 + size:
        raise BadKey(f"{what}{shown} has {len(material) - 1} bytes of key, not {size}")
    return parts[0], algorithm, material[1:]
