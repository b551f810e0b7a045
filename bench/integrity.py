"""Examining a change of 20 files in a tree of 5,000, beside `git diff --stat` of the same change, in one run.

python bench/integrity.py [--files 5000] [--repeat 5]
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from waypost.documents.model import Gate, GateKind
from waypost.gates.integrity import Rights, examine
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository
from waypost.workspace.trees import GitTree

SOURCES, TESTS = 14, 6
FUNCTION = '''
def step_{0}(value: int, factor: int = {0}) -> int:
    """Multiplies where it may, and says what is wrong where it may not."""
    if value < 0:
        raise ValueError(f"{{value}} is below zero; give one of 0 to 100")
    found = [one * factor for one in range(value) if one % 3]
    return sum(found) + len(found) if found else value
'''
TEST = """
def test_step_{0}_adds_up() -> None:
    assert step_{0}(3) == {0} * 3 + 2
    assert step_{0}(0) == 0
    with pytest.raises(ValueError, match="below zero"):
        step_{0}(-1)
"""
GATES = (Gate("unit", GateKind.CHECK, "make test", 1), Gate("types", GateKind.CHECK, "python -m mypy src", 2))


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def source(count: int) -> str:
    return "".join(FUNCTION.format(one) for one in range(count))


def tests(count: int) -> str:
    return "import pytest\n" + "".join(TEST.format(one) for one in range(count))


def made(folder: Path, files: int) -> tuple[str, str]:
    """A repository of so many files, a quarter of them tests, and a change: every file in it grows at its end."""
    git(folder, "init", "-q")
    names = [f"src/room{one % 50}/module{one}.py" for one in range(files * 3 // 4)]
    checks = [f"tests/room{one % 50}/test_module{one}.py" for one in range(files - len(names) - 1)]
    written = {**dict.fromkeys(names, source(10)), **dict.fromkeys(checks, tests(10))}
    written["Makefile"] = "test:\n\tpython -m pytest\n"
    for round_, chosen in enumerate((written, [*names[:SOURCES], *checks[:TESTS]])):
        for number, name in enumerate(chosen):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            grown = (tests if "test" in name else source)(10 + 2 * round_)
            (folder / name).write_text((grown if name in {*names, *checks} else written[name]) + f"\n# {number}\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "state")
    return git(folder, "rev-parse", "HEAD~1"), git(folder, "rev-parse", "HEAD")


def milliseconds(work: Callable[[], object], repeat: int) -> list[float]:
    """The quickest and the median of some times."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return [min(times), sorted(times)[len(times) // 2]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=5, help="the quickest and the median of so many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-integrity-") as place:
        folder = Path(place)
        before, after = made(folder, options.files)
        guard = guarded(Repository.open(folder))
        works: dict[str, Callable[[], object]] = {
            "git diff --stat": lambda: git(folder, "diff", "--stat", before, after),
            "git ls-tree -r, twice": lambda: [git(folder, "ls-tree", "-r", "-z", one) for one in (before, after)],
            "examine, no scope": lambda: examine(GitTree(guard, before), GitTree(guard, after), Rights(None), GATES),
            "examine, a scope": lambda: examine(
                GitTree(guard, before), GitTree(guard, after), Rights(("src/**", "tests/**")), GATES
            ),
        }
        print(f"{options.files} files, {SOURCES} sources and {TESTS} tests changed\n")
        print("| work | quickest | median |\n|---|---|---|")
        for name, work in works.items():
            print(f"| {name} | " + " | ".join(f"{one:.0f} ms" for one in milliseconds(work, options.repeat)) + " |")


if __name__ == "__main__":
    main()
