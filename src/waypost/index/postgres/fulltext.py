"""The full text of chunks as PostgreSQL's own: the terms that ranking counts, as weighted words of a `tsvector`.

A: names that the chunk defines; B: names around it; C: its path; no weight: its text. How often a word stands in a
text is in the lexicon's postings only, which ranking needs whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from waypost.index.forward import unpack

LONGEST = 2_000
"""Bytes of a word; the server refuses longer ones."""
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
