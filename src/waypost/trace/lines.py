"""Files as lines, and what a line is worth as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable

LETTERS = 8
"""Letters and digits that a line must have before its text alone says anything."""
_WORD = re.compile(r"[^\W_]", re.UNICODE)
_LETTERS_ONLY = re.compile(r"[A-Za-z]+")
_EMPTY_WORDS = frozenset(
    """return raise pass break continue else elif try finally catch end begin do done fi esac then endif default yield
    await true false none null nil undefined self this void public private static export const let var new not and or
    if while for in is exit except exception import from annotations future super constructor""".split()  # noqa: SIM905
)


def text_of(data: bytes) -> str:
    """A file's bytes as text with `\\n` alone; bytes that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")


def lines_of(text: str) -> list[str]:
    """The lines as git counts them: ended by `\\n` alone."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def is_binary(data: bytes) -> bool:
    """Whether git would take these bytes for no text."""
    return b"\0" in data[:8000]


def is_significant(line: str) -> bool:
    """Whether the line's text says something by itself: `}`, `return`, `else:` and blank lines don't."""
    if len(_WORD.findall(line)) < LETTERS:
        return False
    words = _LETTERS_ONLY.findall(line)
    return not words or any(word.lower() not in _EMPTY_WORDS for word in words)


def joined(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as pairs of first and last."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
