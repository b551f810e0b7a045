"""Postings in SQLite: which chunks hold a term, how often; written in the transaction of whoever stores the files.

Full-text search of SQLite itself (FTS5) took 143 ms at the median for a sentence over two million lines, because it
steps through every row that holds a frequent word. Here a term's postings are one BLOB a run, added up by numpy.

A *document* is a chunk under the lexicon's own number: the file's first number plus the chunk's place in the file.
Numbers only grow, so a removed file's postings may stay until they are folded: nothing owns their numbers any more.
A *run* holds the postings of at most 65,536 numbers in a row, keyed by its first: per term the numbers' offsets (u16)
and the counts (u8). `lexicon_root` leads from a root to the words that were made of it. Small additions stay *fresh*,
as their workers packed them, until `settle` folds them into a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy

from waypost.index.conflation import has_root, root
from waypost.index.forward import Forward, unpack
from waypost.index.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = """
CREATE TABLE IF NOT EXISTS lexicon_state (generation INTEGER NOT NULL, folds INTEGER NOT NULL, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lexicon_file (
    file INTEGER PRIMARY KEY, first INTEGER NOT NULL, lengths BLOB NOT NULL, fresh BLOB
);
CREATE INDEX IF NOT EXISTS lexicon_fresh ON lexicon_file (first) WHERE fresh IS NOT NULL;
CREATE TABLE IF NOT EXISTS lexicon_run (run INTEGER PRIMARY KEY, end INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lexicon_posting (
    run INTEGER NOT NULL, term TEXT NOT NULL, postings BLOB NOT NULL, PRIMARY KEY (run, term)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lexicon_root (
    root TEXT NOT NULL, term TEXT NOT NULL, PRIMARY KEY (root, term)
) WITHOUT ROWID;
"""
TABLES = ("lexicon_root", "lexicon_posting", "lexicon_run", "lexicon_file", "lexicon_state")
SPAN = 65_536
"""Numbers that one run may hold."""
FRESH_FILES = 64
FRESH_BYTES = 1 << 20
MERGED_TERMS = 5_000
SPARE_RUNS = 8
"""Small runs that may stand beside the full ones before they are merged."""


_RANGE = "SELECT term, run, postings FROM lexicon_posting WHERE run = ? AND term >= ? AND term < ?"
_DELETE_RANGE = "DELETE FROM lexicon_posting WHERE run = ? AND term >= ? AND term < ?"
_FOLDED = "UPDATE lexicon_state SET generation = generation + 1, folds = folds + 1"


def create(connection: Rows) -> None:
    """Make the lexicon's tables where they are missing."""
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    if connection.execute("SELECT 1 FROM lexicon_state").fetchone() is None:
        connection.execute("INSERT INTO lexicon_state VALUES (0, 0, 0)")


def add(connection: Rows, rows: Iterable[tuple[int, bytes]]) -> None:
    """Take in files by their packed terms; a file that is there already is replaced. ValueError: not packed terms."""
    batch = [(file, packed, unpack(packed)) for file, packed in rows]
    remove(connection, [file for file, _, _ in batch])
    (number,) = connection.execute("SELECT next FROM lexicon_state").fetchone()
    bulk = len(batch) > FRESH_FILES or sum(len(packed) for _, packed, _ in batch) > FRESH_BYTES
    placed: list[tuple[int, Forward]] = []
    for file, packed, forward in batch:
        fresh = None if bulk else packed
        connection.execute(
            "INSERT INTO lexicon_file VALUES (?, ?, ?, ?)", (file, number, forward.lengths.tobytes(), fresh)
        )
        placed.append((number, forward))
        number += max(1, len(forward.lengths))  # so that no two files share a first number
    _add_roots(connection, {term for _, forward in placed for term in forward.terms})
    connection.execute("UPDATE lexicon_state SET next = ?, generation = generation + 1", (number,))
    if bulk:
        _fold(connection, placed)


def _add_roots(connection: Rows, terms: set[str]) -> None:
    pairs = sorted((root(term), term) for term in {term.partition(":")[0] for term in terms} if has_root(term))
    connection.executemany(
        "INSERT OR IGNORE INTO lexicon_root VALUES (?, ?)", (pair for pair in pairs if pair[0] != pair[1])
    )


def remove(connection: Rows, files: Iterable[int]) -> None:
    """Forget files; unknown ones are none of its business."""
    gone = connection.executemany("DELETE FROM lexicon_file WHERE file = ?", [(file,) for file in files])
    if gone.rowcount > 0:
        connection.execute("UPDATE lexicon_state SET generation = generation + 1")


def settle(connection: Rows) -> None:
    """Fold what is fresh into a run when there is enough of it, and merge runs when there are many small ones."""
    files, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(fresh)), 0) FROM lexicon_file WHERE fresh IS NOT NULL"
    ).fetchone()
    if files > FRESH_FILES or size > FRESH_BYTES:
        rows = connection.execute("SELECT first, fresh FROM lexicon_file WHERE fresh IS NOT NULL ORDER BY first")
        _fold(connection, [(first, unpack(fresh)) for first, fresh in rows.fetchall()])
        connection.execute("UPDATE lexicon_file SET fresh = NULL WHERE fresh IS NOT NULL")
        connection.execute(_FOLDED)
    runs = connection.execute("SELECT run, end FROM lexicon_run ORDER BY run").fetchall()
    if len(runs) > SPARE_RUNS + 2 * sum(end - run for run, end in runs) // SPAN:
        for group in _groups(runs):
            _merge(connection, group)
            connection.execute(_FOLDED)


