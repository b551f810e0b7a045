"""A log is sealed by signed checkpoints, and what was changed in it is found and named."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.sqlite import SqliteLog
from waypost.ledger.audit import Audit, Remarks, check_rows, check_tree
from waypost.ledger.errors import BadCheckpoint, DamagedLog, LedgerError
from waypost.ledger.keys import ProjectKey, make_key
from waypost.ledger.proofs import inclusion_proof, verify_inclusion
from waypost.ledger.seal import RolledBack, Sealer
from waypost.ledger.stored import stored_hashes

COLUMNS = ("at", "actor", "epoch", "kind", "schema", "salt", "digest", "payload", "leaf")


class Kept:
    """A log with a key beside it."""

    def __init__(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "repository" / "state.db")
        self.key: ProjectKey = make_key(folder / "home", "testing")
        self.sealer = Sealer(self.log.leaves, self.key)
        self.epoch = self.log.claim("r")

    def add(self, count: int) -> None:
        start = self.log.position
        events = [kinds.NoteTold("M01", Blob.of(f"note {start + number}")) for number in range(count)]
        self.log.append("r", self.epoch, events)

    def seal(self) -> None:
        self.sealer.seal(self.log.position)

    def audit(self) -> Audit:
        check_rows(self.log.leaves, 0, self.log.position, None)
        outside = self.sealer.newest()
        return check_tree(self.log.leaves, self.key.verifier, outside.checkpoint if outside else None)

    def change(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.log.path) as database:
            database.execute(statement, values)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_a_log_that_nobody_touched_holds_at_every_checkpoint(kept: Kept) -> None:
    for count in (1, 254, 1, 1, 300, 700):
        kept.add(count)
        kept.seal()
        kept.sealer.check(kept.log.position)
    kept.add(3)
    assert kept.audit() == Audit(1257, 6)
    assert len(kept.log.leaves.nodes(1, 0, 99)) == 4


def test_sealing_again_without_new_events_signs_nothing(kept: Kept) -> None:
    kept.add(5)
    kept.seal()
    kept.seal()
    assert len(kept.log.leaves.all_sealed()) == 1


def test_any_event_is_proved_from_what_is_stored(kept: Kept) -> None:
    for count in (300, 400):
        kept.add(count)
        kept.seal()
    hashes, leaves = stored_hashes(kept.log.leaves, 700), kept.log.leaves.hashes(0, 700)
    sealed = kept.log.leaves.sealed()
    newest = kept.sealer.newest()
    assert sealed is not None
    assert newest is not None
    for index in (0, 255, 256, 511, 512, 699):
        proof = inclusion_proof(hashes, index, 700)
        verify_inclusion(leaves[index], index, 700, proof, newest.checkpoint.root)


@pytest.mark.slow
@pytest.mark.parametrize("column", COLUMNS)
def test_one_changed_byte_is_found_in_its_event(kept: Kept, column: str) -> None:
    kept.add(300)
    kept.seal()
    chance = random.Random(column)
    for _ in range(12):
        seq = chance.randint(1, 300)
        with sqlite3.connect(kept.log.path) as database:
            (before,) = database.execute(f"SELECT {column} FROM events WHERE seq = ?", (seq,)).fetchone()
        kept.change(f"UPDATE events SET {column} = ? WHERE seq = ?", _flipped(before, chance), seq)
        with pytest.raises(DamagedLog) as caught:
            kept.audit()
        assert caught.value.index == seq - 1
        kept.change(f"UPDATE events SET {column} = ? WHERE seq = ?", before, seq)
    assert kept.audit().events == 300


def _flipped(value: object, chance: random.Random) -> object:
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(8)
    data = bytearray(value.encode() if isinstance(value, str) else value)
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(7)
    return data.decode(errors="replace") if isinstance(value, str) else bytes(data)


def test_lost_swapped_and_doubled_events_are_found(kept: Kept) -> None:
    kept.add(20)
    kept.seal()
    for statement, index in (
        ("DELETE FROM events WHERE seq = 7", 6),
        ("DELETE FROM events WHERE seq > 12", 12),
        ("UPDATE events SET seq = CASE seq WHEN 4 THEN -5 ELSE -4 END WHERE seq IN (4, 5)", 3),
        ("INSERT INTO events SELECT 21, run, at, actor, epoch, kind, schema, salt, digest, payload, head, leaf "
         "FROM events WHERE seq = 20", 20),
    ):  # fmt: skip
        with sqlite3.connect(kept.log.path) as database:
            database.execute("CREATE TABLE safe AS SELECT * FROM events")
            database.execute(statement)
            database.execute("UPDATE events SET seq = -seq WHERE seq < 0")
        with pytest.raises(LedgerError) as caught:
            check_rows(kept.log.leaves, 0, max(kept.log.position, 20), None)
            kept.audit()
        assert isinstance(caught.value, DamagedLog), statement
        assert caught.value.index == index, statement
        with sqlite3.connect(kept.log.path) as database:
            database.execute("DELETE FROM events")
            database.execute("INSERT INTO events SELECT * FROM safe")
            database.execute("DROP TABLE safe")
    assert kept.audit().events == 20


def test_events_that_were_written_anew_with_their_leaves_are_not_those_that_were_signed(
    kept: Kept, tmp_path: Path
) -> None:
    kept.add(600)
    kept.seal()
    other = Kept(tmp_path / "other")
    other.add(600)
    kept.change("ATTACH ? AS other", str(other.log.path))
    with sqlite3.connect(kept.log.path) as database:
        database.execute("ATTACH ? AS other", (str(other.log.path),))
        database.execute("DELETE FROM events WHERE seq > 300")
        database.execute("INSERT INTO events SELECT * FROM other.events WHERE seq > 300")
    check_rows(kept.log.leaves, 0, 600, None)
    with pytest.raises(DamagedLog, match="not what the checkpoint over 600") as caught:
        kept.audit()
    assert caught.value.index == 256, "the first block that differs"
    with pytest.raises(LedgerError):
        kept.sealer.check(600)


def test_an_older_copy_of_the_log_is_not_gone_on_with(kept: Kept, tmp_path: Path) -> None:
    kept.add(10)
    kept.seal()
    kept.log.close()
    older = kept.log.path.read_bytes()
    kept.log = SqliteLog(kept.log.path)
    kept.sealer = Sealer(kept.log.leaves, kept.key)
    kept.add(10)
    kept.seal()
    kept.log.close()
    for leftover in kept.log.path.parent.glob("state.db-*"):
        leftover.unlink()
    kept.log.path.write_bytes(older)
    kept.log = SqliteLog(kept.log.path)
    with pytest.raises(RolledBack, match="events 11 to 20 are lost"):
        Sealer(kept.log.leaves, kept.key).check(kept.log.position)


def test_a_forged_checkpoint_and_another_projects_key_are_refused(kept: Kept, tmp_path: Path) -> None:
    kept.add(10)
    kept.seal()
    other = make_key(tmp_path / "elsewhere", "testing")
    with pytest.raises(LedgerError):
        check_tree(kept.log.leaves, other.verifier, None)
    with sqlite3.connect(kept.log.path) as database:
        (note,) = database.execute("SELECT note FROM checkpoints").fetchone()
    for at in range(0, len(note), 9):
        forged = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        kept.change("UPDATE checkpoints SET note = ?", forged)
        with pytest.raises(LedgerError):
            check_tree(kept.log.leaves, kept.key.verifier, None)
        (kept.key.path.parent / "checkpoint").write_bytes(forged)
        with pytest.raises(LedgerError):
            kept.sealer.check(10)


def test_a_clock_that_ran_back_is_told(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.add(2)
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    kept.add(1)
    assert check_rows(kept.log.leaves, 0, 3, None) == Remarks(erased=[], backwards=[3])


def test_a_log_without_leaves_gets_them_when_it_is_opened(kept: Kept) -> None:
    kept.add(5)
    kept.log.close()
    with sqlite3.connect(kept.log.path) as database:
        for table in ("nodes", "checkpoints", "facts", "erased"):
            database.execute(f"DROP TABLE {table}")
        database.execute("ALTER TABLE events DROP COLUMN head")
        database.execute("ALTER TABLE events DROP COLUMN leaf")
        database.execute("PRAGMA user_version = 1")
    kept.log = SqliteLog(kept.log.path)
    kept.sealer = Sealer(kept.log.leaves, kept.key)
    assert kept.log.leaves.fact("leaves-from") == "6"
    kept.epoch = kept.log.claim("r")
    kept.add(1)
    kept.seal()
    assert kept.audit() == Audit(6, 1)


def test_what_is_outside_can_be_unreadable(kept: Kept) -> None:
    kept.add(1)
    (kept.key.path.parent / "checkpoint").mkdir()
    with pytest.raises(BadCheckpoint, match="can't be"):
        kept.seal()
