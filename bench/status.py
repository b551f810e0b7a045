"""How long `waypost status` takes on a run of 10,000 steps: the real command, in a process of its own.

python bench/status.py [--steps 10000] [--times 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event
from waypost.events.sqlite import SqliteLog

RUN, MILESTONES = "bench-0001", 24
SOURCE = Path(__file__).parents[1] / "src"


def make(folder: Path, steps: int) -> Path:
    """A repository whose log holds a run of so many steps in 24 milestones. Returns the log's path."""
    commit = ["-c", "user.name=B", "-c", "user.email=b@localhost", "commit", "-q", "--allow-empty", "-m", "start"]
    for command in (["init", "-q"], commit):
        subprocess.run(["git", *command], cwd=folder, check=True)
    path = folder / ".waypost" / "state.db"
    log = SqliteLog(path)
    epoch = log.claim(RUN)
    names = [f"M{number:02d}" for number in range(1, MILESTONES + 1)]
    log.append(RUN, epoch, [
        kinds.RunOpened("Benchmark", ".agent/bench", 0, "0" * 40, f"waypost/{RUN}", "/nowhere", "scripted:x"),
        *(kinds.MilestonePlanned(name, f"Milestone {name}") for name in names),
        kinds.RunStarted(1, "0"),
    ])  # fmt: skip
    each = -(-steps // MILESTONES)
    for number, name in enumerate(names):
        events: list[Event] = [kinds.MilestoneMoved(name, "active", "planned")]
        for ordinal in range(number * each + 1, min(steps, (number + 1) * each) + 1):
            events += _step(name, ordinal)
        events += [
            kinds.MilestoneMoved(name, "verifying", "active"),
            kinds.GateEnded(name, "unit", "green", "", "f" * 40, 4_000, 0, None, None, 200, 0, 0),
            kinds.MilestoneMoved(name, "passed", "verifying"),
        ]
        log.append(RUN, epoch, events)
    log.append(RUN, epoch, [kinds.RunEnded("complete")])
    log.close()
    return path


def _step(milestone: str, ordinal: int) -> list[Event]:
    call, output = f"call-{ordinal}", f"line {ordinal}\n" * 200
    spent = kinds.Spent(20_000, 300, 18_000, 900, 0, 9_000)
    return [
        kinds.ModelRequested(milestone, ordinal, "d" * 64, 40, 20_000),
        kinds.ModelResponded(milestone, ordinal, Blob.of(f"answer {ordinal}"), "calls", spent),
        kinds.ToolCalled(milestone, call, "shell", ordinal, "python -m pytest -q"),
        kinds.ToolEnded(milestone, call, "shell", "done", Blob.of(output)),
        kinds.Checkpointed(ordinal, milestone, "c" * 40, "f" * 40, "0" * 40,
                           (kinds.Change("src/a.py", "M", 3, 1),), 1),
    ]  # fmt: skip


def timed(folder: Path, arguments: list[str]) -> float:
    """Seconds that the real command took."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "waypost", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = make(Path(name), options.steps)
        print(f"{options.steps:,} steps, log of {path.stat().st_size / 1e6:.1f} MB; seconds: median (least, most)")
        commands = (["--help"], ["run", "--help"], ["status"], ["status", "--json"], ["report"], ["checkpoints"])
        for arguments in commands:
            times = [timed(Path(name), arguments) for _ in range(options.times)]
            words = f"{statistics.median(times):6.3f} ({min(times):.3f}, {max(times):.3f})"
            print(f"waypost {' '.join(arguments):<16} {words}")


if __name__ == "__main__":
    main()
