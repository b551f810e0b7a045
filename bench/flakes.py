"""How well flakes are told from regressions: tests that fail 30 % of the time, since the last green commit or before.

    python bench/flakes.py [--trials 100] [--real 20]

Each trial begins with a red verdict. `--trials` go through a simulated gate, `--real` through pytest processes.
Both bounds are 95 of 100. Then: how often a round of 96 gates, each of which is red by chance once in 100 runs, is
called red though nothing is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from waypost.documents.model import Gate, GateKind
from waypost.gates.census import Case, count
from waypost.gates.flakes import settle_red
from waypost.gates.run import run_gates
from waypost.gates.verdict import Light, Verdict
from waypost.sandbox.plain import PlainSandbox

FAILS, BOUND = 0.3, 0.95
GATES, UNSTABLE = 96, 0.01
RACE = "test_race.py::test_race"
SUITE = """import os, random
def test_race(): assert random.random() >= float(os.environ["FAILS"])
def test_sound(): pass
"""
COMMAND = "python -m pytest -q -p no:cacheprovider"
Runs = Callable[[float, tuple[str, ...]], Awaitable[Verdict]]
"""One run of a gate whose test fails with that probability, restricted to these ids."""


@dataclass
class Row:
    """Trials of one kind; `right` of them ended as they should."""

    name: str
    trials: int = 0
    right: int = 0
    runs: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        mean = sum(self.runs) / max(1, len(self.runs))
        return f"| {self.name} | {self.right} of {self.trials} | {mean:.1f} |"


def simulated(seed: int) -> Runs:
    dice = random.Random(seed)

    async def run(fails: float, ids: tuple[str, ...]) -> Verdict:
        red = dice.random() < fails
        census = replace(count((Case(RACE, "failed" if red else "passed"),)), witnessed=True)
        light: Light = "red" if red else "green"
        took = 400 if ids else 2000
        return Verdict("unit", light, f"exit {int(red)}", int(red), took_ms=took, census=census)

    return run


def real(checkout: Path) -> Runs:
    (checkout / "test_race.py").write_text(SUITE)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    gate = Gate(name="unit", kind=GateKind.CHECK, command=COMMAND, line=1)

    async def run(fails: float, ids: tuple[str, ...]) -> Verdict:
        (verdict,) = await run_gates(
            [gate],
            checkout=checkout,
            tree="",
            sandbox=PlainSandbox(),
            variables=lambda _: {"PATH": path, "HOME": str(checkout), "LC_ALL": "C.UTF-8", "FAILS": str(fails)},
            mark=lambda name: f"{checkout}/{name}",
            secrets={},
            on_started=lambda _: None,
            on_ended=lambda _: None,
            only=ids or None,
        )
        return verdict

    return run


async def settle(run: Runs, first: Verdict, now: float, before: float) -> Verdict:
    return await settle_red(
        first,
        rerun=lambda ids: run(now, ids),
        rerun_before=lambda ids: run(before, ids),
        quarantine=(),
        today="2026-01-01",
    )


async def trial(run: Runs, before: float, row: Row) -> None:
    """A test that was red once, and fails now and then; it is a regression unless it did so before."""
    verdict = await settle(run, await run(1.0, ()), FAILS, before)
    is_regression = verdict.verdict == "red" and not verdict.only_baseline
    row.trials += 1
    row.right += is_regression == (before == 0)
    row.runs.append(1 + len(verdict.reruns))


async def table(trials: int, processes: int) -> list[Row]:
    rows = []
    for before, name in ((0.0, "since the last green: called a regression"), (FAILS, "before, too: not called one")):
        row = Row(f"{name} (simulated)")
        for seed in range(trials):
            await trial(simulated(seed), before, row)
        rows.append(row)
    for before, name in ((0.0, "since the last green: called a regression"), (FAILS, "before, too: not called one")):
        row = Row(f"{name} (pytest)")
        for _ in range(processes):
            with tempfile.TemporaryDirectory(prefix="bench-flakes-") as folder:
                await trial(real(Path(folder).resolve()), before, row)
        rows.append(row)
    return rows


async def false_reds(rounds: int) -> dict[str, float]:
    """The part of rounds that are red, though each red gate flaked just so before the work."""
    once = any_green = ours = 0
    for seed in range(rounds):
        run = simulated(1000 + seed)
        firsts = [await run(UNSTABLE, ()) for _ in range(GATES)]
        reds = [first for first in firsts if first.verdict == "red"]
        once += bool(reds)
        any_green += any([(await run(UNSTABLE, ())).verdict == "red" for _ in reds])
        settled = [await settle(run, first, UNSTABLE, UNSTABLE) for first in reds]
        ours += any(verdict.verdict == "red" for verdict in settled)
    return {
        "one run": once / rounds,
        "one rerun, green believed": any_green / rounds,
        "ours, green only where it flaked before": ours / rounds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--real", type=int, default=20)
    options = parser.parse_args()
    rows = asyncio.run(table(options.trials, options.real))
    print(f"| a test that fails {FAILS:.0%} of the time | right | runs a trial |\n|---|---:|---:|")
    for row in rows:
        print(row)
    print(f"\n| {GATES} gates of {1 - UNSTABLE:.0%} stability | red rounds |\n|---|---:|")
    for name, part in asyncio.run(false_reds(400)).items():
        print(f"| {name} | {part:.2f} |")
    return int(any(row.right < BOUND * row.trials for row in rows))


if __name__ == "__main__":
    sys.exit(main())
