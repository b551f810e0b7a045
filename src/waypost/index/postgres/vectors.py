"""Vectors of contents on the server: compared there by pgvector where it is installed, else kept as bytes.

A vector is int8 and keyed by the digest of what it was made of and the basis that it was made by. Nearest means the
largest cosine over all of them: no approximate index, so that both ways give the same places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy

from waypost.index.errors import IndexProblem
from waypost.index.postgres.dialect import array, text
from waypost.index.postgres.store import PostgresStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[numpy.int8]

AT_ONCE = 1_000
_EXTENSION = """
SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'vector'
"""
_KIND = """
SELECT t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid WHERE n.nspname = $1 AND c.relname = 'vectors' AND a.attname = 'vector'
"""
_TABLE = """
CREATE TABLE vectors (basis text NOT NULL, digest bytea NOT NULL, vector {} NOT NULL, PRIMARY KEY (basis, digest))
"""
_PUT = """
INSERT INTO vectors SELECT CAST($1 AS text), * FROM unnest(CAST($2 AS bytea[]), CAST($3 AS {}[])) ON CONFLICT DO NOTHING
"""
_NEAREST = """
SELECT digest, 1 - (vector OPERATOR({0}.<=>) CAST($2 AS {0}.halfvec)) AS cosine FROM vectors
WHERE basis = $1 ORDER BY cosine DESC, digest LIMIT CAST($3 AS bigint)
"""
_HELD = "SELECT digest FROM vectors WHERE basis = $1 AND digest = ANY(CAST($2 AS bytea[]))"


class Vectors:
    """The vectors of one basis. `note` says why the server does not compare them itself, or nothing."""

    def __init__(self, store: PostgresStore, basis: str) -> None:
        """Makes the table where it is missing. Raises IndexUnwritable, IndexUnreachable."""
        self._store = store
        self._basis = basis
        self.note = ""
        kind = self._kind()
        if kind is None:
            self._extend()
            self._make()
            kind = self._kind()
        self._space = self._found_extension() if kind == "halfvec" else None
        if self._space is None and not self.note:
            self.note = "vectors were first kept here without pgvector; make the index anew to have the server compare"

    def _kind(self) -> str | None:
        rows = self._store.connection.run(_KIND, [self._store.schema]).rows
        return str(rows[0][0]) if rows else None

    def _found_extension(self) -> str | None:
        rows = self._store.connection.run(_EXTENSION, []).rows
        return str(rows[0][0]) if rows else None

    def _extend(self) -> None:
        """Sets pgvector up where the server has it and this user may."""
        if self._found_extension() is not None:
            return
        try:
            self._store.connection.command("CREATE EXTENSION IF NOT EXISTS vector")
        except IndexProblem as problem:
            self.note = f"pgvector is not set up on the server, so vectors are compared here: {problem}"

    def _make(self) -> None:
        space = self._found_extension()
        with self._store.transaction() as connection:
            connection.command(_TABLE.format(f"{space}.halfvec" if space else "bytea"))

    def put(self, rows: Iterable[tuple[bytes, Vector]]) -> None:
        """Keeps vectors by digest; those that are there stay."""
        waiting: list[tuple[bytes, Vector]] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == AT_ONCE:
                self._send(waiting)
                waiting = []
        if waiting:
            self._send(waiting)

    def _send(self, rows: Sequence[tuple[bytes, Vector]]) -> None:
        sql = _PUT.format(f"{self._space}.halfvec" if self._space else "bytea")
        vectors = [self._said(vector) for _, vector in rows]
        self._store.connection.run(sql, [self._basis, array([digest for digest, _ in rows]), array(vectors)])

    def _said(self, vector: Vector) -> str | bytes:
        return f"[{','.join(map(str, vector.tolist()))}]" if self._space else vector.tobytes()

    def missing(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those of these contents that have no vector yet."""
        rows = self._store.connection.run(_HELD, [self._basis, array(digests)]).rows
        held = {bytes(row[0]) for row in rows}
        return [digest for digest in digests if digest not in held]

    def nearest(self, vector: Vector, most: int) -> list[tuple[bytes, float]]:
        """The digests of the closest vectors, best first, with their cosine."""
        if self._space is None:
            return self._nearest_here(vector, most)
        sql, said = _NEAREST.format(self._space), self._said(vector)
        rows = self._store.connection.run(sql, [self._basis, text(said), str(most)]).rows
        return [(bytes(digest), float(cosine)) for digest, cosine in rows]

    def _nearest_here(self, vector: Vector, most: int) -> list[tuple[bytes, float]]:
        sql = "SELECT digest, vector FROM vectors WHERE basis = $1 ORDER BY digest"
        rows = self._store.connection.run(sql, [self._basis]).rows
        if not rows:
            return []
        held = numpy.stack([numpy.frombuffer(row[1], dtype="i1") for row in rows]).astype("f4")
        wanted = vector.astype("f4")
        lengths = numpy.linalg.norm(held, axis=1) * float(numpy.linalg.norm(wanted))
        cosines = held @ wanted / numpy.where(lengths > 0, lengths, 1)
        order = numpy.argsort(-cosines, kind="stable")[:most]
        return [(bytes(rows[at][0]), float(cosines[at])) for at in order.tolist()]
