"""Rows in and out of the store, within transactions of whoever calls."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence

from waypost.index import keeping, merkle
from waypost.index.analysing import Outcome
from waypost.index.contents import Stamp
from waypost.index.packing import Packed
from waypost.index.rows import Storage

MOST_NAMES = 200_000
"""Ids of names that are held in memory."""
NOTHING = Packed("", "", "", 0, [], [], [], [], [], [], b"")
_FILE = """
INSERT INTO files (id, path, directory, mtime_ns, ctime_ns, size, inode, read_ns, digest, left_out, language, status,
    why, lines, chunk_base, chunks, symbol_base, symbols, names)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OLD = """
SELECT id, directory, digest, left_out, status, lines, chunk_base, chunks, symbol_base, symbols, names
FROM files WHERE path = ?
"""
_IDS = """
SELECT n.id, n.name FROM json_each(?) AS wanted
JOIN names n ON n.name = wanted.value COLLATE NOCASE AND n.name = wanted.value
"""


class Writer:
    """Puts outcomes into the store. `flush` writes what was gathered, and belongs at the end of every transaction.

    It knows ids that its transactions have made: after one that was rolled back another writer is due.
    """

    def __init__(self, store: Storage) -> None:
        self.store = store
        self._names: dict[str, int] = {}
        self._directories: dict[str, int] = {}
        self._touched: set[int] = set()
        self._runs: list[tuple[int, int, bytes]] = []
        self._terms: list[tuple[int, bytes]] = []
        self._removed: list[int] = []
        self._change: Counter[str] = Counter()

    def put(self, outcome: Outcome) -> bool:
        """Takes an outcome into the tables; False where what was kept is damaged and has to be parsed again."""
        if outcome.kind == "same":
            self._restamp(outcome)
            return True
        packed = outcome.packed or NOTHING
        if outcome.kind == "kept":
            kept = self._take(outcome.path, outcome.digest)
            if kept is None:
                return False
            packed = kept
        number = self.remove(outcome.path)
        if outcome.kind != "gone" and outcome.stamp is not None:
            self._insert(number, outcome, outcome.stamp, packed)
        return True

    def remove(self, path: str) -> int | None:
        """Removes a file; its id is given back, and may be given to the same path again."""
        connection = self.store.connection
        row = connection.execute(_OLD, (path,)).fetchone()
        if row is None:
            return None
        file, directory, digest, left_out, status, lines, chunk_base, chunks, symbol_base, symbols, names = row
        if left_out is None:
            self._keep(file, path, digest)
        gone = [(name, file) for name in keeping.names_of(names)]
        connection.executemany('DELETE FROM "references" WHERE name = ? AND file = ?', gone)
        connection.execute("DELETE FROM symbols WHERE id >= ? AND id < ?", (symbol_base, symbol_base + symbols))
        connection.execute("DELETE FROM chunks WHERE id >= ? AND id < ?", (chunk_base, chunk_base + chunks))
        connection.execute("DELETE FROM imports WHERE file = ?", (file,))
        connection.execute("DELETE FROM inherits WHERE file = ?", (file,))
        connection.execute("DELETE FROM terms WHERE file = ?", (file,))
        connection.execute("DELETE FROM files WHERE id = ?", (file,))
        self._touched.add(directory)
        self._removed.append(file)
        self._change.subtract(counted(left_out, status, lines, chunks, symbols))
        return int(file)

    # --- what comes back one day --------------------------------------------------------------------------------------

    def _keep(self, file: int, path: str, digest: bytes) -> None:
        keeping.keep(self.store.connection, file, path, digest)

    def _take(self, path: str, digest: bytes) -> Packed | None:
        return keeping.take(self.store.connection, path, digest)

    def _add_terms(self, file: int, packed: Packed) -> None:
        self.store.connection.execute("INSERT INTO terms VALUES (?, ?)", (file, packed.terms))

    def _trim(self) -> None:
        keeping.trim(self.store.connection)

    def _restamp(self, outcome: Outcome) -> None:
        assert outcome.stamp is not None
        self.store.connection.execute(
            "UPDATE files SET mtime_ns = ?, ctime_ns = ?, size = ?, inode = ?, read_ns = ? WHERE path = ?",
            (*outcome.stamp, outcome.read_ns, outcome.path),
        )

    # --- inserting ----------------------------------------------------------------------------------------------------

    def _insert(self, file: int | None, outcome: Outcome, stamp: Stamp, packed: Packed) -> None:
        connection = self.store.connection
        left_out = (outcome.why or "unreadable") if outcome.kind == "left out" else None
        names = self._ids(packed.names)
        chunk_base = self._reserve("next_chunk", len(packed.chunks))
        symbol_base = self._reserve("next_symbol", len(packed.symbols))
        referred = sorted((names[name], run) for name, run in packed.references)
        directory = self._directory(outcome.path.rpartition("/")[0])
        row = (
            file, outcome.path, directory, *stamp, outcome.read_ns, outcome.digest, left_out, packed.language,
            packed.status, packed.why, packed.lines, chunk_base, len(packed.chunks), symbol_base, len(packed.symbols),
            keeping.names_as_bytes(name for name, _ in referred),
        )  # fmt: skip
        file = connection.execute(_FILE, row).lastrowid
        assert file is not None
        connection.executemany(
            "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (symbol_base + at, file, names[one[0]], *one[1:6], None if one[6] < 0 else symbol_base + one[6])
                for at, one in enumerate(packed.symbols)
            ),
        )
        connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (chunk_base + at, file, *one[:3], None if one[3] < 0 else symbol_base + one[3], one[4])
                for at, one in enumerate(packed.chunks)
            ),
        )
        connection.executemany(
            "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)",
            ((file, at, names[one[0]], names[one[1]], names[one[2]], one[3]) for at, one in enumerate(packed.imports)),
        )
        connection.executemany(
            "INSERT INTO inherits VALUES (?, ?, ?, ?)",
            ((file, at, names[one[0]], names[one[1]]) for at, one in enumerate(packed.inherits)),
        )
        self._runs += [(name, file, run) for name, run in referred]
        self._touched.add(directory)
        self._change.update(counted(left_out, packed.status, packed.lines, len(packed.chunks), len(packed.symbols)))
        if left_out is None:
            self._add_terms(file, packed)
            self._terms.append((file, zlib.decompress(packed.terms)))
        if packed.status == "quarantined":
            connection.execute("INSERT OR REPLACE INTO quarantine VALUES (?, ?)", (outcome.digest, packed.why))

    def _reserve(self, counter: str, count: int) -> int:
        first = int(self.store.meta(counter) or 1)
        self.store.set_meta(counter, first + count)
        return first

    def _ids(self, names: Sequence[str]) -> list[int]:
        connection, known = self.store.connection, self._names
        unknown = [name for name in names if name not in known]
        if unknown:
            found = connection.execute(_IDS, (json.dumps(unknown),))
            known.update((name, number) for number, name in found)
        for name in unknown:
            if name not in known:
                number = connection.execute("INSERT INTO names (name) VALUES (?)", (name,)).lastrowid
                assert number is not None
                known[name] = number
        return [known[name] for name in names]

    def _directory(self, path: str) -> int:
        number = self._directories.get(path)
        if number is None:
            connection = self.store.connection
            row = connection.execute("SELECT id FROM directories WHERE path = ?", (path,)).fetchone()
            if row is None:
                parent = self._directory(path.rpartition("/")[0]) if path else None
                number = connection.execute(
                    "INSERT INTO directories (path, parent) VALUES (?, ?)", (path, parent)
                ).lastrowid
            else:
                (number,) = row
            assert number is not None
            self._directories[path] = number
        return number

    # --- the end of a transaction -------------------------------------------------------------------------------------

    def flush(self, *, is_last: bool) -> None:
        """Writes the gathered references in their order, the lexicon's part, and the directories' digests."""
        from waypost.index import lexicon  # here, as numpy comes with it

        connection = self.store.connection
        self._runs.sort(key=lambda row: row[:2])
        connection.executemany('INSERT OR REPLACE INTO "references" VALUES (?, ?, ?)', self._runs)
        lexicon.remove(connection, self._removed)
        lexicon.add(connection, self._terms)
        if is_last:
            lexicon.settle(connection)
        merkle.settle(connection, self._touched)
        if self._change:
            now = counts(self.store)
            now.update(self._change)
            self.store.set_meta("counts", json.dumps({key: now[key] for key in sorted(now) if now[key]}))
            self._change.clear()
        for gathered in (self._runs, self._terms, self._removed, self._touched):
            gathered.clear()
        self._directories.clear()
        if len(self._names) > MOST_NAMES:
            self._names.clear()
        if is_last:
            self._trim()


def counted(left_out: str | None, status: str, lines: int, chunks: int, symbols: int) -> dict[str, int]:
    """What one file adds to the counts of the whole; reasons for being left out begin with `left out: `."""
    if left_out is not None:
        return {f"left out: {left_out}": 1}
    unparsed = int(status in {"windows", "quarantined"})
    return {"files": 1, "unparsed": unparsed, "lines": lines, "chunks": chunks, "symbols": symbols, f"is {status}": 1}


def counts(store: Storage) -> Counter[str]:
    """What the tables hold altogether."""
    return Counter(json.loads(store.meta("counts") or "{}"))
