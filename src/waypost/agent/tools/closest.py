"""Where a text that is not in a file was probably meant to be, and what differs there."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.agent.tools.view import printable

_MOST_LINES = 20_000
_MOST_SHOWN = 24
_COMPARED = 5
_COMPARED_LENGTH = 2_000
_NUMBERED = re.compile(r"\s*\d+\t")
_TYPOGRAPHY = str.maketrans("‘’“”–—\u00a0", "''\"\"-- ")


@dataclass(frozen=True, slots=True)
class Closest:
    """The lines from `first` on, counted from 0, are the closest; `why` names the kind of difference."""

    first: int
    count: int
    why: str


def closest(wanted: Sequence[str], lines: Sequence[str]) -> Closest | None:
    """The place that has most lines in common with `wanted`; None where nothing is like it."""
    lines = lines[:_MOST_LINES]
    first = _by_equal_lines(wanted, lines)
    if first is None:
        first = _by_likeness(wanted, lines)
    if first is None:
        return None
    found = lines[first : first + len(wanted)]
    return Closest(first, len(found), _difference(wanted, found))


def _squeezed(line: str) -> str:
    return " ".join(line.translate(_TYPOGRAPHY).split())


def _by_equal_lines(wanted: Sequence[str], lines: Sequence[str]) -> int | None:
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        places.setdefault(_squeezed(line), []).append(number)
    votes = Counter[int]()
    for offset, line in enumerate(wanted):
        key = _squeezed(line)
        found = places.get(key, [])
        if len(key) > 2 and len(found) <= 50:  # a lone bracket tells nothing
            for number in found:
                votes[max(0, number - offset)] += len(key)
    if not votes:
        return None
    best = sorted(votes, key=lambda number: (-votes[number], number))[:_COMPARED]
    text = "\n".join(wanted)[:_COMPARED_LENGTH]
    return max(best, key=lambda number: _likeness(text, lines[number : number + len(wanted)]))


def _likeness(text: str, found: Sequence[str]) -> float:
    return difflib.SequenceMatcher(None, text, "\n".join(found)[:_COMPARED_LENGTH], autojunk=False).ratio()


def _by_likeness(wanted: Sequence[str], lines: Sequence[str]) -> int | None:
    longest = max(range(len(wanted)), key=lambda offset: len(wanted[offset]), default=None)
    if longest is None or len(wanted[longest].strip()) < 4:
        return None
    like = difflib.get_close_matches(wanted[longest], [line for line in lines[:4_000] if len(line) < 200], 1, 0.6)
    return max(0, lines.index(like[0]) - longest) if like else None


def _difference(wanted: Sequence[str], found: Sequence[str]) -> str:
    pairs = list(zip(wanted, found, strict=False))
    if len(wanted) != len(found):
        return "the file ends before"
    if all(ours.rstrip() == theirs.rstrip() for ours, theirs in pairs):
        carriage = any(theirs.endswith("\r") != ours.endswith("\r") for ours, theirs in pairs)
        return "line ends differ (CRLF against LF)" if carriage else "only whitespace at line ends differs"
    if all(ours.strip() == theirs.strip() for ours, theirs in pairs):
        tabs = any("\t" in (ours + theirs)[:40] for ours, theirs in pairs)
        return "only the indentation differs" + (" (tabs against spaces?)" if tabs else "")
    if all(_squeezed(ours) == _squeezed(theirs) for ours, theirs in pairs):
        return "only whitespace or typographic quotes and dashes differ"
    return ""


def holds_line_numbers(wanted: Sequence[str]) -> bool:
    """Whether lines were copied together with the numbers that `read` puts before them."""
    return bool(wanted) and all(_NUMBERED.match(line) for line in wanted if line.strip())


def shown_beside(wanted: Sequence[str], lines: Sequence[str], place: Closest) -> str:
    """The closest lines against the wanted ones: `-` what was asked for, `+` what the file has."""
    found = [line.removesuffix("\r") for line in lines[place.first : place.first + place.count]]
    view = [line for line in difflib.ndiff(list(wanted), found) if not line.startswith("?")]
    more = len(view) - _MOST_SHOWN
    if more > 0:
        view = [*view[:_MOST_SHOWN], f"… {more} more lines"]
    return printable("\n".join(line[:300].rstrip() if line[:1] == " " else line[:300] for line in view))
