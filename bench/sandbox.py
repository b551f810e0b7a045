"""What each level of sandbox adds to a command: p50 and p95 in milliseconds over the plain one, beside its peers.

    python bench/sandbox.py [--commands 200]

The command is `bash -c true` in a worktree of 5,000 files with 30 read-only paths. The bound for our levels is 25 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from waypost.sandbox.bubblewrap import BubblewrapMissing, BubblewrapSandbox
from waypost.sandbox.landlock import LandlockMissing, LandlockSandbox
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command, Sandbox, shell
from waypost.sandbox.walls import Walls

FILES, FOLDERS, READ_ONLY = 5000, 50, 30
BOUND = 25.0
OURS = ("bubblewrap", "landlock")
CODEX = Path(os.environ.get("WAYPOST_PEERS", "/tmp/peers")) / "node_modules" / ".bin" / "codex"
Once = Callable[[], Awaitable[object]]


def worktree(place: Path) -> Walls:
    """A folder of 5,000 files, 30 paths of which, half of them missing, are protected."""
    for number in range(FILES):
        file = place / f"folder{number % FOLDERS}" / f"file{number}.py"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text("x = 1\n")
    there = [place / f"folder{number}" / f"file{number}.py" for number in range(READ_ONLY // 2)]
    missing = [place / f"folder{number}" / "conftest.py" for number in range(READ_ONLY // 2)]
    return Walls(writable=(place,), read_only=(*there, *missing))


def held(sandbox: Sandbox, command: Command) -> Once:
    async def once() -> object:
        return await sandbox.run(command)

    return once


def outside(*argv: str) -> Once:
    async def once() -> object:
        process = await asyncio.create_subprocess_exec(
            *argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        return await process.wait()

    return once


def candidates(place: Path) -> dict[str, Once]:
    walls = worktree(place)
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    plain = Command(shell("true"), place, variables, 60.0)
    command = Command(shell("true"), place, variables, 60.0, walls=walls)
    found = {"plain": held(PlainSandbox(), plain)}
    for name, make, missing in (
        ("bubblewrap", BubblewrapSandbox, BubblewrapMissing),
        ("landlock", LandlockSandbox, LandlockMissing),
    ):
        try:
            found[name] = held(make(), command)
        except missing as error:
            print(f"{name}: {error}", file=sys.stderr)
    if bwrap := shutil.which("bwrap"):
        raw = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "--die-with-parent")
        found["raw bwrap"] = outside(bwrap, *raw, "--bind", str(place), str(place), *shell("true"))
    if CODEX.exists():
        found["codex sandbox"] = outside(str(CODEX), "sandbox", "linux", *shell("true"))
    return found


async def measure(found: dict[str, Once], commands: int) -> dict[str, list[float]]:
    """Seconds of each, in turn, so that the machine's moods meet all alike."""
    took: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(commands):
        for name, once in found.items():
            begun = time.perf_counter()
            await once()
            took[name].append(time.perf_counter() - begun)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--commands", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        took = asyncio.run(measure(candidates(Path(folder).resolve()), options.commands))
    base = {number: percentile(took["plain"], number) for number in (50, 95)}
    print("| level | p50 ms | p95 ms | added p50 ms | added p95 ms |\n|---|---:|---:|---:|---:|")
    for name, seconds in took.items():
        p50, p95 = percentile(seconds, 50), percentile(seconds, 95)
        print(f"| {name} | {p50:.1f} | {p95:.1f} | {p50 - base[50]:.1f} | {p95 - base[95]:.1f} |")
    if "bubblewrap" not in took:
        return 3
    return int(any(percentile(took[level], 50) - base[50] > BOUND for level in OURS if level in took))


def percentile(seconds: list[float], number: int) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=100)[number - 1] * 1000


if __name__ == "__main__":
    sys.exit(main())
