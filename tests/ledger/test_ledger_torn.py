"""A power cut at any byte of the last event: the log is what it was before, or whole, or says what is wrong."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import EventError
from waypost.events.sqlite import JOURNAL, SqliteLog
from waypost.ledger.audit import check_rows
from waypost.ledger.errors import DamagedLog
from waypost.ledger.keys import make_key
from waypost.ledger.seal import RolledBack, Sealer

LAST = "the last event, of which a part is on the disk" * 4
PAGE, SECTOR, NONCE = 4096, 512, 77


@pytest.fixture
def states(tmp_path: Path) -> tuple[Path, bytes, bytes]:
    """The file before and after the last event was appended."""
    path = tmp_path / "state.db"
    log = SqliteLog(path)
    epoch = log.claim("r")
    log.append("r", epoch, [kinds.NoteTold("M01", Blob.of(f"note {number}")) for number in range(30)])
    log.close()
    before = path.read_bytes()
    log = SqliteLog(path)
    log.append("r", epoch, [kinds.HumanAsked("steer", LAST)])
    log.close()
    return path, before, path.read_bytes()


def journal(before: bytes, after: bytes) -> bytes:
    """The rollback journal of the append, as SQLite's file format has it: the old pages, to be put back."""
    numbers = [at // PAGE for at in range(0, len(before), PAGE) if before[at : at + PAGE] != after[at : at + PAGE]]
    head = JOURNAL + struct.pack(">IIIII", len(numbers), NONCE, len(before) // PAGE, SECTOR, PAGE)
    records = b""
    for number in numbers:
        page = before[number * PAGE : (number + 1) * PAGE]
        check = NONCE + sum(page[at] for at in range(PAGE - 200, 0, -200))
        records += struct.pack(">I", number + 1) + page + struct.pack(">I", check & 0xFFFFFFFF)
    return head.ljust(SECTOR, b"\0") + records


def cuts(before: bytes, after: bytes) -> list[bytes]:
    """The file with the last event's record written up to each of its bytes."""
    start = after.index(LAST.encode()) - 120
    base = before.ljust(len(after), b"\0")
    return [after[:at] + base[at:] for at in range(start, start + 120 + len(LAST) + 120)]


@pytest.mark.slow
def test_a_torn_append_is_taken_back_and_named(states: tuple[Path, bytes, bytes]) -> None:
    path, before, after = states
    hot = journal(before, after)
    for torn in cuts(before, after):
        path.write_bytes(torn)
        path.with_name("state.db-journal").write_bytes(hot)
        log = SqliteLog(path)
        check_rows(log.leaves, 0, 30, None)
        assert (log.position, log.torn) == (30, True)
        log.close()
    path.write_bytes(after)
    log = SqliteLog(path)
    assert (log.position, log.torn) == (31, False)
    log.close()


def test_a_disk_that_lied_leaves_no_log_that_is_wrong_and_silent(states: tuple[Path, bytes, bytes]) -> None:
    path, before, after = states
    seen = {"before": 0, "whole": 0, "said": 0}
    for torn in cuts(before, after):
        path.write_bytes(torn)
        try:
            log = SqliteLog(path)
            try:
                check_rows(log.leaves, 0, None, None)
                [record.event for record in log.read()]
                seen["before" if log.position == 30 else "whole"] += 1
                assert torn == after or log.position == 30 or _last(log) == LAST
            finally:
                log.close()
        except (EventError, DamagedLog, ValueError):
            seen["said"] += 1
    assert seen["said"] > 0


def _last(log: SqliteLog) -> str:
    record = log.last()
    assert record is not None
    assert isinstance(record.event, kinds.HumanAsked)
    return record.event.text


def test_a_log_that_lost_what_was_signed_is_not_gone_on_with(states: tuple[Path, bytes, bytes], tmp_path: Path) -> None:
    path, before, after = states
    key = make_key(tmp_path / "key", "torn")
    log = SqliteLog(path)
    Sealer(log.leaves, key).seal(log.position)
    log.close()
    path.write_bytes(after)  # as it was before the checkpoint was kept in it: the one outside still stands
    log = SqliteLog(path)
    Sealer(log.leaves, key).check(log.position)
    log.close()
    path.write_bytes(before)
    log = SqliteLog(path)
    with pytest.raises(RolledBack, match="events 31 to 31 are lost"):
        Sealer(log.leaves, key).check(log.position)
    log.close()
