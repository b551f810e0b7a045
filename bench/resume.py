"""Resume of a large record: seconds to the first request, and peak memory.

    python bench/resume.py [--megabytes 1,50,200]

A real run is made over loopback and stopped by its step budget. Its log is then grown by steps of the same form (2 kB
outputs, with a fold at the end, as a run of that length would have), and resumed against the scripted server.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import harness

harness.add_to_path()
from compare import CLIENTS, ModelServer, Run, finish, prepare, start, table  # noqa: E402

from waypost.context.conversation import Conversation  # noqa: E402
from waypost.context.fold import Budget, Known, fold  # noqa: E402
from waypost.events import kinds  # noqa: E402
from waypost.events.blob import Blob  # noqa: E402
from waypost.events.event import Event  # noqa: E402
from waypost.events.history import last_live, live  # noqa: E402
from waypost.events.sqlite import SqliteLog  # noqa: E402
from waypost.models.codec import response_to_json  # noqa: E402
from waypost.models.estimate import Estimator  # noqa: E402
from waypost.wires.conversation import AssistantMessage, Response, Stop, ToolCall  # noqa: E402

STEPS = 20


def step(number: int, rng: random.Random) -> list[Event]:
    """One step as the loop writes it."""
    call = ToolCall(f"grown_{number}", "shell", json.dumps({"command": f"grep -rn value_{number} src | head -40"}))
    answer = json.dumps(response_to_json(Response(AssistantMessage((call,)), Stop.CALLS)))
    lines = [f"src/mod_{rng.randrange(999)}.py:{rng.randrange(999)}: value {rng.random():.9f}" for _ in range(54)]
    spent = kinds.Spent(20_000, 60, 19_000)
    return [
        kinds.ModelRequested("M01", number, f"{rng.getrandbits(256):064x}", 40, 20_000),
        kinds.ModelResponded("M01", number, Blob.of(answer), "calls", spent),
        kinds.ToolCalled("M01", call.id, "shell", number, f"grep -rn value_{number} src | head -40"),
        kinds.ToolEnded("M01", call.id, "shell", "done", Blob.of("\n".join(lines)), 1, None, 12, (("exit", 0),)),
    ]


def grow(path: Path, run: str, size: int) -> int:
    """Appends steps until the file has the size, then a fold; returns the steps."""
    log, rng, number = SqliteLog(path), random.Random(7), STEPS
    log._database.execute("PRAGMA synchronous = OFF")
    epoch = log.claim(run)
    while path.stat().st_size < size:
        log.append(run, epoch, [event for offset in range(200) for event in step(number + offset, rng)])
        number += 200
    opened = last_live(log, run, (kinds.AttemptOpened.kind,))
    assert opened is not None
    conversation = Conversation.empty(log.content, Estimator())
    conversation.apply(opened)
    conversation.extend(record for record in live(log, run, after=log.position - 200))
    log.append(run, epoch, [fold(conversation, Budget(32_000, 2_500), Known(), "M01")])
    log.close()
    return number


def measure(megabytes: int, folder: Path) -> dict[str, Any]:
    client = CLIENTS["waypost"]
    server = ModelServer(folder, {"generate": {"steps": STEPS + 5, "bytes": 2000}, "final": client.final})
    try:
        run = prepare(client, folder, server.port, str(harness.WAYPOST))
        command = [*client.command(run, "Run the steps."), "--max-steps", str(STEPS)]
        subprocess.run(command, cwd=run.workspace, env=environment(run), check=False, capture_output=True)
        database = run.workspace / ".waypost" / "state.db"
        name = next(name for name in SqliteLog(database).runs() if not name.startswith("documents:"))
        steps = grow(database, name, megabytes * 1_000_000)
        before, began = len(server.records()), time.time()
        again = [str(harness.WAYPOST), "resume", name, "--json", "--max-steps", str(steps + STEPS + 3)]
        ended = finish(start(client, run, again, "resumed"), client, run, began, 120)
        records = server.records()[before:]
        status = time.time()
        subprocess.run([harness.WAYPOST, "status", name], cwd=run.workspace, env=environment(run), check=True,
                       capture_output=True)  # fmt: skip
        return {
            "megabytes": database.stat().st_size / 1e6,
            "steps": steps,
            "first": records[0]["t"] - began if records else None,
            "peak": ended.peak / 1e6,
            "tokens": records[0]["tokens"] if records else None,
            "status": time.time() - status,
        }
    finally:
        server.stop()


def environment(run: Run) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(run.home), **CLIENTS["waypost"].env(run)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", default="1,50,200", help="sizes of the record")
    options = parser.parse_args()
    columns = (("megabytes", "record MB", ".1f"), ("steps", "steps", ",d"), ("first", "to request s", ".2f"),
               ("peak", "peak MB", ".0f"), ("tokens", "tokens of it", ",d"), ("status", "status s", ".2f"))  # fmt: skip
    rows = []
    for size in options.megabytes.split(","):
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
            rows.append(measure(int(size), Path(folder)))
    print(table(rows, columns), f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
