"""How bytes and numbers are written in the C2SP formats: one text for each value, every other one refused."""

from __future__ import annotations

import base64
import binascii
import re

from waypost.ledger.tree import HASH_SIZE, LARGEST

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def to_base64(data: bytes) -> str:
    """Standard Base64 (RFC 4648, section 4) with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """The bytes of standard Base64 in its one canonical form. Raises ValueError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as problem:
        raise ValueError(f"{text[:60]!r} is not standard Base64") from problem
    if to_base64(data) != text:
        raise ValueError(f"{text[:60]!r} is Base64, but not in its canonical form")
    return data


def hash_from_base64(text: str) -> bytes:
    """A SHA-256 hash from Base64. Raises ValueError."""
    data = from_base64(text)
    if len(data) != HASH_SIZE:
        raise ValueError(f"{text[:60]!r} has {len(data)} bytes; a SHA-256 hash has {HASH_SIZE}")
    return data


def from_decimal(text: str) -> int:
    """A number of 0 to 2**63 - 1 from ASCII digits without leading zeroes. Raises ValueError."""
    if not _DECIMAL.fullmatch(text) or (value := int(text)) > LARGEST:
        raise ValueError(f"{text[:60]!r} is not a decimal number of 0 to 2**63 - 1 without leading zeroes")
    return value