def _groups(runs: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Neighbouring runs that fit into one, where there are at least two."""
    group: list[tuple[int, int]] = []
    for run, end in runs:
        if group and max(end, *(one for _, one in group)) - group[0][0] > SPAN:
            if len(group) > 1:
                yield group
            group = []
        group.append((run, end))
    if len(group) > 1:
        yield group


def _fold(connection: Rows, placed: Sequence[tuple[int, Forward]]) -> None:
    """Write the postings of files, in the order of their numbers, as runs."""
    group: list[tuple[int, Forward]] = []
    for first, forward in placed:
        if group and first + len(forward.lengths) - group[0][0] > SPAN:
            _write(connection, group)
            group = []
        group.append((first, forward))
    if group:
        _write(connection, group)


def _write(connection: Rows, group: Sequence[tuple[int, Forward]]) -> None:
    """One run out of the files in `group`."""
    base, end = group[0][0], group[-1][0] + len(group[-1][1].lengths)
    if end == base:
        return
    vocabulary: dict[str, int] = {}
    terms: list[NDArray[numpy.int64]] = []
    offsets: list[NDArray[numpy.int64]] = []
    for first, forward in group:
        numbers = [vocabulary.setdefault(term, len(vocabulary)) for term in forward.terms]
        ends_of = forward.ends.astype(numpy.int64)
        sizes: NDArray[numpy.int64] = ends_of - numpy.concatenate([[0], ends_of[:-1]])
        terms.append(numpy.repeat(numpy.array(numbers, dtype=numpy.int64), sizes))
        offsets.append(forward.chunks.astype(numpy.int64) + (first - base))
    names = sorted(vocabulary)
    rank = numpy.empty(len(names), dtype=numpy.int64)
    rank[[vocabulary[name] for name in names]] = numpy.arange(len(names))
    keys = rank[numpy.concatenate(terms)] << 16 | numpy.concatenate(offsets)
    counts = numpy.concatenate([forward.counts for _, forward in group])
    order = numpy.argsort(keys)
    keys, counts = keys[order], counts[order]
    ends: list[int] = numpy.searchsorted(keys, numpy.arange(1, len(names) + 1) << 16).tolist()
    low = (keys & 0xFFFF).astype("<u2")
    connection.execute("INSERT INTO lexicon_run VALUES (?, ?)", (base, end))
    _insert(connection, base, zip(names, _packed(low, counts, ends), strict=True))


def _packed(low: NDArray[numpy.uint16], counts: NDArray[numpy.uint8], ends: list[int]) -> Iterator[bytes]:
    wide, narrow, start = low.tobytes(), counts.tobytes(), 0
    for end in ends:
        yield wide[2 * start : 2 * end] + narrow[start:end]
        start = end


def _insert(connection: Rows, run: int, rows: Iterable[tuple[str, bytes]]) -> None:
    connection.executemany(
        "INSERT INTO lexicon_posting VALUES (?, ?, ?)", ((run, term, blob) for term, blob in rows if blob)
    )


def _merge(connection: Rows, group: Sequence[tuple[int, int]]) -> None:
    """Several neighbouring runs become one, without the postings of removed files."""
    base, end = group[0][0], max(end for _, end in group)  # what was fresh may lie around a later run
    alive = numpy.zeros(end - base, dtype=bool)
    for first, size in connection.execute(
        "SELECT first, length(lengths) / 2 FROM lexicon_file WHERE first >= ? AND first < ?", (base, end)
    ):
        alive[first - base : first - base + size] = True
    for term, until in _ranges(connection, [run for run, _ in group]):
        rows: list[tuple[str, int, bytes]] = []
        for run, _ in group:
            rows += connection.execute(_RANGE, (run, term, until)).fetchall()
            connection.execute(_DELETE_RANGE, (run, term, until))
        rows.sort(key=itemgetter(0, 1))
        if rows:
            _insert(connection, base, _joined(rows, base, alive))
    connection.execute("DELETE FROM lexicon_run WHERE run BETWEEN ? AND ?", (base, group[-1][0]))
    connection.execute("INSERT INTO lexicon_run VALUES (?, ?)", (base, end))


def _ranges(connection: Rows, runs: Sequence[int]) -> Iterator[tuple[str, str]]:
    """All terms in ranges that are merged at once, so that a merge takes little memory."""
    bounds = [""]
    for run in runs:
        terms = connection.execute("SELECT term FROM lexicon_posting WHERE run = ? ORDER BY term", (run,))
        bounds += [term for number, (term,) in enumerate(terms) if number and number % MERGED_TERMS == 0]
    bounds = sorted(set(bounds))
    return zip(bounds, [*bounds[1:], "\U0010ffff"], strict=True)


def _joined(
    rows: Sequence[tuple[str, int, bytes]], base: int, alive: NDArray[numpy.bool_]
) -> Iterator[tuple[str, bytes]]:
    """The postings of each term, put together."""
    names: list[str] = []
    numbers: list[int] = []
    for term, _, _ in rows:
        if not names or names[-1] != term:
            names.append(term)
        numbers.append(len(names) - 1)
    parts = [split(blob) for _, _, blob in rows]
    sizes = [len(counts) for _, counts in parts]
    shifts = numpy.repeat(numpy.array([run - base for _, run, _ in rows], dtype=numpy.int64), sizes)
    offsets = numpy.concatenate([low for low, _ in parts]) + shifts
    owner = numpy.repeat(numpy.array(numbers, dtype=numpy.int64), sizes)
    kept = alive[offsets]
    ends = numpy.cumsum(numpy.bincount(owner[kept], minlength=len(names))).tolist()
    counts = numpy.concatenate([counts for _, counts in parts])[kept]
    return zip(names, _packed(offsets[kept].astype("<u2"), counts, ends), strict=True)


def split(blob: bytes) -> tuple[NDArray[numpy.uint16], NDArray[numpy.uint8]]:
    """Offsets and counts of a row's postings."""
    size = len(blob) // 3
    return numpy.frombuffer(blob, dtype="<u2", count=size), numpy.frombuffer(blob, dtype="u1", offset=2 * size)
