"""The numbers that people write: `600k`, `90m`, `$2.50`. Each function answers None to anything else."""

from __future__ import annotations

import re
from decimal import Decimal

COUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?([kKmM]?)")
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smh]?)")
MONEY = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,6})?)")
SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def count(text: str) -> int | None:
    """`12`, `600k`, `1.5M`: a whole number."""
    match = COUNT.fullmatch(text)
    if match is None:
        return None
    amount = Decimal(f"{match[1]}.{match[2] or 0}") * SCALE[match[3].lower()]
    return int(amount) if amount == int(amount) else None


def seconds(text: str) -> float | None:
    """`300`, `90s`, `5m`, `1.5h`: a time longer than nothing, in seconds."""
    match = DURATION.fullmatch(text)
    return (float(match[1]) * SECONDS[match[2]] or None) if match else None


def dollars(text: str) -> Decimal | None:
    """`$2.50` or `2.50`."""
    match = MONEY.fullmatch(text)
    return Decimal(match[1]) if match else None
