"""JSON as the wires write it: the same value gives the same bytes, and nothing but legal UTF-8."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
MAX_DEPTH = 100
"""Deeper nesting is a broken model or an attack, and would exhaust the interpreter's stack."""
RAW_ARGUMENTS = "_raw"
"""Where a wire wants an object, arguments that are none travel whole under this name."""


def canonical(value: Any) -> bytes:
    """Compact JSON in UTF-8, keys in the order given; a lone surrogate becomes U+FFFD.

    Raises ValueError for NaN and the infinities, which JSON does not have.
    """
    text: str = _encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text).encode()


def canonical_text(value: Any) -> str:
    """`canonical`, as a string."""
    return canonical(value).decode()


def parse(text: str | bytes) -> Any:
    """The value of a JSON text, such that `canonical` can write it again.

    Raises ValueError, also for NaN, infinities, and nesting beyond `MAX_DEPTH`.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        value = _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Counting brackets first spares nearly every text the walk.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    return value


def parse_object(text: str | bytes) -> Json:
    """The object of a JSON text; raises ValueError, or TypeError for another value."""
    value = parse(text)
    if not isinstance(value, dict):
        raise TypeError(f"a JSON object was expected, not {type(value).__name__}")
    return value


def ordered(value: Any) -> Any:
    """The value with keys sorted at every depth, so that it has one form however it was stored."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def well_formed(value: Any) -> Any:
    """The value without lone surrogates: halves of a pair are joined, others become U+FFFD."""
    if isinstance(value, str):
        return _joined(value) if _LONE.search(value) else value
    if isinstance(value, dict):
        return {well_formed(key): well_formed(item) for key, item in value.items()}
    return [well_formed(item) for item in value] if isinstance(value, list) else value


def arguments_object(arguments: str) -> Json:
    """A call's arguments as the object that some wires want; invalid ones go under `_raw`."""
    if not arguments.strip():
        return {}
    try:
        return parse_object(arguments)
    except (ValueError, TypeError):
        return {RAW_ARGUMENTS: arguments}


def arguments_text(value: Json) -> str:
    """The inverse of `arguments_object`."""
    raw = value.get(RAW_ARGUMENTS)
    return raw if isinstance(raw, str) and len(value) == 1 else canonical_text(value)


@functools.lru_cache(maxsize=2048)  # a call's arguments are sent again with every request
def legal_arguments(arguments: str) -> str:
    """A call's arguments as the text of a JSON object, untouched where they are one.

    Many servers parse what comes back to them, and refuse the whole conversation for one bad call.
    """
    value = arguments_object(arguments)
    is_legal = bool(value) or bool(arguments.strip())
    return arguments if is_legal and value != {RAW_ARGUMENTS: arguments} else canonical_text(value)


def raw_arguments(text: str) -> str:
    """The inverse of `legal_arguments`."""
    value = arguments_object(text)
    return arguments_text(value) if value.keys() == {RAW_ARGUMENTS} else text


def legal_name(name: str) -> str:
    """A tool's name that every provider takes, also for a name that the model made up."""
    return _ILLEGAL.sub("_", name)[:64] or "unnamed"


def _joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _depth(value: Any) -> int:
    """How deeply a value nests, told without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [inner for item in level if isinstance(item, dict | list) for inner in _members(item)]
    return depth


def _members(item: Json | list[Any]) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_LONE = re.compile("[\ud800-\udfff]")
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode
