"""The log: one order, all or nothing, fenced, durable."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.canonical import NotCanonical, canonical
from waypost.events.chaos import ChaosLog
from waypost.events.event import KINDS, EventError, UnknownEvent, from_payload, header_of, payload_digest, to_payload
from waypost.events.log import LogDamaged, MissingBlob, NewerSchema, Span, StaleEpoch, StoreFull
from waypost.events.sqlite import SqliteLog, wal_is_safe

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def log(tmp_path: Path):
    opened = SqliteLog(tmp_path / ".waypost" / "state.db")
    yield opened
    opened.close()


def note(text: str) -> kinds.NoteTold:
    return kinds.NoteTold("M01", Blob.of(text))


def test_events_come_back_in_order_with_their_blobs(log: SqliteLog) -> None:
    epoch = log.claim("r")
    log.append("r", epoch, [note("one"), note("two")])
    log.append("other", log.claim("other"), [note("elsewhere")])
    log.append("r", epoch, [note("three")])
    records = list(log.read("r"))
    assert [log.text(r.event.text) for r in records] == ["one", "two", "three"]
    assert [r.seq for r in records] == [1, 2, 4]
    assert [r.seq for r in log.read("r", newest_first=True)] == [4, 2, 1]
    assert [r.seq for r in log.read(after=1, until=3)] == [2, 3]
    assert log.runs() == ("r", "other")


def test_a_text_is_stored_once_however_often_it_is_told(log: SqliteLog) -> None:
    epoch = log.claim("r")
    for _ in range(20):
        log.append("r", epoch, [note("the same long text " * 100)])
    with sqlite3.connect(log.path) as database:
        assert database.execute("SELECT count(*) FROM blobs").fetchone() == (1,)


def test_a_writer_with_a_stale_epoch_is_refused_and_nothing_is_kept(log: SqliteLog) -> None:
    old = log.claim("r")
    new = log.claim("r")
    with pytest.raises(StaleEpoch, match="taken over"):
        log.append("r", old, [note("late")])
    log.append("r", new, [note("fine")])
    log.append("r", None, [kinds.HumanSteered("go left")], actor="human")
    assert [r.event.kind for r in log.read("r")] == ["note.told", "human.steered"]


def test_reading_does_not_stop_another_process_from_writing(log: SqliteLog) -> None:
    epoch = log.claim("r")
    log.append("r", epoch, [note(str(n)) for n in range(1200)])
    other = SqliteLog(log.path)
    reading = other.read("r")
    next(reading)
    log.append("r", epoch, [note("more")])
    assert sum(1 for _ in reading) == 1200
    other.close()


def test_a_log_of_a_newer_schema_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteLog(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(NewerSchema, match="schema 99"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(LogDamaged, match=r"state\.db"):
        SqliteLog(path)


def test_asking_for_a_log_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(EventError, match="no log here"):
        SqliteLog(tmp_path / "state.db", create=False)
    assert not (tmp_path / "state.db").exists()


def test_a_missing_blob_is_named(log: SqliteLog) -> None:
    with pytest.raises(MissingBlob, match="bytes"):
        log.content(Blob("0" * 64, 12))


def test_what_was_spent_is_summed_by_milestone_in_the_spans_asked_for(log: SqliteLog) -> None:
    epoch = log.claim("r")
    for number in range(1, 6):
        spent = kinds.Spent(input=number, output=1, cost=None if number == 2 else 10)
        log.append("r", epoch, [kinds.ModelResponded(f"M0{1 + number // 3}", number, Blob.of("x"), "end", spent)])
    assert log.spent("r", Span(1, 4)) == {"M01": (2, 3, 2, 0, 0, 10, 1), "M02": (2, 7, 2, 0, 0, 20, 0)}


@pytest.mark.slow
def test_sums_by_block_are_what_the_events_say_for_any_span(log: SqliteLog) -> None:
    epoch, rng = log.claim("r"), random.Random(3)
    for _ in range(9):
        events = [
            kinds.ModelResponded(f"M0{rng.randrange(3)}", n, Blob.of("x"), "end", kinds.Spent(rng.randrange(9), 1))
            if rng.random() < 0.7
            else note("between")
            for n in range(1000)
        ]
        log.append("r", epoch, events)
        log.append("other", None, events[:200])
    answers = [r for r in log.read("r") if isinstance(r.event, kinds.ModelResponded)]
    for _ in range(60):
        first, last = sorted(rng.sample(range(1, 12_000), 2))
        naive: dict[str, int] = {}
        for record in answers:
            if first <= record.seq <= last:
                naive[record.event.milestone] = naive.get(record.event.milestone, 0) + record.event.spent.input
        assert {name: numbers[1] for name, numbers in log.spent("r", Span(first, last)).items()} == naive


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small disk needs root")
def test_a_full_disk_keeps_what_was_there_and_says_so(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False).returncode:
        pytest.skip("no mount here")
    try:
        log = SqliteLog(disk / "state.db")
        epoch, kept = log.claim("r"), 0
        with pytest.raises(StoreFull, match="free some space"):
            for number in range(1000):
                log.append("r", epoch, [note(os.urandom(2000).hex() + str(number))])
                kept += 1
        assert kept > 5
        assert sum(1 for _ in log.read("r")) == kept
        log.close()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_every_event_with_only_its_required_fields_round_trips() -> None:
    for kind, cls in KINDS.items():
        item = sample(cls)
        payload = json.loads(canonical(to_payload(item)))
        assert from_payload(kind, cls.schema, payload) == item


def sample(cls):
    import dataclasses
    import typing

    hints = typing.get_type_hints(cls)
    values = {}
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING:
            values[field.name] = example(hints[field.name])
    return cls(**values)


def example(annotation):
    import typing

    if annotation is Blob:
        return Blob.of("text")
    if annotation is kinds.Spent:
        return kinds.Spent(1, 2, 3)
    if typing.get_origin(annotation) is tuple:
        arguments = typing.get_args(annotation)
        inner = arguments[:1] if arguments[-1] is Ellipsis else arguments
        return tuple(example(item) for item in inner)
    return {str: "word", int: 7, bool: True}[annotation]


def test_an_event_of_an_unknown_kind_or_version_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="newer Waypost"):
        from_payload("no.such", 1, {})
    with pytest.raises(UnknownEvent, match="newer Waypost"):
        from_payload("note.told", 99, {})


def test_canonical_bytes_and_digests_stay_as_they_were_written() -> None:
    golden = json.loads((GOLDEN / "events-v1.json").read_text())
    for case in golden["payloads"]:
        item = from_payload(case["kind"], case["schema"], case["payload"])
        payload = canonical(to_payload(item))
        assert payload.decode() == case["canonical"]
        assert payload_digest(bytes.fromhex(case["salt"]), payload) == case["digest"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ_09", max_size=5), inner, max_size=4),
)


@given(values)
def test_canonical_bytes_are_one_for_one_value(value) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


@pytest.mark.parametrize("value", [1.5, {1: 2}, {"é": 1}, 2**60, {"a": {1, 2}}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True), ((3, 51, 2), False),
     ((3, 51, 3), True), ((3, 52, 0), True)],
)  # fmt: skip
def test_the_write_ahead_log_is_used_only_where_its_bug_is_fixed(version, safe) -> None:
    assert wal_is_safe(version) is safe


def test_the_chaos_log_fails_when_told_and_keeps_nothing(log: SqliteLog) -> None:
    chaos = ChaosLog(log, lambda number, _: StoreFull("full") if number == 1 else None)
    epoch = chaos.claim("r")
    chaos.append("r", epoch, [note("one")])
    with pytest.raises(StoreFull):
        chaos.append("r", epoch, [note("two")])
    chaos.append("r", epoch, [note("three")])
    assert [log.text(r.event.text) for r in chaos.read("r")] == ["one", "three"]


WRITER = """
import sys
from pathlib import Path
from waypost.events.sqlite import SqliteLog
from waypost.events.kinds import NoteTold
from waypost.events.blob import Blob
log = SqliteLog(Path(sys.argv[1]))
epoch = log.claim("r")
for number in range(100000):
    record = log.append("r", epoch, [NoteTold("M01", Blob.of(f"{number} " * 200)), NoteTold("M01", Blob.of("b"))])[-1]
    sys.stdout.write(f"{record.seq}\\n"); sys.stdout.flush()
