"""A command's output as plain lines: no colours, no progress bars, no foreign bytes, no line of a megabyte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LONGEST_LINE = 500
_CUT_LINE_HEAD, _CUT_LINE_TAIL = 360, 100

# ECMA-48: control sequences (colours, cursor), operating system commands (titles, links), two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SHORTEST_SECRET = 4


def plain_lines(output: bytes | str, checkout: Path | None = None) -> list[str]:
    """The lines of an output, clean and clipped; paths in the checkout are made relative to it."""
    text = output.decode(errors="replace") if isinstance(output, bytes) else output
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    for place in _places(checkout):
        text = text.replace(f"file://{place}/", "").replace(f"{place}/", "")
        text = re.sub(rf"{re.escape(place)}(?=['\"\s:,;)]|$)", ".", text)
    return [_clip(_shown(line)) for line in text.split("\n")]


def redact(text: bytes, secrets: Mapping[str, str]) -> bytes:
    """The text with each secret's value replaced by its name.

    Values shorter than four characters stay: they are no secrets, and hiding them would spoil the text.
    """
    for name, value in sorted(secrets.items(), key=lambda item: -len(item[1])):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value.encode(errors="surrogateescape"), f"[{name}]".encode())
    return text


def _places(checkout: Path | None) -> list[str]:
    """The checkout's names, the longest first."""
    return sorted({str(checkout), str(checkout.resolve())}, key=len, reverse=True) if checkout else []


def _shown(line: str) -> str:
    """What a terminal shows in the end of a line that was written over by carriage returns."""
    kept = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    return _CONTROLS.sub("", kept).rstrip()


def _clip(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    left_out = len(line) - _CUT_LINE_HEAD - _CUT_LINE_TAIL
    return f"{line[:_CUT_LINE_HEAD]} […{left_out} characters…] {line[-_CUT_LINE_TAIL:]}"
