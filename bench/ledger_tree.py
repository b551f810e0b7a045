"""The ledger's arithmetic: hashing, 13 million tokens nested in events, proofs, tiles; beside plain hashlib and a peer.

python bench/ledger_tree.py [--tokens 1000000] [--each 500] [--peer FOLDER]

Times are CPU seconds of one core. `--peer` is a folder with pymerkle (GPL, so never a dependency); without it that row
is left out. A token's proof is measured in a log as large as 13 million tokens make: all event hashes are there, the
tokens of one response are.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from waypost.events.canonical import canonical
from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.folder import FolderWriter
from waypost.ledger.receipt import make_receipt
from waypost.ledger.salted import new_salt
from waypost.ledger.signatures import Signer
from waypost.ledger.statement import Statement, check_receipt
from waypost.ledger.tokens import Commitment, Kind, Piece, Unit, commitment, disclose, prove_token, token_leaves
from waypost.ledger.tree import Frontier, Nodes, leaf_hashes
from waypost.ledger.verify import verify_folder

WHOLE = 13_000_000
EVENTS_A_STEP = 5  # request, answer, call, end of call, checkpoint
TIMES = 200
SIGNER = Signer.new("waypost.invalid/bench")


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def header(seq: int, committed: Commitment | None = None) -> bytes:
    """A header as the log writes it, with or without tokens."""
    tokens = {} if committed is None else {"tokens": committed.to_json()}
    fields = {"actor": "runtime", "at": 1_795_282_240_440_084 + seq, "digest": hashlib.sha256(b"%d" % seq).hexdigest()}
    more = {"epoch": 1, "kind": "model.responded", "run": "trailing-commas-7f3a", "schema": 1, "seq": seq}
    return canonical({**fields, **more, **tokens})


def pieces(count: int, start: int) -> list[Piece]:
    """So many deltas of about four bytes."""
    wall = 1_795_282_240 * 10**9
    return [(Kind.TEXT, 0, b" w%03d" % (n % 1000), n * 10**6, wall + n * 10**6) for n in range(start, start + count)]


def plain(entries: Sequence[bytes]) -> None:
    """The floor: a leaf and a node hash for each entry in one loop, and no tree."""
    sha256, last = hashlib.sha256, bytes(32)
    for entry in entries:
        last = sha256(b"\x01" + last + sha256(b"\x00" + entry).digest()).digest()


def hashing(count: int, peer: Path | None) -> None:
    """Leaves a second, by each way of adding them."""
    entries = [b"%064d" % number for number in range(count)]
    extended = Frontier()

    def one_by_one() -> None:
        frontier = Frontier()
        for leaf in leaf_hashes(entries):
            frontier.append(leaf)

    rows: list[tuple[str, int, float]] = [
        ("hashlib alone: a leaf and a node hash an entry", count, seconds(lambda: plain(entries))),
        ("leaf hashes", count, seconds(lambda: leaf_hashes(entries))),
        ("frontier, `extend` with all at once", count, seconds(lambda: extended.extend(leaf_hashes(entries)))),
        ("frontier, `append` one by one", count, seconds(one_by_one)),
        ("whole tree in memory", count, seconds(lambda: Nodes(leaf_hashes(entries)).root)),
    ]
    if peer is not None:
        sys.path.insert(0, str(peer))
        tree = importlib.import_module("pymerkle").InmemoryTree(algorithm="sha256")
        few = entries[: count // 10]
        taken = seconds(lambda: [tree.append_entry(entry) for entry in few])
        same = tree.get_root() == Nodes(leaf_hashes(few)).root
        rows.append((f"pymerkle, in memory (same root: {'yes' if same else 'no'})", len(few), taken))
    print(f"| {count:,} entries of 64 bytes | leaves a second |\n|---|---|")
    for name, number, taken in rows:
        print(f"| {name} | {number / taken:,.0f} |")


def nested(count: int, each: int) -> None:
    """What the tokens of a marathon cost, from a part of it."""
    frontier, taken = Frontier(), 0.0
    for start in range(0, count, each):
        arrived, salt = pieces(each, start), new_salt()
        begun = time.process_time()
        committed = commitment(Unit.DELTA, token_leaves(Unit.DELTA, arrived, salt))
        frontier.extend(leaf_hashes([header(start, committed), *(header(start + n) for n in range(1, EVENTS_A_STEP))]))
        taken += time.process_time() - begun
    print(f"\n| tokens nested in events, {each} a response | CPU seconds |\n|---|---|")
    print(f"| {count:,} measured | {taken:.1f} |\n| {WHOLE:,} at that rate | {taken * WHOLE / count:.1f} |")


def proofs(each: int) -> None:
    """One token's proof in the log of a marathon: its size, and the time to make and to check it."""
    events = WHOLE // each * EVENTS_A_STEP
    place, salt, arrived = events // 3, new_salt(), pieces(each, 0)
    leaves = token_leaves(Unit.DELTA, arrived, salt)
    entry = header(place + 1, commitment(Unit.DELTA, leaves))
    hashes = [hashlib.sha256(b"%d" % number).digest() for number in range(events)]
    hashes[place] = leaf_hashes([entry])[0]
    nodes = Nodes(hashes)
    note = sign_checkpoint(Checkpoint(SIGNER.name, events, nodes.root), [SIGNER])
    verifier = SIGNER.verifier
    making, checking, rebuilding = [], [], []
    size = paths = packed = 0
    for number in range(TIMES):
        index = number * 7 % each
        begun = time.perf_counter()
        again = token_leaves(Unit.DELTA, arrived, salt)
        middle = time.perf_counter()
        token = disclose(prove_token(again, index), salt, arrived[index][2])
        receipt = make_receipt(nodes, place, note, bytes(Statement(entry, token)))
        data = bytes(receipt)
        made = time.perf_counter()
        check_receipt(data, verifier)
        checked = time.perf_counter()
        rebuilding.append(middle - begun)
        making.append(made - begun)
        checking.append(checked - made)
        size, paths = max(size, len(data)), max(paths, 32 * (len(token.path) + len(receipt.path)))
        packed = max(packed, 32 * len(receipt.path) + len(receipt.extra))
    print(f"\n| a token's proof, {WHOLE:,} tokens in {events:,} events | |\n|---|---|")
    print(f"| hashes: path in the response and path in the log | {paths} bytes |")
    print(f"| with the event's header, the leaf, its salt and text | {packed} bytes |")
    print(f"| as a receipt in text, with the signed checkpoint | {size} bytes |")
    for name, times in (
        ("made, median", making),
        ("of it the response's leaves", rebuilding),
        ("checked, median", checking),
    ):
        print(f"| {name} | {statistics.median(times) * 1000:.2f} ms |")


def folder(count: int) -> None:
    """Writing a log as tiles, and checking every entry of it."""
    entries = [header(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        writer = FolderWriter(place, SIGNER.verifier)
        writing = seconds(lambda: writer.add(entries))
        writer.publish(sign_checkpoint(Checkpoint(SIGNER.name, writer.size, writer.root), [SIGNER]))
        reading = seconds(lambda: verify_folder(place, SIGNER.verifier))
    print(f"\n| {count:,} headers as tiles | CPU seconds | entries a second |\n|---|---|---|")
    print(
        f"| written | {writing:.2f} | {count / writing:,.0f} |\n| verified | {reading:.2f} | {count / reading:,.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--peer", type=Path)
    given = parser.parse_args()
    hashing(given.tokens, given.peer)
    nested(given.tokens, given.each)
    proofs(given.each)
    folder(130_000)
    print(f"\nload now: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
