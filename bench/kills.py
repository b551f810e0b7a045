"""Kills: what a run loses to SIGKILL inside a command and at random moments, beside its peers.

    python bench/kills.py [--clients waypost,codex,claude] [--kills 15]

The harness's own damage tests cut session files of lines; Waypost's record is a database, so only the kills are run
here (damage to the log is the test suite's matter).
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from pathlib import Path

import harness

harness.add_to_path()
os.environ.update(harness.environment())
from compare import become_subreaper, installed, table  # noqa: E402
from crash import COLUMNS, RESUMABLE, damage_tests, random_kills  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clients", default="waypost,codex,claude", help="comma-separated")
    parser.add_argument("--kills", type=int, default=15, help="SIGKILLs at random moments")
    options = parser.parse_args()
    become_subreaper()
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        for name, binary in installed(options.clients.split(",")).items():
            place = Path(folder)
            killed = itertools.islice(damage_tests(RESUMABLE[name], binary, place / f"{name}-command"), 1)
            rows += [{"client": name, **row} for row in killed]
            rows.append(
                {"client": name, **random_kills(RESUMABLE[name], binary, place / f"{name}-kills", options.kills)}
            )
    print(table(rows, COLUMNS))


if __name__ == "__main__":
    main()
