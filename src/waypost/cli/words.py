"""How numbers, times and foreign text are written for people, and how people's amounts are read."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

UNKNOWN = "cost unknown"

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x1b\x9d]\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_AMOUNT = re.compile(r"(\d+(?:[_,]\d{3})*(?:\.\d+)?|\.\d+)\s*([kKmMgG]?)")
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?")


# --- reading ---------------------------------------------------------------------------------------------------------


def read_amount(text: str) -> int:
    """`600k`, `1.5M`, `2,000` as a whole number. Raises ValueError that names the form."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an amount; write it as 600k, 1.5M or 200000")
    return round(float(re.sub("[_,]", "", found[1])) * _SCALE[found[2].lower()])


def read_money(text: str) -> int:
    """`$2.50` or `2.5` in micro-dollars. Raises ValueError that names the form."""
    found = re.fullmatch(r"\$?\s*(\d+(?:\.\d+)?|\.\d+)", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an amount of dollars; write it as 2.50 or '$2.50'")
    return round(float(found[1]) * 1_000_000)


def read_duration(text: str) -> int:
    """`90m`, `1h30m`, `45s` or plain seconds, in milliseconds. Raises ValueError that names the form."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is not a time; write it as 90m, 1h30m or 45s")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return round(((hours * 60 + minutes) * 60 + seconds) * 1000)


# --- writing ---------------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """The text without escape sequences, control and direction characters: nothing in it can move a terminal."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, width: int = 0) -> str:
    """Clean text on one line, cut to `width` columns where a width is given."""
    joined = " ".join(clean(text).split())
    return cut(joined, width) if width else joined


def columns(text: str) -> int:
    """How many terminal columns clean text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Clean text shortened to `width` columns, with an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _columns(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def amount(number: int) -> str:
    """A count in at most four characters or so: 950, 12.4k, 1.25M."""
    number = int(number)
    for scale, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= scale * (0.9995 if scale > 1_000 else 1):
            digits = 2 if number < 10 * scale else 1 if number < 100 * scale else 0
            text = f"{number / scale:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + letter
    return str(number)


def money(micros: int) -> str:
    """Micro-dollars as dollars; cents where that says enough."""
    dollars = micros / 1_000_000
    return f"${dollars:.2f}" if dollars >= 0.1 or not micros else f"${dollars:.4f}"


def cost(micros: int, unpriced: int, answers: int) -> str:
    """A sum of which some parts may have no known price: that is said, and never shown as 0."""
    if unpriced and unpriced >= answers:
        return UNKNOWN
    return f"{money(micros)} + ?" if unpriced else money(micros)


def duration(milliseconds: float) -> str:
    """A time span: 320 ms, 4.2 s, 3 min 20 s, 2 h 05 min."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int, noun: str, many: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def moment(micros: int) -> str:
    """A time of the log as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros % 1_000_000:06d}Z"


def clock(micros: int) -> str:
    """A time of the log as a person's wall clock shows it."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).astimezone().strftime("%H:%M:%S")


def day(micros: int) -> str:
    """A time of the log as date and minute, in UTC."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def measured(budget: str, number: int) -> str:
    """A budget's number in its own unit: `cost` in dollars, `wall` as a time, the others as counts."""
    writer = {"cost": money, "wall": duration}.get(budget, amount)
    return writer(number)
