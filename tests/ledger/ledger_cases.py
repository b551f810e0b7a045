"""Trees, logs and keys that the ledger's tests share."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.folder import FolderWriter
from waypost.ledger.signatures import Algorithm, Signer, Verifier
from waypost.ledger.tree import Nodes, leaf_hashes

VECTORS = Path(__file__).parent / "vectors"
TESSERA = VECTORS / "tessera-log"
TESSERA_KEY = Verifier.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
ORIGIN = "waypost.invalid/testing"
LOG = Signer(ORIGIN, Algorithm.ED25519, hashlib.sha256(b"log").digest())
WITNESS = Signer("witness.example/w1", Algorithm.COSIGNATURE, hashlib.sha256(b"witness").digest())
STRANGER = Signer(ORIGIN, Algorithm.ED25519, hashlib.sha256(b"stranger").digest())


def entries(count: int, start: int = 0) -> list[bytes]:
    return [b'{"kind":"testing","seq":%d}' % seq for seq in range(start + 1, start + count + 1)]


def nodes(count: int) -> Nodes:
    return Nodes(leaf_hashes(entries(count)))


def publish(writer: FolderWriter, signer: Signer = LOG) -> bytes:
    note = sign_checkpoint(Checkpoint(signer.name, writer.size, writer.root), [signer])
    writer.publish(note)
    return note


def write_log(folder: Path, count: int) -> bytes:
    writer = FolderWriter(folder, LOG.verifier)
    writer.add(entries(count))
    return publish(writer)


def probes(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((VECTORS / "merkle" / kind).rglob("*.json")):
        yield str(path.relative_to(VECTORS)), json.loads(path.read_text("utf-8"))


def unpacked(probe: dict[str, Any], *names: str) -> list[bytes]:
    return [base64.b64decode(probe[name]) for name in names]


def proof_of(probe: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(item) for item in probe["proof"] or ()]
