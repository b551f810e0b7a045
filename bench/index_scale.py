"""The index on a large tree: cold, no-op and one-file updates, exact questions, memory of all processes, bytes a line.

python bench/index_scale.py --tree TREE [--updates 40] [--names 300] [--kit FOLDER]

TREE is copied, so that it stays as it is; the kit's scale.py builds one of a million lines. With --kit its own
measurements follow, each as a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from waypost.index.answers import Paging
from waypost.index.index import Index
from waypost.index.questions import symbol
from waypost.index.questions_references import callers, references

SOURCE = Path(__file__).resolve().parent.parent / "src"
WAYPOST = [sys.executable, "-m", "waypost"]
HUB = 3_000


def command(tree: Path, *arguments: str) -> list[str]:
    return [*WAYPOST, *arguments, "--root", str(tree)]


def measured(arguments: list[str]) -> tuple[float, float, int, str]:
    """Seconds by the clock, CPU seconds and the largest resident bytes of a process with all below it, its output."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    start, before, most = time.perf_counter(), os.times(), 0
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, text=True)
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        most = max(most, resident(watched))
        time.sleep(0.05)
    seconds, after = time.perf_counter() - start, os.times()
    assert process.stdout is not None
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu, most, process.stdout.read()


def resident(process: psutil.Process) -> int:
    try:
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.NoSuchProcess:
        return 0


def spread(seconds: Sequence[float]) -> str:
    """Median, 95th percentile and the worst, in milliseconds."""
    ordered = sorted(seconds)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95))
    return f"{p50 * 1000:.2f} / {p95 * 1000:.2f} / {ordered[-1] * 1000:.2f} ms (n={len(ordered)})"


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def updates(index: Index, count: int) -> list[float]:
    """Seconds for a function appended to a file, and taken back, spread over files of ordinary size."""
    files = [path for path in sorted(index.root.rglob("*.py")) if 4_000 < path.stat().st_size < 120_000]
    found = []
    for number, path in enumerate(files[:: max(1, len(files) // count)][:count]):
        before = path.read_bytes()
        for text in (before + b"\n\ndef bench_marker_%d(value):\n    return value\n" % number, before):
            path.write_bytes(text)
            found.append(timed(lambda path=path: index.update([path])))  # type: ignore[misc]
    return found


def names(index: Index, count: int) -> list[str]:
    rows = index.connection.execute("SELECT DISTINCT n.name FROM symbols s JOIN names n ON n.id = s.name ORDER BY 1")
    return random.Random(5).sample([row[0] for row in rows], count)


def hub(index: Index) -> str:
    """The defined name whose places are nearest to HUB in bytes: about four for each."""
    rows = index.connection.execute(
        'SELECT n.name, sum(length(r.run)) / 4 FROM "references" r JOIN names n ON n.id = r.name '
        "WHERE r.name IN (SELECT name FROM symbols) GROUP BY r.name ORDER BY abs(sum(length(r.run)) / 4 - ?) LIMIT 1",
        (HUB,),
    )
    return str(rows.fetchone()[0])


def questions(index: Index, count: int) -> None:
    asked = names(index, count)
    for question in (symbol, references, callers):
        times = [timed(lambda name=name: question(index, name)) for name in asked]  # type: ignore[misc]  # noqa: B023
        print(f"| {question.__name__} | {spread(times)} |")
    name = hub(index)
    total = references(index, name, Paging(limit=50)).total
    times = [timed(lambda: references(index, name, Paging(limit=50))) for _ in range(10)]
    print(f"| references of `{name}`, {total:,} of them | {spread(times)} |")


def ours(tree: Path, count: int, named: int) -> None:
    print("| what | measured |\n|---|---|")
    seconds, cpu, most, said = measured(command(tree, "index", "--json"))
    told = json.loads(said)
    print(f"| files, lines | {told['files']:,}, {told['lines']:,} |")
    print(f"| cold, as a process | {seconds:.1f} s, {cpu:.1f} CPU-s, {most / 2**20:.0f} MiB in all processes |")
    print(f"| stored | {told['bytes'] / told['lines']:.1f} bytes a line |")
    seconds, cpu, most, _ = measured(command(tree, "index", "--json"))
    print(f"| no-op, as a process | {seconds:.2f} s, {most / 2**20:.0f} MiB |")
    with Index.open(tree) as index:
        print(f"| no-op | {spread([timed(index.update) for _ in range(5)])} |")
        print(f"| one-file update | {spread(updates(index, count))} |")
        questions(index, named)


def kit(folder: Path, tree: Path) -> None:
    """The kit's own measurements."""
    shutil.rmtree(tree / ".waypost", ignore_errors=True)
    line = " ".join(WAYPOST)
    arguments = ["--tree", str(tree), "--fresh", ".waypost", "--index-cmd", f"{line} index --root {{root}} --json"]
    arguments += ["--search-cmd", f"{line} search {{query}} --root {{root}} --json -k {{k}}"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, str(folder / "scale.py"), "run", *arguments], env=environment, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--updates", type=int, default=40, help="files that are edited, twice each")
    parser.add_argument("--names", type=int, default=300, help="names that each question is asked about")
    parser.add_argument("--kit", type=Path, help="the folder of the kit's scale.py")
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory(prefix="bench-index-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(options.tree, tree, symlinks=True)
        ours(tree, options.updates, options.names)
        if options.kit:
            kit(options.kit, tree)
    print(f"\nload after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
