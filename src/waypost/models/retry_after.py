"""When a provider says to come back (RFC 9110, section 10.2.3, and a common finer header)."""

from __future__ import annotations

import math
from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (seconds since the epoch), or None where no header says so legibly."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return _until(value, now) if seconds is None else seconds


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(value: str | None, now: float) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return max(parsedate_to_datetime(value or "").timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
