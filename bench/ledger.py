"""What the ledger costs: appends, tokens, proofs and verification, beside plain SQLite in the same run.

python bench/ledger.py [--answers 400]

Answers hold 500 deltas each; figures for 13 million tokens are scaled from those measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.sqlite import SqliteLog
from waypost.ledger.keys import ProjectKey
from waypost.ledger.statement import check_receipt
from waypost.models.codec import response_to_json
from waypost.models.tokens import tokens_of
from waypost.runs.auditing import verifier_of, verify
from waypost.runs.project import Project
from waypost.runs.receipts import prove
from waypost.runs.sealing import project_key, seal
from waypost.wires.conversation import AssistantMessage, Delta, DeltaKind, Response, Stop, Text

DELTAS, WHOLE = 500, 13_000_000
NOTE = kinds.HumanAsked("steer", "", "keep the old option working")


def project_in(folder: Path) -> Project:
    """A project with an empty log."""
    root = folder / "repository"
    root.mkdir()
    identity = ("-c", "user.name=User", "-c", "user.email=user@localhost")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "start"], cwd=root, check=True)
    os.environ["WAYPOST_HOME"] = str(folder / "home")
    return Project.open(root, create=True)


def rate(once: Callable[[], int], seconds: float = 1.5) -> float:
    """How many a second."""
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        done += once()
    return done / (time.perf_counter() - begun)


def answer(number: int) -> tuple[str, tuple[Delta, ...]]:
    """A streamed answer."""
    pieces = [f"token{number}_{one} " for one in range(DELTAS)]
    deltas = tuple(Delta(DeltaKind.TEXT, 0, piece, 1000 * at) for at, piece in enumerate(pieces))
    response = Response(AssistantMessage((Text("".join(pieces)),)), Stop.END, deltas=deltas)
    return json.dumps(response_to_json(response), separators=(",", ":")), deltas


def fill(log: SqliteLog, answers: int) -> tuple[float, float]:
    """Seconds of CPU for the tokens' trees, and for appending the answers with four events more each."""
    epoch, tokens, appending = log.claim("r"), 0.0, 0.0
    for number in range(answers):
        text, deltas = answer(number)
        begun, seed = time.process_time(), os.urandom(16)
        committed = tokens_of(deltas, 0, seed)
        tokens += time.process_time() - begun
        spent = kinds.Spent(100, DELTAS)
        event = kinds.ModelResponded(
            "M01", number, Blob.of(text), "end", spent, left="0", seed=seed.hex(), tokens=committed
        )
        begun = time.process_time()
        log.append("r", epoch, [event, NOTE])
        log.append("r", epoch, [NOTE, NOTE, NOTE])
        appending += time.process_time() - begun
    return tokens, appending


def plain_rows(folder: Path) -> Callable[[], int]:
    """The peer: SQLite alone takes a thousand rows at a time."""
    database = sqlite3.connect(folder / "plain.db", isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, payload TEXT)")

    def once() -> int:
        database.execute("BEGIN")
        database.executemany("INSERT INTO rows (payload) VALUES (?)", [("x" * 150,)] * 1000)
        database.execute("COMMIT")
        return 1000

    return once


def timed(work: Callable[[], object], times: int = 20) -> float:
    """The median, in milliseconds."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return sorted(took)[times // 2] * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--answers", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        project = project_in(folder)
        assert isinstance(project.log, SqliteLog)
        tokens, appending = fill(project.log, options.answers)
        count = options.answers * DELTAS
        key = project_key(project)
        rows = [
            ("append, 5 events of a step in two transactions, CPU", appending / options.answers * 1000, "ms", 5.0),
            (f"tokens' trees, CPU for {WHOLE:,}", tokens / count * WHOLE, "s", 60.0),
            ("seal", timed(lambda: seal(project), 1), "ms", None),
            *proofs(project, key),
            *verifications(project, key, count),
            *bursts(project.log, folder),
        ]
        project.close()
    print("| what | figure | bound |\n|---|---:|---:|")
    for what, figure, unit, bound in rows:
        print(f"| {what} | {figure:,.1f} {unit} | {'' if bound is None else f'{bound:,.0f} {unit}'} |")
    print(f"\nload {os.getloadavg()[0]:.1f}")
    return 0


Row = tuple[str, float, str, float | None]


def proofs(project: Project, key: ProjectKey) -> list[Row]:
    """A token's proof: its size, making and checking it."""
    seq = 5 * (project.log.position // 10) + 1
    record = next(project.log.read(after=seq - 1, until=seq)).event
    assert isinstance(record, kinds.ModelResponded)
    assert record.tokens is not None
    receipt, whole = bytes(prove(project, seq, 7)), WHOLE // DELTAS * 5
    hashes = (whole - 1).bit_length() + (record.tokens.count - 1).bit_length()
    made, checked = timed(lambda: prove(project, seq, 7)), timed(lambda: check_receipt(receipt, key.verifier))
    return [
        (f"a token's inclusion proof, both paths, in a log of {WHOLE:,} tokens", 32.0 * hashes, "B", 1000.0),
        ("its receipt here: base64, with header, text and checkpoint", float(len(receipt)), "B", None),
        ("made", made, "ms", 5.0),
        ("checked", checked, "ms", 1.0),
    ]


def verifications(project: Project, key: ProjectKey, count: int) -> list[Row]:
    """All of it, and what came since the newest checkpoint."""
    log = verifier_of(project)
    begun = time.perf_counter()
    verify(project, log)
    whole = time.perf_counter() - begun
    project.log.append("r", None, [NOTE] * 20)
    since = timed(lambda: verify(project, key.verifier, since=2**62), 5) / 1000
    return [
        (f"verify, scaled to {WHOLE:,} tokens", whole / count * WHOLE, "s", 90.0),
        ("verify since the newest checkpoint", since, "s", 1.0),
    ]


def bursts(log: SqliteLog, folder: Path) -> list[Row]:
    """Events a second, one and a thousand an append."""
    epoch = log.claim("r")

    def append(number: int) -> Callable[[], int]:
        return lambda: len(log.append("r", epoch, [NOTE] * number))

    return [
        ("append, one event at a time", rate(append(1)), "/s", None),
        ("append, 1,000 at a time", rate(append(1000)), "/s", 50_000.0),
        ("SQLite alone, 1,000 rows at a time", rate(plain_rows(folder)), "/s", None),
    ]


if __name__ == "__main__":
    sys.exit(main())
