"""A stored answer, read only as far as tracing needs it: its calls, and which deltas brought which characters.

The form is the one in which the log keeps answers: `parts` with their texts, and `deltas` as
`[kind, part, piece, at]`, where a piece is a text or the count of characters that come next in its part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from waypost.trace.errors import BadAnswer


@dataclass(frozen=True, slots=True)
class DeltaRange:
    """Deltas `first` to `last` of an answer, counted from 0, and when they came: nanoseconds since the request."""

    first: int
    last: int
    began: int
    ended: int
    of: int
    """How many deltas the whole answer has."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's parts and deltas as they are stored."""

    parts: tuple[dict[str, Any], ...]
    deltas: tuple[tuple[str, int, int, int], ...]
    """Kind, part, count of characters, time."""
    model: str = ""

    @classmethod
    def read(cls, content: bytes) -> Answer:
        """Reads a stored answer. Raises BadAnswer."""
        try:
            data = json.loads(content)
            deltas = tuple(
                (kind, part, piece if isinstance(piece, int) else len(piece), at)
                for kind, part, piece, at in data.get("deltas", ())
            )
            return cls(tuple(dict(part) for part in data["parts"]), deltas, str(data.get("model", "")))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise BadAnswer(f"a stored answer can't be read ({problem}); was it written by another Waypost?") from None

    def part_of(self, call: str) -> int | None:
        """The number of the part that made this call."""
        return next((number for number, part in enumerate(self.parts) if part.get("call") == call), None)

    def arguments_of(self, call: str) -> str | None:
        """The arguments of a call, as the model wrote them."""
        number = self.part_of(call)
        return None if number is None else str(self.parts[number].get("arguments", ""))

    def range_of(self, part: int, start: int, end: int) -> DeltaRange | None:
        """The deltas that brought characters `start` to `end` of a call's arguments; None where there are none."""
        found: list[tuple[int, int]] = []
        offset = 0
        for index, (kind, number, size, at) in enumerate(self.deltas):
            if number != part or kind != "arguments":
                continue
            if offset < end and offset + size > start:
                found.append((index, at))
            offset += size
        if not found:
            return None
        return DeltaRange(found[0][0], found[-1][0], found[0][1], found[-1][1], len(self.deltas))


def arguments(text: str) -> dict[str, Any]:
    """A call's arguments as an object; empty where they are none."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def value_span(text: str, key: str, start: int, end: int) -> tuple[int, int] | None:
    """Where in the arguments' own text the characters `start` to `end` of a text value stand."""
    opening = next((at for name, at in _strings(text) if name == key), None)
    if opening is None:
        return None
    places = _places(text, opening)
    if not 0 <= start <= end < len(places):
        return None
    return places[start], places[end]


def _strings(text: str) -> Iterator[tuple[str, int]]:
    """The text values of the outermost object: each key, and where the value begins within its quotes."""
    decoder = json.JSONDecoder()
    position = text.find("{") + 1
    try:
        while position and (position := _skip(text, position, " \t\r\n,")) < len(text) and text[position] == '"':
            name, position = scanstring(text, position + 1, False)
            position = _skip(text, position, " \t\r\n:")
            if text[position] == '"':
                yield name, position + 1
            _, position = decoder.raw_decode(text, position)
    except (ValueError, IndexError):
        return


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


def _places(text: str, position: int) -> list[int]:
    """Where each character of a quoted text stands, and where the last one ends; a pair of surrogates is one."""
    places: list[int] = []
    while position < len(text) and text[position] != '"':
        places.append(position)
        if text[position] != "\\":
            position += 1
        elif text[position + 1 : position + 2] != "u":
            position += 2
        else:
            is_high = text[position + 2 : position + 4].lower() in {"d8", "d9", "da", "db"}
            position += 12 if is_high and text[position + 6 : position + 9].lower() == "\\ud" else 6
    return [*places, position]
