"""The room's SQL in PostgreSQL's words: the one place that knows how the two differ.

Texts are compared byte by byte and folded in ASCII only, as SQLite does (collation "C"), so that answers come in the
same order whatever the server's language is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

KEYS = {
    "meta": ("key",),
    "references": ("name", "file"),
    "quarantine": ("digest",),
    "lexicon_root": ("root", "term"),
    "chunk_vectors": ("digest",),
    "vector_texts": ("content", "language"),
    "vector_basis": ("embedder",),
}
"""Primary keys of the tables that rows are replaced in."""
_VALUE = re.compile(r"\?(\d*)")
_LIST = re.compile(r"json_each\((\$\d+)\)(?: AS (\w+))?")
_FOLDED = re.compile(r"(\S+) = (\S+) COLLATE NOCASE")
_INSERT = re.compile(r'\s*INSERT (?:OR (REPLACE|IGNORE) )?INTO "?(\w+)"?(?: \(([^)]*)\))?\s+VALUES\b', re.IGNORECASE)
_ORDERED = re.compile(r"\bCROSS JOIN (\w+ \w+) ON\b")
_ALL_GIVEN = re.compile(r"VALUES\s*\(\$1(?:, \$\d+)*\)\s*$")
_WITHIN = re.compile(r"\bIN (\w+)\b(?!\s*\()")
_IDENTIFIED = frozenset({"names", "directories"})
"""Tables whose rows are given a number as they are inserted."""


class Statement(NamedTuple):
    """A statement in PostgreSQL's words.

    `table` is where rows go that need no answer; `lists` are the places among the values of lists, which come as JSON.
    """

    sql: str
    lists: tuple[int, ...]
    table: str = ""
    returns_id: bool = False


def said(sql: str, values: Sequence[Any]) -> Statement:
    """A statement for these values: whether a list holds numbers or texts decides its type."""
    return _said(sql, tuple(isinstance(value, str) and value[:2] == '["' for value in values))


@lru_cache(maxsize=512)
def _said(sql: str, texts: tuple[bool, ...]) -> Statement:
    if sql.lstrip().startswith("CREATE "):
        return Statement(tables(sql)[0], ())
    count = 0

    def numbered(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"${found[1] or count}"

    out = _VALUE.sub(numbered, sql)
    lists: list[int] = []

    def listed(found: re.Match[str]) -> str:
        at = int(found[1][1:]) - 1
        lists.append(at)
        return f"unnest(CAST({found[1]} AS {'text' if texts[at] else 'bigint'}[])) AS {found[2] or 'listed'}(value)"

    out = _LIST.sub(listed, out)
    out = _FOLDED.sub(r'lower(\1) = lower(CAST(\2 AS text) COLLATE "C")', out)
    out = _ORDERED.sub(r"JOIN \1 ON", out)
    out = _WITHIN.sub(r"IN (SELECT * FROM \1)", out)
    out = out.replace("1.0 /", "1.0::float8 /").replace("SELECT run, end ", 'SELECT run, "end" ')
    return _inserted(out, tuple(lists))


def _inserted(sql: str, lists: tuple[int, ...]) -> Statement:
    found = _INSERT.match(sql)
    if found is None:
        return Statement(sql, lists)
    how, table, columns = found.groups()
    if how is None and not _ALL_GIVEN.search(sql):
        return Statement(sql, lists)
    if how is None and columns is None:
        return Statement(sql, lists, f'"{table}"')
    if how is None:
        if table in _IDENTIFIED:
            return Statement(f"{sql} RETURNING id", lists, returns_id=True)
        return Statement(sql, lists, f'"{table}" ({columns})')
    return Statement(re.sub(rf"INSERT OR {how} INTO", "INSERT INTO", sql, count=1) + clash(how, table), lists)


def clash(how: str, table: str, columns: Sequence[str] = ()) -> str:
    """What becomes of a row that is there already."""
    if how == "IGNORE":
        return " ON CONFLICT DO NOTHING"
    keys = KEYS[table]
    rest = [name for name in (columns or _COLUMNS_BESIDE[table]) if name not in keys]
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in rest)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"


_COLUMNS_BESIDE = {
    "meta": ("value",),
    "references": ("run",),
    "quarantine": ("why",),
    "chunk_vectors": ("embedder", "vector"),
    "vector_texts": ("digests",),
    "vector_basis": ("packed", "texts"),
}


# --- values ---------------------------------------------------------------------------------------------------------


def bound(values: Sequence[Any], lists: tuple[int, ...]) -> list[str | None]:
    """Values as the server reads them."""
    return [
        array(json.loads(value)) if at in lists else None if value is None else text(value)
        for at, value in enumerate(values)
    ]


def text(value: object) -> str:
    """One value as text; a NUL, which the server refuses, becomes the sign for what can't be shown."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    if isinstance(value, bool):
        return "t" if value else "f"
    if not isinstance(value, str):
        return str(value)
    whole = value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\ufffd")


def array(values: Sequence[Any]) -> str:
    """A list as the server reads it."""
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    quoted = text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


_COPIED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copied(row: Sequence[Any]) -> str:
    """A row as a line of COPY's text format."""
    return "\t".join(["\\N" if value is None else text(value).translate(_COPIED) for value in row]) + "\n"


# --- tables -----------------------------------------------------------------------------------------------------------


def tables(script: str) -> list[str]:
    """The statements of a script that makes tables. Unique texts of any length are left to whoever writes."""
    script = re.sub(r"--[^\n]*|/\*.*?\*/", "", script, flags=re.DOTALL)
    return [_made(" ".join(statement.split())) for statement in script.split(";") if statement.strip()]


def _made(statement: str) -> str:
    for pattern, words in (
        (r"\bINTEGER PRIMARY KEY\b", "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
        (r"\bINTEGER\b", "bigint"),
        (r"\bBLOB\b", "bytea"),
        (r"\bTEXT\b", 'text COLLATE "C"'),
        (r" WITHOUT ROWID\b", ""),
        (r", value\)", ", value text)"),
        (r"\bend bigint\b", '"end" bigint'),
        (r"\((\w+) COLLATE NOCASE\)", r"USING hash (lower(\1))"),  # a B-tree takes no more than 2,700 bytes
        (r"\bNOT NULL UNIQUE\b", "NOT NULL"),  # so does a unique index
    ):
        statement = re.sub(pattern, words, statement)
    return statement


# --- many rows at once ------------------------------------------------------------------------------------------------

_FROM_ARRAYS = 'INSERT INTO "{}" SELECT * FROM {}{}'
_DELETE = re.compile(r'\s*DELETE FROM ("?\w+"?) WHERE (\w+) = \?\s*', re.IGNORECASE)


def at_once(sql: str, first: Sequence[Any]) -> str | None:
    """A statement that takes the columns of many rows as arrays, where there is one."""
    found = _DELETE.fullmatch(sql)
    if found is not None:
        return sql.replace("?", f"ANY(CAST($1 AS {_type(first[0])}[]))")
    found = _INSERT.match(sql)
    if found is None or found[1] is None:
        return None
    columns = ", ".join(f"CAST(${at} AS {_type(value)}[])" for at, value in enumerate(first, 1))
    rows = f"unnest({columns})"
    return _FROM_ARRAYS.format(found[2], rows, clash(found[1], found[2]))


def _type(value: object) -> str:
    return "bigint" if isinstance(value, int) else "bytea" if isinstance(value, bytes) else "text"