"""


def test_no_acknowledged_event_is_lost_to_kill_nine(tmp_path: Path) -> None:
    path, rng = tmp_path / "state.db", random.Random(5)
    for _ in range(12):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        acknowledged = [int(line) for line in process.stdout.read().splitlines() if line.strip()]
        process.wait()
        log = SqliteLog(path)
        position = log.position
        assert position >= max(acknowledged, default=0)
        assert position % 2 == 0, "an append of two events was kept by half"
        assert all(log.text(record.event.text) for record in log.read("r", after=position - 10))
        log.close()


@given(
    st.integers(0, 2**60),
    st.text(),
    st.integers(-5, 2**60),
    st.text(),
    st.sampled_from([None, {}, {"tokens": {"count": 3, "root": "ab", "unit": "delta"}}]),
)
def test_a_header_put_together_by_hand_is_the_canonical_one(seq, run, at, actor, head) -> None:
    fields = {"actor": actor, "at": at, "digest": "ab12", "epoch": 1, "kind": "k", "run": run, "schema": 1, "seq": seq}

    def outcome(make):
        try:
            return make()
        except NotCanonical:
            return "refused"

    assert outcome(lambda: header_of((seq, run, at, actor, 1, "k", 1, "ab12"), head)) == outcome(
        lambda: canonical({**fields, **(head or {})})
    )
