"""Which file uses which: an edge's weight is the number of names in the one that the other defines, shared out.

A name that many files define says little: each of its n definers gets 1/n. Names with more than MOST definers say
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from waypost.index.rows import Rows

MOST = 8
_ALL = """
WITH definers AS (
    SELECT name, file, count(*) OVER (PARTITION BY name) AS n FROM (SELECT DISTINCT name, file FROM symbols) AS defined
)
SELECT r.file, d.file, sum(1.0 / d.n) FROM definers d JOIN "references" r ON r.name = d.name
WHERE d.n <= ? AND r.file != d.file GROUP BY r.file, d.file
"""
_USERS = """
WITH own AS (SELECT DISTINCT s.name FROM symbols s JOIN files f ON f.id = ?1
             WHERE s.id >= f.symbol_base AND s.id < f.symbol_base + f.symbols),
     shared AS (SELECT name, (SELECT count(DISTINCT file) FROM symbols t WHERE t.name = own.name) AS n FROM own)
SELECT r.file, sum(1.0 / n) FROM shared JOIN "references" r ON r.name = shared.name
WHERE n <= ?2 AND r.file != ?1 GROUP BY r.file ORDER BY 2 DESC, 1
"""


def edges(connection: Rows, most: int = MOST) -> Iterator[tuple[int, int, float]]:
    """All edges as (file that uses, file that is used, weight)."""
    yield from connection.execute(_ALL, (most,))


def users(connection: Rows, file: int, most: int = MOST) -> list[tuple[int, float]]:
    """The files that use what a file defines, heaviest first."""
    return list(connection.execute(_USERS, (file, most)))
