"""Postings over a network: a word of a question brings all that ranking will ask about it in one trip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.index.conflation import abbreviations
from waypost.index.postgres.connecting import Connection
from waypost.index.postgres.dialect import array
from waypost.index.postings import Lexicon

FIELDS = (":n", ":q", ":s", ":p")
MOST_BYTES = 50_000_000
"""Postings that are held in memory."""
_FAMILY = """
SELECT term, run, postings FROM lexicon_posting
WHERE run = ANY(CAST($1 AS bigint[])) AND term = ANY(CAST($2 AS text[])) ORDER BY run
"""
_SIZE = """
SELECT coalesce(sum(length(postings)), 0)::bigint / 3 FROM lexicon_posting
WHERE run = ANY(CAST($1 AS bigint[])) AND term = $2
"""


class PostgresLexicon(Lexicon):
    """Holds what it has read until something is written."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._server = connection
        self._known: dict[str, list[tuple[int, bytes]]] = {}
        self._kin: dict[str, list[str]] = {}
        self._held = 0

    def refresh(self) -> bool:
        """Brings the view up to date; whether anything had changed."""
        changed = super().refresh()
        if changed:
            self._forget()
        return changed

    def _forget(self) -> None:
        self._known.clear()
        self._kin.clear()
        self._held = 0

    def kin(self, word: str) -> list[str]:
        """Other terms of a word's root, with the root itself."""
        found = self._kin.get(word)
        if found is None:
            found = self._kin[word] = super().kin(word)
        return found

    def _stored(self, term: str) -> Iterator[tuple[int, bytes]]:
        known = self._known.get(term)
        if known is None:
            word = term[:-2] if term.endswith(FIELDS) else term
            self._load({term, *_family(word, self.kin(word))})
            known = self._known[term]
        yield from known

    def _load(self, terms: set[str]) -> None:
        if self._held > MOST_BYTES:
            self._forget()
        wanted = sorted(term for term in terms if term not in self._known)
        self._known.update((term, []) for term in wanted)
        for term, run, postings in self._server.run(_FAMILY, [array(self._runs), array(wanted)]).rows:
            self._known[term].append((run, postings))
            self._held += len(postings)

    def _stored_size(self, term: str) -> int:
        known = self._known.get(term)
        if known is not None:
            return sum(len(postings) // 3 for _, postings in known)
        return int(self._server.run(_SIZE, [array(self._runs), term]).rows[0][0])


def _family(word: str, kin: Sequence[str]) -> Iterator[str]:
    """The terms that ranking asks for when a question has a word: abbreviations count in names and paths alone."""
    for one in (word, *kin):
        yield one
        yield from (one + field for field in FIELDS)
    for one in abbreviations(word):
        yield from (one + field for field in FIELDS if field != ":q")
