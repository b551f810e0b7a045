"""Canonical bytes: one value, one byte string, on every machine and in every year."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


class NotCanonical(TypeError):
    """A value with no canonical form: a float, a set, an integer beyond 2**53."""


def canonical(value: Any) -> bytes:
    """The value as JSON in UTF-8: keys sorted, no spaces, no floats (the RFC 8785 form of such values).

    Takes None, bool, int within ±2**53, str, list or tuple, and dict with ASCII str keys. Raises NotCanonical.
    """
    _check(value)
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as problem:
        raise NotCanonical(f"a lone surrogate has no UTF-8 form: {problem.object[problem.start]!r}") from problem


def sha256(data: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf of a Merkle tree, SHA-256 (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def _check(value: Any) -> None:
    cls = value.__class__
    if cls is str or value is None or cls is bool:
        return
    if cls is int:
        if not -(2**53) <= value <= 2**53:
            raise NotCanonical(f"{value} does not survive every JSON reader; store it as text")
    elif cls is dict:
        for key, item in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise NotCanonical(f"key {key!r} is not ASCII text")
            _check(item)
    elif cls is list or cls is tuple:
        for item in value:
            _check(item)
    else:
        _check_other(value)


def _check_other(value: Any) -> None:
    """Values of classes that are made from those that JSON has: names in an enumeration, records."""
    if isinstance(value, int):
        _check(int(value))
    elif isinstance(value, dict):
        _check(dict(value))
    elif isinstance(value, list | tuple):
        _check(list(value))
    elif not isinstance(value, str):
        raise NotCanonical(f"{type(value).__name__} has no canonical form: {value!r}")
