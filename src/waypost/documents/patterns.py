"""Patterns of file names, matched as .gitignore matches them."""

from __future__ import annotations

import re
from functools import lru_cache

_WILD = re.compile(r"[*?\[{]")


def is_wild(pattern: str) -> bool:
    """Whether a text is a pattern at all, and not a plain part of a path."""
    return bool(_WILD.search(pattern))


def is_too_wild(pattern: str) -> bool:
    """Whether matching might take for ever: each further star multiplies the ways to match."""
    names = pattern.split("/")
    return len(pattern) > 400 or names.count("**") > 3 or any(name.count("*") > 3 for name in names)


def matches(pattern: str, path: str) -> bool:
    """Whether a path (relative, with slashes) matches: without a slash by its name, else by all of it.

    `*` and `?` stop at slashes, `**` does not, `{a,b}` is either, `!` before the pattern negates it.
    """
    if pattern.startswith("!"):
        return not matches(pattern[1:], path)
    wanted = pattern.removeprefix("./")
    if "/" not in wanted.rstrip("/"):
        path = path.rpartition("/")[2] if not wanted.endswith("/") else path
    if wanted.endswith("/"):
        wanted += "**"
    return _compiled(wanted.removeprefix("/")).fullmatch(path) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_translated(pattern), re.DOTALL)


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|\{|\}|,|\\.|.", re.DOTALL)


def _translated(pattern: str) -> str:
    written: list[str] = []
    depth = 0
    balanced = pattern.count("{") == pattern.count("}")
    for piece in _TOKEN.findall(pattern):
        if piece in _WILDCARDS:
            written.append(_WILDCARDS[piece])
        elif len(piece) > 2 and piece[0] == "[":
            written.append(_character_set(piece[1:-1]))
        elif piece == "{" and balanced:
            depth += 1
            written.append("(?:")
        elif piece == "}" and depth:
            depth -= 1
            written.append(")")
        elif piece == "," and depth:
            written.append("|")
        else:
            written.append(re.escape(piece[-1] if piece[0] == "\\" else piece))
    return "".join(written) + ")" * depth


_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _character_set(inner: str) -> str:
    negated, inner = inner.startswith("!"), inner.removeprefix("!")
    safe = re.sub(r"([\\\]\[^&~|])", r"\\\1", inner).replace("--", "\\--")
    try:
        re.compile(f"[{safe}]")
    except re.error:  # a range that runs backwards matches nothing
        return "(?!)"
    return f"[{'^' if negated else ''}{safe}]"
