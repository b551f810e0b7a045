"""Digests that tell nothing once their salt is gone.

The tree holds H(salt || content); the salt lies with the content, outside of it. Erase both, and what stays proves
that something was there, and cannot be guessed back, however short it was.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from waypost.ledger.errors import BadProof

SALT_SIZE = 16
_LABEL = b"waypost/salts/v1\n"


def new_salt() -> bytes:
    """Sixteen bytes of the system's randomness."""
    return os.urandom(SALT_SIZE)


def salted_digest(salt: bytes, content: bytes) -> bytes:
    """SHA-256(salt || content); the salt has 16 bytes, so that no other split gives the same. Raises BadProof."""
    if len(salt) != SALT_SIZE:
        raise BadProof(f"a salt of {len(salt)} bytes; it has {SALT_SIZE}")
    return hashlib.sha256(salt + content).digest()


def check_digest(digest: bytes, salt: bytes, content: bytes) -> None:
    """Checks that the digest is of this content under this salt. Raises BadProof."""
    if not hmac.compare_digest(salted_digest(salt, content), digest):
        raise BadProof("the content is not what was committed to: it, its salt or the digest was changed")


def salts_from(seed: bytes, count: int) -> list[bytes]:
    """One salt for each part of a content, all from the content's own salt.

    SHAKE-256 of a label and the seed, cut into pieces: one piece tells nothing about the seed or another piece, so a
    part can be disclosed without its neighbours. With the seed all of them are gone.
    """
    if len(seed) != SALT_SIZE:
        raise BadProof(f"a salt of {len(seed)} bytes; it has {SALT_SIZE}")
    stream = hashlib.shake_256(_LABEL + seed).digest(SALT_SIZE * count)
    return [stream[i : i + SALT_SIZE] for i in range(0, len(stream), SALT_SIZE)]
