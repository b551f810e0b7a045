"""The room's writer with few trips to the server: files are gathered, looked up together, and sent by COPY."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from waypost.index.analysing import Outcome
from waypost.index.keeping import names_of
from waypost.index.packing import Packed, from_bytes, to_bytes
from waypost.index.postgres.dialect import array, text
from waypost.index.postgres.fulltext import vectors_of
from waypost.index.writing import MOST_NAMES, NOTHING, Writer, counted

if TYPE_CHECKING:
    from waypost.index.postgres.store import PostgresStore

GATHERED = 128
"""Files that are looked up together."""
MOST_CONTENTS = 1_000_000_000
"""Bytes of contents that are shared in a project; the oldest go first."""
ANALYZED = ("files", "names", "symbols", '"references"', "imports", "inherits", "chunks", "lexicon_posting")
_OLD = """
SELECT path, id, directory, left_out, status, lines, chunk_base, chunks, symbol_base, symbols, names
FROM files WHERE path = ANY(CAST($1 AS text[]))
"""
_NAMES = "SELECT name, id FROM names WHERE lower(name) = ANY(CAST($1 AS text[])) AND name = ANY(CAST($2 AS text[]))"
_TAKE = """
SELECT packed, terms FROM waypost.contents WHERE project = $1 AND made_by = $2 AND path = $3 AND digest = $4
"""
_TRIM = """
DELETE FROM waypost.contents c USING (
    SELECT ctid AS place, sum(length(packed) + length(terms)) OVER (ORDER BY added DESC, path) AS size
    FROM waypost.contents WHERE project = $1
) AS old WHERE c.ctid = old.place AND old.size > $2
"""
_SHARE = """
INSERT INTO waypost.contents (project, made_by, path, digest, packed, terms)
SELECT CAST($1 AS text), CAST($2 AS text), * FROM
    unnest(CAST($3 AS text[]), CAST($4 AS bytea[]), CAST($5 AS bytea[]), CAST($6 AS bytea[]))
