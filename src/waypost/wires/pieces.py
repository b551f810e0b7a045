"""Texts in pieces, as a server streams them."""

from __future__ import annotations

from collections.abc import Iterator


def pieces(text: str, size: int = 200) -> Iterator[str]:
    """The text's consecutive pieces of at most `size` characters."""
    return (text[start : start + size] for start in range(0, len(text), size))
