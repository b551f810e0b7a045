"""The sections of a text: from a heading to the next one that is as high."""

from __future__ import annotations

from waypost.index.defining import Captures, Definition, Outline, outlined, plain_name

_MARKS = "#=- \t\r\n"


def sections_of(captures: Captures, text: bytes) -> Outline:
    """Sections from headings, whether they begin with `#` or are underlined, nested by their level."""
    found: list[Definition] = []
    levels: list[tuple[int, int]] = []  # of the open sections: level and position
    for node in captures.get("heading", ()):
        said = text[node.start_byte : node.end_byte]
        title = plain_name(said.split(b"\n", 1)[0]).strip(_MARKS)
        level = _level(said)
        if not title:
            continue
        while levels and levels[-1][0] >= level:
            found[levels.pop()[1]].end = node.start_byte
        at = text.find(said.lstrip(b"# \t")[:1], node.start_byte)
        found.append(Definition(node.start_byte, len(text), "section", levels[-1][1] if levels else -1, title, at))
        levels.append((level, len(found) - 1))
    return outlined(found)


def _level(heading: bytes) -> int:
    text = heading.strip()
    if text.startswith(b"#"):
        return len(text) - len(text.lstrip(b"#"))
    return 1 if text.endswith(b"=") else 2