ON CONFLICT DO NOTHING
"""
_GONE = "DELETE FROM {table} WHERE {column} = ANY(CAST($1 AS bigint[]))"
_UNREFERRED = """
DELETE FROM "references" r USING unnest(CAST($1 AS bigint[]), CAST($2 AS bigint[])) AS gone(name, file)
WHERE r.name = gone.name AND r.file = gone.file
"""
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class PostgresWriter(Writer):
    """Takes outcomes as the room's writer does, and hands them on by the hundred."""

    store: PostgresStore

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)
        self._gathered: list[tuple[Outcome, Packed]] = []
        self._leaving: list[str] = []
        self._next: dict[str, int] = {}
        self._chunk_base = 0
        self._seen = 0

    # --- gathering ----------------------------------------------------------------------------------------------------

    def put(self, outcome: Outcome) -> bool:
        """Takes an outcome; False where what was kept is damaged and has to be parsed again."""
        packed = outcome.packed or NOTHING
        if outcome.kind == "kept":
            kept = self._take(outcome.path, outcome.digest)
            if kept is None:
                return False
            packed = kept
        if outcome.kind == "same":
            self._restamp(outcome)
        elif outcome.kind == "gone" or outcome.stamp is None:
            self._leaving.append(outcome.path)
        else:
            self._gathered.append((outcome, packed))
        if len(self._gathered) + len(self._leaving) >= GATHERED:
            self._hand_on()
        return True

    def remove(self, path: str) -> int | None:
        """Removes a file with the others; who asks has seen it among what is stored."""
        self._leaving.append(path)
        return 0

    def flush(self, *, is_last: bool) -> None:
        """Sends all that was gathered, as one update's part."""
        self._hand_on()
        super().flush(is_last=is_last)
        for name, number in self._next.items():
            self.store.set_meta(name, number)

    # --- handing on ---------------------------------------------------------------------------------------------------

    def _hand_on(self) -> None:
        if not self._gathered and not self._leaving:
            return
        gathered, self._gathered = self._gathered, []
        leaving, self._leaving = self._leaving, []
        self._seen += len(gathered) + len(leaving)
        numbers = self._remove_all([*leaving, *(outcome.path for outcome, _ in gathered)])
        self._learn(sorted({name for _, packed in gathered for name in packed.names if name not in self._names}))
        for outcome, packed in gathered:
            number = numbers.get(outcome.path) or self._reserve("next_file", 1)
            if outcome.stamp is not None:
                self._insert(number, outcome, outcome.stamp, packed)
        self._share(gathered)

    def _remove_all(self, paths: Sequence[str]) -> dict[str, int]:
        """Removes files; the numbers that they had."""
        connection = self.store.connection
        rows = connection.run(_OLD, [array(paths)]).rows
        if not rows:
            return {}
        names, files, chunks, symbols = list[int](), list[int](), list[int](), list[int]()
        for _, file, directory, left_out, status, lines, chunk_base, chunk_count, base, count, referred in rows:
            ids = names_of(referred)
            names += ids
            files += [file] * len(ids)
            chunks += range(chunk_base, chunk_base + chunk_count)
            symbols += range(base, base + count)
            self._touched.add(directory)
            self._removed.append(file)
            self._change.subtract(counted(left_out, status, lines, chunk_count, count))
        connection.flush()
        connection.run(_UNREFERRED, [array(names), array(files)])
        gone = array([row[1] for row in rows])
        for table, column, numbers in (
            ("symbols", "id", array(symbols)), ("chunks", "id", array(chunks)), ("words", "chunk", array(chunks)),
            ("imports", "file", gone), ("inherits", "file", gone), ("files", "id", gone),
        ):  # fmt: skip
            connection.run(_GONE.format(table=table, column=column), [numbers])
        return {row[0]: row[1] for row in rows}

    def _learn(self, unknown: Sequence[str]) -> None:
        """Finds the numbers of names, and gives new ones to those that have none."""
        if not unknown:
            return
        connection, known = self.store.connection, self._names
        if len(known) > MOST_NAMES:
            known.clear()
        stored = {text(name): name for name in unknown}
        lower = sorted({one.translate(_ASCII_LOWER) for one in stored})
        for name, number in connection.run(_NAMES, [array(lower), array(list(stored))]).rows:
            known[stored[name]] = number
        new = [name for name in stored.values() if name not in known]
        first = self._reserve("next_name", len(new))
        rows = [(first + at, name) for at, name in enumerate(new)]
        connection.executemany("INSERT INTO names VALUES (?, ?)", rows)
        known.update((name, number) for number, name in rows)
        for name in unknown:
            known.setdefault(name, known[stored[text(name)]])

    def _ids(self, names: Sequence[str]) -> list[int]:
        return [self._names[name] for name in names]

    def _directory(self, path: str) -> int:
        number = self._directories.get(path)
        if number is None:
            run = self.store.connection.run
            rows = run("SELECT id FROM directories WHERE path = $1", [text(path)]).rows
            if not rows:
                parent = str(self._directory(path.rpartition("/")[0])) if path else None
                rows = run(
                    "INSERT INTO directories (path, parent) VALUES ($1, $2) RETURNING id", [text(path), parent]
                ).rows
            number = self._directories[path] = int(rows[0][0])
        return number

    def _reserve(self, counter: str, count: int) -> int:
        first = self._next.get(counter) or int(self.store.meta(counter) or 1)
        self._next[counter] = first + count
        if counter == "next_chunk":
            self._chunk_base = first
        return first

    # --- contents, which trees share ----------------------------------------------------------------------------------

    def _keep(self, file: int, path: str, digest: bytes) -> None:
        """Nothing to do: a content is kept from the day on which it is indexed."""

    def _take(self, path: str, digest: bytes) -> Packed | None:
        store = self.store
        rows = store.connection.run(_TAKE, [store.project, store.made_by, path, text(digest)]).rows
        if not rows:
            return None
        try:
            zlib.decompress(rows[0][1])
            return from_bytes(rows[0][0], rows[0][1])
        except (ValueError, zlib.error):
            return None  # damaged: it is parsed again

    def _share(self, gathered: Sequence[tuple[Outcome, Packed]]) -> None:
        """Lets the project's other trees have what was parsed."""
        rows = [
            (outcome.path, outcome.digest, to_bytes(packed), packed.terms)
            for outcome, packed in gathered
            if outcome.kind == "new" and packed.status != "quarantined"
        ]
        if rows:
            store = self.store
            columns = [array(column) for column in zip(*rows, strict=True)]
            store.connection.run(_SHARE, [store.project, store.made_by, *columns])

    def _add_terms(self, file: int, packed: Packed) -> None:  # noqa: ARG002 - the room's writer keys them by file
        vectors = vectors_of(zlib.decompress(packed.terms))
        self.store.connection.executemany(
            "INSERT INTO words VALUES (?, ?)", ((self._chunk_base + at, words) for at, words in vectors)
        )

    def _trim(self) -> None:
        if self._seen >= GATHERED:
            connection = self.store.connection
            connection.run(_TRIM, [self.store.project, str(MOST_CONTENTS)])
            connection.flush()
            connection.command(f"ANALYZE {', '.join(ANALYZED)}")  # the server's own turn may come minutes later
