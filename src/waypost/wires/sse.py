"""Server-sent events as the WHATWG's HTML standard has them (section 9.2.6), over bytes in any pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from waypost.wires.canonical import Json, canonical


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One dispatched event; `name` is empty where the stream named none."""

    name: str
    data: str


class EventParser:
    """Cuts a byte stream into events; each byte is looked at a bounded number of times."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # pieces: one long line in small chunks must not cost its square
        self._after_return = False
        self._is_first_line = True
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that end within this chunk."""
        if self._after_return and chunk:
            # The line feed of a CRLF that the chunks' boundary cut in two.
            chunk = chunk.removeprefix(b"\n")
            self._after_return = False
        start = 0
        for end in _LINE_END.finditer(chunk):
            self._line.append(chunk[start : end.start()])
            start = end.end()
            yield from self._end_line()
        self._after_return = chunk.endswith(b"\r")
        if start < len(chunk):
            self._line.append(chunk[start:])

    def end(self) -> Iterator[ServerEvent]:
        """The event that the stream's end left without its blank line.

        The standard discards it; servers that forget the last newline are common, so it is handed out
        and whoever reads it decides whether it is whole.
        """
        if any(self._line):
            yield from self._end_line()
        yield from self._dispatch()

    def _end_line(self) -> Iterator[ServerEvent]:
        line = b"".join(self._line)
        self._line.clear()
        if self._is_first_line:
            line = line.removeprefix(b"\xef\xbb\xbf")
            self._is_first_line = False
        if line:
            self._take_field(line)
        else:
            yield from self._dispatch()

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"data":
            self._data.append(text)
        elif name == b"event":
            self._name = text

    def _dispatch(self) -> Iterator[ServerEvent]:
        name, data = self._name, self._data
        self._name, self._data = "", []
        if data:
            yield ServerEvent(name, "\n".join(data))


def frame(data: Json | str, name: str = "") -> bytes:
    """One event's bytes; `data` must not hold line breaks when it is a string."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + (data.encode() if isinstance(data, str) else canonical(data)) + b"\n\n"


_LINE_END = re.compile(rb"\r\n|\n|\r")
