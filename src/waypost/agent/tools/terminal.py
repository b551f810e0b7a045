"""A command's output as a person would see it, shortened to its head and its tail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from waypost.agent.tools.result import HANDLE

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor (ECMA-48 CSI)
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links and other strings
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\-~]"  # character sets and single functions
)
_CONTROLS = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]")


def cleaned(data: bytes) -> str:
    """UTF-8 with replacement, without escape sequences, each line as its last carriage return left it."""
    text = data.decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\b" in text:
        text = "\n".join(_backspaced(line) for line in text.split("\n"))
    if "\r" in text:
        text = "\n".join(_overwritten(line) for line in text.split("\n"))
    return _CONTROLS.sub("", text)


def _overwritten(line: str) -> str:
    """What stands there after a progress bar's last return to the line's start."""
    return line.rstrip("\r").rpartition("\r")[2]


def _backspaced(line: str) -> str:
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text, shortened or not; `handle_at` is where HANDLE stands in a shortened one."""

    text: str
    handle_at: int | None = None


def shortened(text: str, limit: int) -> Shortened:
    """At most about `limit` characters: two fifths from the head, the rest from the tail, in whole lines."""
    if len(text) <= limit:
        return Shortened(text)
    head, tail = text[: limit * 2 // 5], text[len(text) - (limit - limit * 2 // 5) :]
    # Whole lines, unless a line is so long that little would be left.
    if (cut := head.rfind("\n") + 1) > len(head) // 2:
        head = head[:cut]
    if 0 <= (cut := tail.find("\n")) < len(tail) // 2:
        tail = tail[cut + 1 :]
    left_out = len(text) - len(head) - len(tail)
    lead = head + ("" if head.endswith("\n") or not head else "\n") + f"… {left_out:,} characters left out; expand "
    return Shortened(f"{lead}{HANDLE} …\n{tail}", len(lead))
