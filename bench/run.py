"""All benchmarks, one after another; each prints its table.

python bench/run.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    ("The fixed prefix", ["prefix.py"]),
    ("The command line on a run of 10,000 steps", ["status.py"]),
    ("The step loop beside its peers, 100 steps of 2 kB", ["loop.py"]),
    ("The step loop, 500 steps of 2 kB", ["loop.py", "--clients", "waypost", "--steps", "500"]),
    ("Resume of a large record", ["resume.py"]),
    ("The sandbox", ["sandbox.py"]),
    ("The ledger", ["ledger.py"]),
    ("Blame", ["blame.py"]),
)


def main() -> int:
    folder, worst = Path(__file__).parent, 0
    for title, command in BENCHMARKS:
        print(f"\n## {title}\n\n    python bench/{' '.join(command)}\n", flush=True)
        worst = max(worst, subprocess.run([sys.executable, folder / command[0], *command[1:]], check=False).returncode)
    print(f"\nload now: {os.getloadavg()[0]:.1f}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
