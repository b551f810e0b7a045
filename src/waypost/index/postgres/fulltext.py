"""The full text of chunks as PostgreSQL's own: the terms that ranking counts, as weighted words of a `tsvector`.

A: names that the chunk defines; B: names around it; C: its path; no weight: its text. How often a word stands in a
text is in the lexicon's postings only, which ranking needs whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from waypost.index.forward import unpack
from waypost.index.terms import terms, tokens

if TYPE_CHECKING:
    from waypost.index.postgres.store import PostgresStore

LONGEST = 2_000
"""Bytes of a word; the server refuses longer ones."""
_FOUND = """
SELECT f.path, c.start_line, c.end_line, ts_rank(w.words, q.asked) AS rank
FROM (SELECT CAST($1 AS tsquery) AS asked) q JOIN words w ON w.words @@ q.asked
JOIN chunks c ON c.id = w.chunk JOIN files f ON f.id = c.file
ORDER BY rank DESC, f.path, c.start_line LIMIT CAST($2 AS bigint)
"""
_WEIGHTS = {":n": "A", ":q": "B", ":p": "C", ":s": "C"}


def vectors_of(packed: bytes) -> Iterator[tuple[int, str]]:
    """Each chunk's position in its file, and its `tsvector` as text. Raises ValueError: not packed terms."""
    forward = unpack(packed)
    words: list[dict[str, str]] = [{} for _ in range(len(forward.lengths))]
    start = 0
    for term, end in zip(forward.terms, forward.ends.tolist(), strict=True):
        weight = _WEIGHTS.get(term[-2:], "")
        word = term[:-2] if weight else term
        if len(word) * 4 <= LONGEST or len(word.encode()) <= LONGEST:
            for chunk in forward.chunks[start:end].tolist():
                before = words[chunk].get(word, "")
                if not before or (weight and weight < before):
                    words[chunk][word] = weight or before
        start = end
    for chunk, found in enumerate(words):
        yield chunk, " ".join(f"{quoted(word)}:1{weight}" if weight else quoted(word) for word, weight in found.items())


def quoted(word: str) -> str:
    """A word as `tsvector` and `tsquery` read it."""
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


class Found(NamedTuple):
    """A chunk that holds a word of a question; `rank` is the server's own, comparable within one answer only."""

    path: str
    start_line: int
    end_line: int
    rank: float


def full_text(store: PostgresStore, question: str, most: int = 20) -> list[Found]:
    """What the server finds by itself, as any program that speaks SQL can ask it; `search` ranks better."""
    words = sorted({term for token in tokens(question) for term in terms(token)})
    asked = " | ".join(map(quoted, words))
    rows = store.connection.run(_FOUND, [asked, str(most)]).rows
    return [Found(*row) for row in rows]
