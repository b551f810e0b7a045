"""The Distinguished Encoding Rules (X.690), as far as time stamps need them: strict, bounded, and nothing guessed."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.ledger.errors import BadAnchor

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT_ID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x17, 0x18, 0x30, 0x31
_LONGEST_LENGTH = 4
_LONG_TAG = 0x1F


def context(number: int, *, constructed: bool = True) -> int:
    """The tag of a field that is told by its number."""
    return 0x80 | number | (0x20 if constructed else 0)


@dataclass(frozen=True, slots=True)
class Item:
    """A value: its tag, its content, and both with the length between them as they stood."""

    tag: int
    content: bytes
    whole: bytes


class Reader:
    """Reads the values that stand one behind the other in some bytes. Everything raises BadAnchor."""

    def __init__(self, data: bytes, what: str) -> None:
        """`what` is named in errors."""
        self._data, self._position, self._what = data, 0, what

    @property
    def is_at_end(self) -> bool:
        """Whether all was read."""
        return self._position == len(self._data)

    def any(self) -> Item:
        """The next value, whatever it is."""
        data, start = self._data, self._position
        if len(data) - start < 2:
            raise self._wrong("ends too early")
        tag, first = data[start], data[start + 1]
        if tag & _LONG_TAG == _LONG_TAG:
            raise self._wrong("holds a tag of several bytes")
        position = start + 2
        length = first
        if first & 0x80:
            size = first & 0x7F
            if not 0 < size <= _LONGEST_LENGTH:
                raise self._wrong("holds a length that DER does not have")
            length = int.from_bytes(data[position : position + size], "big")
            if length < 0x80 or length >> 8 * (size - 1) == 0:
                raise self._wrong("holds a length that is longer than it must be")
            position += size
        if position + length > len(data):
            raise self._wrong("ends too early")
        self._position = position + length
        return Item(tag, data[position : self._position], data[start : self._position])

    def take(self, tag: int) -> Item:
        """The next value, which has this tag."""
        found = self.any()
        if found.tag != tag:
            raise self._wrong(f"holds {found.tag:#04x} where {tag:#04x} must be")
        return found

    def maybe(self, *tags: int) -> Item | None:
        """The next value, if it has one of these tags."""
        if self.is_at_end or self._data[self._position] not in tags:
            return None
        return self.any()

    def inside(self, tag: int) -> Reader:
        """A reader of what is in the next value, which has this tag."""
        return Reader(self.take(tag).content, self._what)

    def integer(self) -> int:
        """The next value as a number."""
        return self._number(self.take(INTEGER).content)

    def maybe_integer(self) -> int | None:
        """The next value, if it is a number."""
        found = self.maybe(INTEGER)
        return None if found is None else self._number(found.content)

    def end(self) -> None:
        """Refuses anything that is left."""
        if not self.is_at_end:
            raise self._wrong(f"has {len(self._data) - self._position} bytes more than it should")

    def _number(self, content: bytes) -> int:
        if not content or (len(content) > 1 and content[0] in {0, 0xFF} and (content[0] ^ content[1]) < 0x80):
            raise self._wrong("holds a number that is not as short as it can be")
        return int.from_bytes(content, "big", signed=True)

    def _wrong(self, how: str) -> BadAnchor:
        return BadAnchor(f"{self._what} {how}")


def encoded(tag: int, *parts: bytes) -> bytes:
    """A value of this content."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


def encoded_integer(value: int) -> bytes:
    """A number, not negative."""
    return encoded(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def object_id(dotted: str) -> bytes:
    """The content of an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    found = b""
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        found += bytes(reversed(groups))
    return found
