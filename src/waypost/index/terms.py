"""What an identifier and a sentence are made of: the words by which text is found.

An identifier of several words counts as each of its words and as itself, so that `maxRetryCount` is found by `retries`
and, more surely, by its own name. Words lose plural and verb endings; nothing else is folded together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

LONGEST = 64
"""Characters of the longest identifier that is indexed; what is longer is data."""

_TOKEN = re.compile(r"\w+")
_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_WIDE_PIECE = re.compile(r"[^\W\d_]+|\d+")
_COUNTED = re.compile(r"\d{2,6}|\d{1,3}[a-z]\w*", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiouy]")
_DOUBLED = re.compile(r"([b-df-hj-kmnp-rtv-y])\1$")


def tokens(text: str) -> list[str]:
    """Runs of letters, digits and underscores, as they stand."""
    return _TOKEN.findall(text)


def words(text: str) -> Iterator[str]:
    """The terms of all tokens in their order, with repetitions."""
    for token in tokens(text):
        yield from terms(token)


@lru_cache(maxsize=65536)
def terms(token: str) -> tuple[str, ...]:
    """The stemmed words of an identifier, and the identifier itself when it has more than one.

    >>> terms("maxRetryCount")
    ('max', 'retry', 'count', 'maxretrycount')
    """
    if len(token) > LONGEST or (token[0].isdecimal() and not _COUNTED.fullmatch(token)):
        return ()
    pieces = tuple(stem(piece.lower()) for piece in _pieces(token))
    if len(pieces) == 1 and pieces[0].isalnum():
        return pieces
    whole = token.lower().strip("_")
    return (*pieces, whole) if whole else pieces


@lru_cache(maxsize=65536)
def parts(token: str) -> tuple[str, ...]:
    """The stemmed words of an identifier alone."""
    return tuple(stem(piece.lower()) for piece in _pieces(token))


def _pieces(token: str) -> list[str]:
    """The words of an identifier; `HTTPServer` is `HTTP`, `Server`, and digits stand by themselves."""
    return (_PIECE if token.isascii() else _WIDE_PIECE).findall(token)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Without the endings of plurals and verbs; short words stay as they are.

    >>> [stem(word) for word in ("retries", "classes", "parsing", "parse", "stopped", "status")]
    ['retry', 'class', 'pars', 'pars', 'stop', 'status']
    """
    if len(word) <= 3:
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= 3 and _VOWEL.search(root):
            return root[:-1] if _DOUBLED.search(root) else root.removesuffix("e")
    return word[:-1] if len(word) >= 4 and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith(("ies", "ie")):
        return word[: word.rindex("ie")] + "y" if len(word) > 4 else word
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
