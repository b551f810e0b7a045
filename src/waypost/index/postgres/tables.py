"""The tables in PostgreSQL: each index has a schema of its own with the room's tables, and all share one for contents.

An index is one tree on one machine. What parsing made of a file's content is shared by all trees of a project, keyed
by path and digest, so that a worktree or a branch that another has seen needs no parsing.
"""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

from waypost.index import schema
from waypost.index.postgres.dialect import tables

SHARED = "waypost"
VERSION = 1
"""Of the shared tables and of what stands beside the room's own; a server with a higher one is left alone."""
_OWN_NOT = ("CREATE TABLE terms", "CREATE TABLE kept")
SHARED_TABLES = (
    "CREATE SCHEMA IF NOT EXISTS waypost",
    "CREATE TABLE waypost.about (version integer NOT NULL)",
    """CREATE TABLE waypost.indexes (
        schema text PRIMARY KEY, project text NOT NULL, root text NOT NULL,
        version integer NOT NULL, made_by text NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
    )""",
    """CREATE TABLE waypost.contents (
        project text NOT NULL, made_by text NOT NULL, path text COLLATE "C" NOT NULL, digest bytea NOT NULL,
        packed bytea NOT NULL, terms bytea NOT NULL, added timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE UNIQUE INDEX contents_by_digest ON waypost.contents (project, made_by, digest, md5(path))",
)
_KEPT = "CREATE VIEW kept AS SELECT path, digest, packed, terms FROM waypost.contents"
_TERMS = """
CREATE VIEW terms AS SELECT f.id AS file, k.terms AS packed
FROM files f JOIN kept k ON k.path = f.path AND k.digest = f.digest
"""
_BESIDE = (
    "CREATE INDEX files_by_path ON files USING hash (path)",
    "CREATE INDEX directories_by_path ON directories USING hash (path)",
    "CREATE TABLE words (chunk bigint PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX words_by_word ON words USING gin (words)",
)


def own_statements(name: str, project: str, made_by: str) -> list[str]:
    """What makes an index's own schema, which the connection then searches first; all but the lexicon's tables."""
    kept = f"{_KEPT} WHERE project = {quoted(project)} AND made_by = {quoted(made_by)}"
    own = [one for one in tables(schema.TABLES) if not one.startswith(_OWN_NOT)]
    return [
        f'CREATE SCHEMA "{name}"',
        *own,
        *_BESIDE,
        kept,
        _TERMS,
    ]


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def place_of(root: Path) -> str:
    """A tree's name among all machines that share a server."""
    return f"{socket.gethostname()}:{root}"


def name_of(project: str, place: str) -> str:
    """The schema of an index."""
    whole = "\0".join((project, place)).encode("utf-8", "surrogateescape")
    return f"{SHARED}_{hashlib.sha256(whole).hexdigest()[:24]}"


def project_of(root: Path) -> str:
    """What the work trees of one repository have in common: the name of its main folder."""
    for folder in (root, *root.parents):
        mark = folder / ".git"
        try:
            if mark.is_dir():
                return folder.name
            if mark.is_file():
                found = Path(folder, mark.read_text().partition("gitdir:")[2].strip()).resolve()
                main = next((one.parent for one in found.parents if one.name == ".git"), found.parent)
                return main.name
        except (OSError, UnicodeDecodeError):
            break
    return root.name
