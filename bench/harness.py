"""Finds the comparison harness, which lives outside of this repository.

Set WAYPOST_HARNESS to the folder with compare.py, crash.py and scripted_model.py; `../shared/bench/harness` beside
the checkout is the default.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAYPOST = Path(sys.executable).parent / "waypost"


def folder() -> Path:
    """The harness's folder. Exits with 3 where it is missing."""
    found = Path(os.environ.get("WAYPOST_HARNESS", ROOT.parent / "shared" / "bench" / "harness"))
    if not (found / "compare.py").is_file():
        sys.stderr.write(f"bench: no harness at {found}; set WAYPOST_HARNESS to the folder that holds compare.py\n")
        sys.exit(3)
    return found


def add_to_path() -> None:
    """Makes `compare` and its neighbours importable."""
    sys.path.insert(0, str(folder()))


def environment() -> dict[str, str]:
    """The caller's environment with this checkout's `waypost` as the one that is measured."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "BENCH_WAYPOST": os.environ.get("BENCH_WAYPOST", str(WAYPOST))}
