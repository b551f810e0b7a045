"""A log of two thousand events: whatever is changed in it is found, and the first event that it concerns is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.leaves import Row
from waypost.events.sqlite import SqliteLog
from waypost.events.sqlite_leaves import SqliteLeaves
from waypost.ledger.audit import check_rows
from waypost.ledger.errors import DamagedLog

EVENTS, FLIPS = 2000, 6000
PARTS = ("header", "leaf", "salt", "digest", "payload")


@dataclass
class Changed:
    """Rows as somebody left them."""

    stored: list[Row]

    def rows(self, after: int = 0, until: int | None = None) -> Iterator[Row]:
        last = len(self.stored) + 10 if until is None else until
        yield from (row for row in self.stored[after : last + 1] if after < row.seq <= last)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    log = SqliteLog(tmp_path_factory.mktemp("mutations") / "state.db")
    epoch = log.claim("r")
    log.append("r", epoch, [kinds.NoteTold("M01", Blob.of(f"note {number}")) for number in range(EVENTS)])
    found = list(log.leaves.rows())
    log.close()
    return found


def first_bad(stored: list[Row], after: int = 0, until: int = EVENTS) -> int | None:
    leaves: SqliteLeaves = Changed(stored)  # type: ignore[assignment]  # only rows are asked for
    try:
        check_rows(leaves, after, until, None)
    except DamagedLog as problem:
        return problem.index
    return None


def test_every_flipped_bit_is_found_in_its_event(rows: list[Row]) -> None:
    assert first_bad(rows) is None
    chance = random.Random(2000)
    for flip in range(FLIPS):
        index, part = chance.randrange(EVENTS), PARTS[flip % len(PARTS)]
        data = bytearray(getattr(rows[index], part))
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        stored = [*rows]
        stored[index] = replace(rows[index], **{part: bytes(data)})
        low, high = (0, EVENTS) if flip % 200 == 0 else (max(0, index - 3), min(EVENTS, index + 3))
        assert first_bad(stored, low, high) == index, (index, part)


def test_every_truncation_is_found_at_its_end(rows: list[Row]) -> None:
    for kept in range(0, EVENTS, 7):
        assert first_bad(rows[:kept], max(0, kept - 3)) == kept


def test_every_swap_of_neighbours_is_found_at_the_first(rows: list[Row]) -> None:
    for index in range(EVENTS - 1):
        one, other = rows[index], rows[index + 1]
        places = (replace(other, seq=one.seq), replace(one, seq=other.seq))
        stored = [*rows]
        stored[index : index + 2] = places  # the header says another place than the one it stands in
        relabelled = [replace(row, header=_placed(row, row.seq)) for row in places]
        assert first_bad([*rows[:index], other, one, *rows[index + 2 :]], max(0, index - 2), index + 2) == index
        stored[index : index + 2] = relabelled
        assert first_bad(stored, max(0, index - 2), index + 2) == index


def _placed(row: Row, seq: int) -> bytes:
    """The header as it would be read from a row that was given another place."""
    assert row.header is not None
    head, _, _ = row.header.rpartition(b'"seq":')
    return head + b'"seq":%d}' % seq


@pytest.mark.slow
def test_every_event_that_is_gone_or_there_twice_is_found(rows: list[Row]) -> None:
    for index in range(0, EVENTS, 3):
        assert first_bad(rows[:index] + rows[index + 1 :], max(0, index - 2)) == index
        double = [*rows[: index + 1], *(replace(row, seq=row.seq + 1) for row in rows[index:])]
        shown = [replace(row, header=_placed(row, row.seq)) for row in double[index + 1 : index + 3]]
        double[index + 1 : index + 3] = shown
        assert first_bad(double, max(0, index - 2), index + 2) == index + 1


def test_every_part_of_a_row_is_held_by_something() -> None:
    told = {"seq", "kind", "at", "tombstone"}  # in the header, or checked against the log
    assert {field.name for field in fields(Row)} == told | set(PARTS)


@pytest.mark.slow
def test_the_file_itself_can_lose_any_byte_and_no_reader_crashes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    log = SqliteLog(path)
    log.append("r", log.claim("r"), [kinds.NoteTold("M01", Blob.of(f"note {number}")) for number in range(40)])
    log.close()
    whole, chance = path.read_bytes(), random.Random(40)
    sound = _read(path)
    for _ in range(300):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        seen = _read(path)
        assert seen == sound or isinstance(seen, str), "the same, or an error that says so"


def _read(path: Path) -> list[Row] | str:
    from waypost.events.event import EventError

    try:
        log = SqliteLog(path)
    except EventError as problem:
        return str(problem)
    try:
        check_rows(log.leaves, 0, 40, None)
        return list(log.leaves.rows())
    except (EventError, DamagedLog) as problem:
        return str(problem)
    finally:
        log.close()
