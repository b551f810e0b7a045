"""Two hundred processes are killed in the middle of bursts: what was acknowledged stays, what was signed holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from waypost.events.sqlite import SqliteLog
from waypost.ledger.audit import check_rows, check_tree
from waypost.ledger.keys import make_key
from waypost.ledger.seal import Sealer

KILLS = 200
WRITER = """
import random, sys
from pathlib import Path
from waypost.events.sqlite import SqliteLog
from waypost.events.kinds import NoteTold
from waypost.events.blob import Blob
from waypost.ledger.keys import load_key
from waypost.ledger.seal import Sealer
log = SqliteLog(Path(sys.argv[1]))
sealer = Sealer(log.leaves, load_key(Path(sys.argv[2])))
sealer.check(log.position)
epoch = log.claim("r")
for number in range(100000):
    burst = [NoteTold("M01", Blob.of(f"{number}/{one} " * 20)) for one in range(random.choice((1, 2, 7, 40)))]
    record = log.append("r", epoch, burst)[-1]
    print(record.seq, flush=True)
    if number % 3 == 2:
        print("signed", sealer.seal(log.position).size, flush=True)
"""


@pytest.mark.slow
def test_no_acknowledged_and_no_signed_event_is_lost_to_two_hundred_kills(tmp_path: Path) -> None:
    path, chance = tmp_path / "state.db", random.Random(200)
    key = make_key(tmp_path / "key", "killed")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    signed = 0
    for kill in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(path), str(key.path.parent)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the one before left a log that is not gone on with"
        time.sleep(chance.uniform(0.0, 0.06))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout]
        process.wait()
        lines = [line for line in lines if line.endswith("\n")]
        acknowledged = max(int(line) for line in lines if not line.startswith("signed"))
        signed = max([signed, *(int(line.split()[1]) for line in lines if line.startswith("signed"))])
        log = SqliteLog(path)
        try:
            assert log.position >= acknowledged
            Sealer(log.leaves, key).check(log.position)
            check_rows(log.leaves, 0 if kill % 50 == 49 else max(0, log.position - 300), log.position, None)
            last = log.leaves.sealed()
            assert last is None or last.size >= signed
        finally:
            log.close()
    log = SqliteLog(path)
    outside = Sealer(log.leaves, key).newest()
    assert check_tree(log.leaves, key.verifier, outside.checkpoint if outside else None).events >= signed > 0
    log.close()
