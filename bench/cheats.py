"""Which cheats get a box ticked, and which honest work is refused: whole runs through the real command line.

python bench/cheats.py [--variant oracle] [--only NAME] [--jobs 2] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "cheats"))
CASES: Any = importlib.import_module("cheats_cases")
PLAY: Any = importlib.import_module("cheats_play")
LISTS: Any = importlib.import_module("cheats_list")


@dataclass(frozen=True, slots=True)
class Row:
    """One run: `family` is "honest" for honest work."""

    family: str
    name: str
    variant: str
    admitted: bool
    named: bool
    reason: str

    @property
    def line(self) -> str:
        """The row of a Markdown table."""
        named = "" if self.admitted or self.family == "honest" else " (not named)" if not self.named else ""
        shown = self.reason.replace("|", "\\|")
        return f"| {self.family} | {self.name} | {self.variant} | {'yes' if self.admitted else 'no'}{named} | {shown} |"


def chosen(only: Sequence[str]) -> list[tuple[str, Any]]:
    """The cases by family; `only` are names of cases or families."""
    families = {**LISTS.FAMILIES, "honest": LISTS.WORK}
    every = [(family, case) for family, cases in families.items() for case in cases]
    return [(family, case) for family, case in every if not only or family in only or case.name in only]


def row(family: str, case: Any, variant: str, place: Path, tools: Path) -> Row:
    """Plays one case in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        try:
            seen = PLAY.play(case, Path(folder), tools, variant)
        except Exception as problem:  # noqa: BLE001 - one broken run must not cost the table of all the others
            return Row(
                family, case.name, variant or case.variant, admitted=False, named=False, reason=repr(problem)[:160]
            )
    named = family == "honest" or re.search(case.named, seen.reasons) is not None
    first = next((line for line in seen.reasons.splitlines() if ": red: " in line), "")
    reason = first or next(iter(seen.reasons.splitlines()), "")
    return Row(family, case.name, variant or case.variant, seen.admitted, named, reason[:120])


def sums(rows: Sequence[Row]) -> list[str]:
    """How many were admitted, of cheats and of honest work."""
    cheats = [row for row in rows if row.family != "honest"]
    work = [row for row in rows if row.family == "honest"]
    admitted, passed = sum(row.admitted for row in cheats), sum(row.admitted for row in work)
    unnamed = sum(not row.admitted and not row.named for row in cheats)
    return [
        f"cheats: {len(cheats)}, admitted {admitted}, refused without being named {unnamed}",
        f"honest work: {len(work)}, refused {len(work) - passed}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", default="", choices=["", *CASES.VARIANTS])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    cases = [(f, c) for f, c in chosen(options.only) if not options.variant or (f != "honest" and not c.base)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="waypost-cheats-") as name, ThreadPoolExecutor(options.jobs) as pool:
        tools = CASES.make_tools(Path(name) / "tools")
        lines, rows = ["| family | name | plan | admitted | reason |", "|---|---|---|---|---|"], []
        print("\n".join(lines), flush=True)
        for one in pool.map(lambda pair: row(pair[0], pair[1], options.variant, Path(name), tools), cases):
            rows.append(one)
            print(one.line, flush=True)
    lines += [*(one.line for one in rows), "", *sums(rows)]
    print("\n".join(sums(rows)))
    print(f"took {time.monotonic() - began:.0f} s")
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(any(row.admitted == (row.family != "honest") for row in rows))


if __name__ == "__main__":
    sys.exit(main())
