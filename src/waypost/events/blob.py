"""Large texts, stored once by content hash; events refer to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from waypost.events.canonical import sha256


@dataclass(frozen=True, slots=True)
class Blob:
    """A reference to stored bytes. `content` is there only until the blob is stored."""

    sha256: str
    size: int
    content: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, content: str | bytes) -> Blob:
        """A blob of this content, to be stored with the event that carries it.

        Lone surrogates in a text (foreign bytes) are replaced, so that every blob of text reads back as text.
        """
        data = content.encode(errors="replace") if isinstance(content, str) else content
        return cls(sha256(data), len(data), data)
