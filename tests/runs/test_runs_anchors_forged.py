"""Anchors that do not hold, in the logs of real runs: each is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from anchor_cases import TIME_STAMPING, Tsa, WitnessServer, certified
from anchored_cases import NEEDS_OPENSSL, Anchored, anchors_of, verified

from waypost.events.anchoring import CheckpointCosigned, CheckpointStamped
from waypost.events.blob import Blob
from waypost.events.canonical import leaf_hash
from waypost.events.event import Event
from waypost.ledger.textual import to_base64
from waypost.runs.sealing import project_key, seal

pytestmark = NEEDS_OPENSSL


def forged(anchored: Anchored, event: Event) -> str:
    """What verify says of a log in which somebody logged this."""
    with anchored.place.project() as project:
        position = project.log.append("ledger", None, [event])[0].seq
        seal(project)
    for command in (("verify",), ("export", "nowhere")):
        ended = anchored.place.waypost("ledger", *command)
        assert ended.returncode == 1, ended.stdout
        assert f"event {position}" in ended.stderr
    return ended.stderr


def last(anchored: Anchored, kind: type[Event]) -> Event:
    return [event for event in anchors_of(anchored.place) if isinstance(event, kind)][-1]


def test_a_forged_cosignature_is_named(anchored: Anchored) -> None:
    event = last(anchored, CheckpointCosigned)
    assert isinstance(event, CheckpointCosigned)
    letter = event.note[-20]
    note = event.note[:-20] + ("A" if letter != "A" else "B") + event.note[-19:]
    assert "does not fit" in forged(anchored, CheckpointCosigned(event.size, event.witness, note))


def test_a_cosignature_by_a_key_that_nobody_added_is_named(anchored: Anchored) -> None:
    stranger = WitnessServer([anchored.key], "stranger.example")
    event = last(anchored, CheckpointCosigned)
    assert isinstance(event, CheckpointCosigned)
    own = event.note.rpartition("\N{EM DASH}")[0]
    note = own + stranger.line(own.encode()).decode()
    name = f"stranger.example+{stranger.key_id.hex()}"
    assert "no witness with this key" in forged(anchored, CheckpointCosigned(event.size, name, note))


def test_a_true_cosignature_under_another_size_is_named(anchored: Anchored) -> None:
    event = last(anchored, CheckpointCosigned)
    assert isinstance(event, CheckpointCosigned)
    said = forged(anchored, CheckpointCosigned(event.size + 1, event.witness, event.note))
    assert f"it is about {event.size} events, not {event.size + 1}" in said


def test_a_cosigned_checkpoint_of_another_log_is_named(anchored: Anchored) -> None:
    from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint

    with anchored.place.project() as project:
        key = project_key(project)
        other = sign_checkpoint(Checkpoint(key.origin, 9, b"x" * 32), [key.signer])
    note = other + anchored.witness.line(other)
    name = f"{anchored.witness.name}+{anchored.witness.key_id.hex()}"
    assert "saw another log than this one" in forged(anchored, CheckpointCosigned(9, name, note.decode()))


def test_a_stamp_by_somebody_else_is_named(anchored: Anchored, tmp_path: Path) -> None:
    impostor = certified("Root")
    fake = Tsa(tmp_path, certified("Clock", impostor, TIME_STAMPING, authority=False), (impostor,))
    event = last(anchored, CheckpointStamped)
    assert isinstance(event, CheckpointStamped)
    response = Blob.of(to_base64(fake.stamp(anchored.tsa.queries[-1])))
    said = forged(anchored, CheckpointStamped(event.size, event.authority, event.note, response))
    assert "leads to no root that was given" in said


def test_a_stamp_of_an_authority_that_nobody_added_is_named(anchored: Anchored) -> None:
    event = last(anchored, CheckpointStamped)
    assert isinstance(event, CheckpointStamped)
    said = forged(anchored, CheckpointStamped(event.size, "http://tsa.example", event.note, event.response))
    assert "no authority with this address" in said


def test_a_stamp_that_is_none_is_named(anchored: Anchored) -> None:
    event = last(anchored, CheckpointStamped)
    assert isinstance(event, CheckpointStamped)
    said = forged(anchored, CheckpointStamped(event.size, event.authority, event.note, Blob.of("?")))
    assert "can't be read" in said


def test_a_stamp_of_something_else_is_named(anchored: Anchored) -> None:
    first = next(event for event in anchors_of(anchored.place) if isinstance(event, CheckpointStamped))
    event = last(anchored, CheckpointStamped)
    assert isinstance(event, CheckpointStamped)
    with anchored.place.project() as project:
        response = Blob.of(project.log.text(first.response))
    said = forged(anchored, CheckpointStamped(event.size, event.authority, event.note, response))
    assert "other bytes than this checkpoint's" in said


def test_an_erased_anchor_is_none_and_no_damage(anchored: Anchored) -> None:
    with anchored.place.project() as project:
        records = project.log.read("ledger", kinds=(CheckpointCosigned.kind, CheckpointStamped.kind))
        positions = [str(record.seq) for record in records]
    erased = anchored.place.waypost("ledger", "erase", *positions, "--why", "a test", "--yes")
    assert erased.returncode == 0, erased.stderr
    assert verified(anchored.place)["anchors"] == []
    for command in (("export", "nothing"), ("prove", "3"), ("witness", "list")):
        assert anchored.place.waypost("ledger", *command).returncode == 0


def test_a_damaged_list_of_witnesses_is_told_and_is_no_verdict(anchored: Anchored) -> None:
    path = next(anchored.place.home.glob("*/ledger/anchors.json"))
    for text in ("{", "[]", '{"format": 1, "witnesses": [{"address": "x"}], "authorities": []}', "\0"):
        path.write_text(text)
        ended = anchored.place.waypost("ledger", "verify")
        assert (ended.returncode, "add them again" in ended.stderr) == (2, True)


@pytest.mark.slow
def test_a_witness_speaks_of_a_log_that_was_given_up_and_that_is_told(anchored: Anchored) -> None:
    place = anchored.place
    database = place.root / ".waypost" / "state.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE events SET actor = 'somebody' WHERE seq = 3")
    with place.project() as project:
        header = next(project.log.leaves.rows(2, 3)).header
    assert header is not None
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE events SET leaf = ? WHERE seq = 3", (leaf_hash(header),))
    assert place.waypost("ledger", "verify").returncode == 1
    assert place.waypost("ledger", "restart", "--why", "a test wrote event 3 anew").returncode == 0
    found = verified(place)
    assert isinstance(found["anchors"], list)
    (given_up_at,) = {one["given_up_at"] for one in found["anchors"]}
    assert given_up_at
    assert f"that log was given up at event {given_up_at}" in place.waypost("ledger", "verify").stdout
    asked = place.waypost("ledger", "witness", "ask")
    assert (asked.returncode, "not how the log began that it saw before" in asked.stdout) == (1, True)
