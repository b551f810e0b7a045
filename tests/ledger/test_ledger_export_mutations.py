"""An export of two thousand events, as files: whatever byte of them is changed is found, and the entry named."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from independent import verify_log
from ledger_cases import LOG

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.sqlite import SqliteLog
from waypost.ledger.errors import DamagedLog, LedgerError
from waypost.ledger.folder import FolderWriter
from waypost.ledger.keys import ProjectKey
from waypost.ledger.seal import Sealer
from waypost.ledger.verify import verify_folder

EVENTS = 2000
HASH = 32


@dataclass(frozen=True)
class Export:
    """An export's files, and where each entry begins in its bundle."""

    folder: Path
    files: dict[str, bytes]

    def entry_at(self, name: str, position: int) -> int | None:
        """The entry that a byte of a file belongs to; None for the checkpoint and the tiles above the leaves."""
        if name.startswith("tile/0/"):
            return 256 * int(name.split("/")[2][:3]) + position // HASH
        if not name.startswith("tile/entries/"):
            return None
        data, entry, start = self.files[name], 256 * int(name.split("/")[2][:3]), 0
        while True:
            start += 2 + int.from_bytes(data[start : start + 2], "big")
            if position < start:
                return entry
            entry += 1

    def found(self, since: int = 0) -> LedgerError | None:
        try:
            verify_folder(self.folder, LOG.verifier, since=since)
        except LedgerError as problem:
            return problem
        return None


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    place = tmp_path_factory.mktemp("exported")
    log = SqliteLog(place / "state.db")
    log.append("r", log.claim("r"), [kinds.NoteTold("M01", Blob.of(f"note {number}")) for number in range(EVENTS)])
    Sealer(log.leaves, ProjectKey(LOG, place / "ledger.key")).seal(log.position)
    sealed, folder = log.leaves.sealed(), place / "log"
    assert sealed is not None
    writer = FolderWriter(folder, LOG.verifier)
    writer.add(row.header or b"" for row in log.leaves.rows())
    writer.publish(sealed.note)
    log.close()
    assert verify_log(folder, str(LOG.verifier)) == EVENTS
    names = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return Export(folder, {str(path.relative_to(folder)): path.read_bytes() for path in names})


FLIPS = int(os.environ.get("WAYPOST_FLIPS", "1500"))
"""6,000 take a minute, and were found all."""


@pytest.mark.parametrize("flips", [150, pytest.param(FLIPS, marks=pytest.mark.slow)])
def test_every_flipped_bit_of_every_file_is_found_and_its_entry_named(export: Export, flips: int) -> None:
    assert export.found() is None
    chance, seen = random.Random(2000), Counter[str]()
    whole = [(name, len(data)) for name, data in export.files.items()]
    few = [(name, size) for name, size in whole if not name.startswith("tile/entries/")]
    for flip in range(flips):
        among = whole if flip % 3 else few
        name, size = chance.choices(among, [size for _, size in among])[0] if flip % 4 else chance.choice(among)
        position = chance.randrange(size)
        data = bytearray(export.files[name])
        data[position] ^= 1 << chance.randrange(8)
        (export.folder / name).write_bytes(data)
        entry = export.entry_at(name, position)
        problem = export.found(0 if entry is None or flip % 10 == 0 else entry // 256 * 256)
        (export.folder / name).write_bytes(export.files[name])
        assert problem is not None, (name, position)
        if entry is not None:
            assert isinstance(problem, DamagedLog), (name, position)
            assert problem.index == entry, (name, position, str(problem))
        seen[name] += 1
    assert set(seen) == set(export.files)
    assert export.found() is None


def test_every_byte_of_the_checkpoint_counts(export: Export) -> None:
    note = export.files["checkpoint"]
    assert verify_folder(export.folder, LOG.verifier, since=EVENTS).checkpoint.size == EVENTS
    for position in range(len(note)):
        for bit in range(8):
            data = bytearray(note)
            data[position] ^= 1 << bit
            with pytest.raises(LedgerError):
                verify_folder(export.folder, LOG.verifier, since=EVENTS, note=bytes(data))


def test_every_truncation_of_a_file_is_found(export: Export) -> None:
    chance = random.Random(2001)
    for name, data in export.files.items():
        for end in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(10))}:
            (export.folder / name).write_bytes(data[:end])
            problem = export.found()
            assert problem is not None, (name, end)
            if name.startswith("tile/entries/"):
                assert isinstance(problem, DamagedLog)
                assert problem.index == export.entry_at(name, end), (name, end)
        (export.folder / name).write_bytes(data)


def test_every_file_that_is_gone_is_found(export: Export) -> None:
    for name, data in export.files.items():
        (export.folder / name).unlink()
        assert export.found() is not None, name
        (export.folder / name).write_bytes(data)
    assert export.found() is None
