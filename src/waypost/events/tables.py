"""The tables of the log's file, by schema, and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3

from waypost.events.canonical import canonical, leaf_hash

SCHEMA = 2
# What answers cost is summed by blocks of positions as it is appended: a cache, which can be made anew from the events.
BLOCK = 4096
# Three kinds make up most of a log and are only ever read in order: they stay out of the index.
UNINDEXED = frozenset({"model.requested", "tool.called", "tool.ended"})
INDEXED_ONLY = " AND e.kind NOT IN ('model.requested', 'tool.called', 'tool.ended')"
_FIRST = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL DEFAULT 0);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    kind TEXT NOT NULL,
    schema INTEGER NOT NULL,
    salt BLOB,
    digest BLOB NOT NULL,
    payload TEXT
);
CREATE INDEX events_by_kind ON events (run, kind) WHERE kind NOT IN ('model.requested', 'tool.called', 'tool.ended');
CREATE TABLE spent (
    run INTEGER NOT NULL, block INTEGER NOT NULL, milestone TEXT NOT NULL, answers INTEGER NOT NULL,
    input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, written INTEGER NOT NULL,
    cost INTEGER NOT NULL, unpriced INTEGER NOT NULL, PRIMARY KEY (run, block, milestone)
) WITHOUT ROWID;
CREATE TABLE blobs (sha256 BLOB NOT NULL UNIQUE, packed INTEGER NOT NULL, content BLOB NOT NULL)
"""
# `erased`: what stands for a payload that is gone, and the event that says who erased it and why.
# `head`: fields of the header that the event itself has. `leaf`: the header's hash as a leaf of the ledger's tree.
_SECOND = """
ALTER TABLE events ADD COLUMN head TEXT;
ALTER TABLE events ADD COLUMN leaf BLOB;
CREATE TABLE nodes (level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, number))
    WITHOUT ROWID;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL, frontier BLOB NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE erased (seq INTEGER PRIMARY KEY, tombstone INTEGER NOT NULL, kept TEXT NOT NULL)
"""
LEAVES_FROM = "leaves-from"
"""The fact that names the first event whose leaf was made when it was appended."""


def make_tables(database: sqlite3.Connection, version: int) -> None:
    """Brings a file from schema `version` (0 is an empty file) to this one; inside the caller's transaction."""
    if version < 1:
        _execute(database, _FIRST)
    if version < 2:
        _execute(database, _SECOND)
        (last,) = database.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        database.execute("INSERT INTO facts VALUES (?, ?)", (LEAVES_FROM, str(last + 1)))
        _fill_leaves(database)
    database.execute(f"PRAGMA user_version = {SCHEMA}")


def _execute(database: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        database.execute(statement)


def _fill_leaves(database: sqlite3.Connection) -> None:
    """Leaves of events that were appended when there were none yet."""
    rows = database.execute(
        "SELECT e.seq, r.name, e.at, e.actor, e.epoch, e.kind, e.schema, e.digest "
        "FROM events e JOIN runs r ON r.id = e.run"
    ).fetchall()
    names = ("seq", "run", "at", "actor", "epoch", "kind", "schema", "digest")
    headers = (dict(zip(names, (*row[:-1], row[-1].hex()), strict=True)) for row in rows)
    leaves = [(leaf_hash(canonical(header)), header["seq"]) for header in headers]
    database.executemany("UPDATE events SET leaf = ? WHERE seq = ?", leaves)
