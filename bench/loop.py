"""The step loop beside its peers: start, gap, growth, CPU, memory, tokens, cost, record.

    python bench/loop.py [--clients waypost,codex,claude] [--steps 100] [--bytes 2000] [--repeat 3]

Peers that are not installed are named and left out; put them on PATH or set BENCH_CODEX, BENCH_CLAUDE …
"""

from __future__ import annotations

import subprocess
import sys

import harness


def main() -> int:
    arguments = sys.argv[1:] or ["--clients", "waypost,codex,claude,mini", "--steps", "100", "--repeat", "3"]
    command = [sys.executable, str(harness.folder() / "compare.py"), *arguments]
    return subprocess.run(command, env=harness.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
