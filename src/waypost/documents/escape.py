"""Text that an agent or a tool wrote, made harmless for a Markdown file: one line, no markup that acts."""

from __future__ import annotations

import re

_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")


def inline(text: str) -> str:
    """One line that can stand in a bullet: it opens no block, closes no comment, links to nothing."""
    flat = " ".join(text.replace("\0", "\ufffd").split())
    flat = _ENTITY.sub("&amp;", flat).replace("<", "&lt;").replace(">", "&gt;")
    flat = flat.replace("](", "]\\(")
    return _open(flat)


def cell(text: str) -> str:
    """One line that can stand in a table's cell: as inline, and its pipes are no borders."""
    # Backslashes before a pipe are doubled: renderers differ on whether `\\|` is a border.
    return re.sub(r"(\\*)\|", r"\1\1\\|", inline(text))


def fenced(text: str, language: str = "text") -> str:
    """Several lines kept as they are, in a fence longer than any inside; block markers are broken up."""
    clean = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    clean = re.sub(r"<!--(?=[ \t]*/?waypost:)", "<!- -", clean)
    longest = max((len(run) for run in re.findall(r"`+", clean)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{clean}\n{fence}"


def _open(text: str) -> str:
    if not text:
        return text
    if text[0] in "#*+=~`|_-":
        return "\\" + text
    return re.sub(r"^([0-9]{1,9})([.)])(?= |$)", r"\1\\\2", text)
