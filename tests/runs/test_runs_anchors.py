"""Real runs whose checkpoints others vouch for, through the command line: witnesses and authorities."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from anchor_cases import (
    HAS_OPENSSL,
    TIME_STAMPING,
    Reply,
    Tsa,
    WitnessServer,
    certified,
    openssl_verifies,
    served,
)
from independent import entries_of, head, mth, seen_at, verify_log
from runs_cases import Place, done, make_place, scripted, shell, write

from waypost.events.anchoring import AnchorMissed, CheckpointCosigned, CheckpointStamped
from waypost.events.blob import Blob
from waypost.events.canonical import leaf_hash
from waypost.events.event import Event
from waypost.ledger.signatures import Verifier
from waypost.ledger.textual import to_base64
from waypost.ledger.verify import verify_folder
from waypost.runs.sealing import project_key, seal

SECRET = "hunter2-of-the-staging-server"
PLAN = """\
# Plan

## Milestones

### Milestone M01 - A greeting [ ]

Acceptance criteria:

- [ ] M01.A1 it is there (gate: there)

```bash gate=there timeout=30
test -f greeting.txt
```
"""
ROOT = certified("Root")
SIGNER = certified("Clock", ROOT, TIME_STAMPING, authority=False)


def greeting(folder: Path) -> Place:
    place = make_place(folder, {"README.md": "# Greeter\n"})
    documents = place.root / ".agent" / "greet"
    write(documents / "PROMPT.md", "# Greet\n\n## Goals\n\nGreet.\n\n## Deliverables\n\n- R-1 A greeting.\n")
    write(documents / "PLAN.md", PLAN)
    write(documents / "IMPLEMENT.md", "# How\n\nStep by step.\n")
    return place


def run(place: Place, folder: Path) -> str:
    model = scripted(folder, [shell(f"echo {SECRET}"), shell("echo hello > greeting.txt"), done()])
    ended = place.waypost("run", "greet", "--yes", "--json", "--model", model)
    assert ended.returncode == 0, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    assert last["outcome"] == "complete"
    return str(last["run"])


def verified(place: Place, *, code: int = 0) -> dict[str, object]:
    ended = place.waypost("ledger", "verify", "--json")
    assert ended.returncode == code, ended.stderr
    return dict(json.loads(ended.stdout))


def anchors_of(place: Place) -> list[Event]:
    with place.project() as project:
        return [record.event for record in project.log.read("ledger")]


@dataclass(frozen=True)
class Anchored:
    place: Place
    key: str
    witness: WitnessServer
    tsa: Tsa


@pytest.fixture(scope="module")
def _anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    folder = tmp_path_factory.mktemp("anchored")
    place = greeting(folder)
    key = place.waypost("ledger", "key").stdout.strip()
    witness, tsa = WitnessServer([key]), Tsa(folder / "tsa", SIGNER, (ROOT,))
    (folder / "root.pem").write_text(ROOT.pem)
    with ExitStack() as stack:
        here, there = stack.enter_context(served(witness)), stack.enter_context(served(tsa))
        assert place.waypost("ledger", "witness", "add", here, witness.vkey).returncode == 0
        added = place.waypost("ledger", "authority", "add", f"{there}/tsr", "--root", str(folder / "root.pem"))
        assert added.returncode == 0, added.stderr
        run(place, folder)
        yield Anchored(place, key, witness, tsa)


@pytest.fixture
def anchored(_anchored: Anchored, monkeypatch: pytest.MonkeyPatch) -> Iterator[Anchored]:
    """A run that ended, in a log that a test may change."""
    monkeypatch.setenv("WAYPOST_HOME", str(_anchored.place.home))
    files = [_anchored.place.root / ".waypost" / "state.db"]
    files += [path for path in next(_anchored.place.home.glob("*/ledger")).iterdir() if path.is_file()]
    kept = {path: path.read_bytes() for path in files}
    seen = dict(_anchored.witness.seen)
    yield _anchored
    for path, data in kept.items():
        path.write_bytes(data)
    _anchored.witness.seen = seen


pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="no openssl here, and so no time-stamp authority to ask")


def test_a_run_is_anchored_at_its_milestone_and_at_its_end_and_verify_says_by_whom(anchored: Anchored) -> None:
    found = verified(anchored.place)
    assert found["events"] == found["signed"]
    assert found["commits"] == 1
    assert found["missed"] == []
    held = found["anchors"]
    assert isinstance(held, list)
    witnessed = [one for one in held if one["sort"] == "witness"]
    stamped = [one for one in held if one["sort"] == "authority"]
    assert len(witnessed) == len(stamped) == 2, "the milestone's commit, and the run's end"
    assert {one["name"] for one in witnessed} == {"witness.example/w1"}
    assert {(one["name"], one["root"]) for one in stamped} == {("CN=Clock", "CN=Root")}
    assert all(abs(one["seconds"] - time.time()) < 600 for one in held)
    said = anchored.place.waypost("ledger", "verify").stdout
    assert "by witness.example/w1" in said
    assert "by CN=Clock, whose certificate leads to CN=Root" in said


def test_neither_learns_more_than_a_size_a_root_and_hashes(anchored: Anchored) -> None:
    origin = anchored.key.partition("+")[0]
    for body in anchored.witness.bodies:
        first, *proof = body.split(b"\n\n")[0].decode().split("\n")
        assert first.startswith("old ")
        assert all(len(line) == 44 for line in proof)
        note = body.split(b"\n\n", 1)[1].decode().split("\n")
        assert note[0] == origin
        assert note[1].isdecimal()
        assert len(note[2]) == 44
        assert note[3] == ""
        assert note[4].startswith(f"\N{EM DASH} {origin} ")
        assert note[5:] == [""]
    assert all(len(query) < 80 for query in anchored.tsa.queries)


def test_an_export_carries_its_anchors_and_others_can_check_them(anchored: Anchored, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    assert anchored.place.waypost("ledger", "export", str(folder)).returncode == 0
    size = verify_log(folder, anchored.key)
    entries = entries_of(folder, size)
    with anchored.place.project() as project:
        assert size == project.log.position
    assert verify_folder(folder, Verifier.parse(anchored.key)).checkpoint.size == size
    cosigned = sorted((folder / "anchors").glob("*/checkpoint"))
    assert len(cosigned) == 2
    for path in cosigned:
        note = path.read_bytes()
        assert head(note, anchored.key) == head(note, anchored.witness.vkey)
        assert abs(seen_at(note, anchored.witness.vkey) - time.time()) < 600
        _, count, root = head(note, anchored.witness.vkey)
        assert mth(entries[:count]) == root, "the log that the witness saw is how this one began"
    stamps = sorted((folder / "anchors").glob("*/stamp-1.tsr"))
    assert len(stamps) == 2
    for path in stamps:
        note = path.with_name("note").read_bytes()
        assert head(note, anchored.key)[1] == int(path.parent.name)
        assert openssl_verifies(tmp_path, note, path.read_bytes(), ROOT, ())


def test_an_export_still_verifies_after_a_payload_was_erased(anchored: Anchored, tmp_path: Path) -> None:
    erased = anchored.place.waypost("ledger", "erase", "--containing", SECRET, "--why", "leaked", "--yes")
    assert erased.returncode == 0, erased.stderr
    asked = anchored.place.waypost("ledger", "witness", "ask", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["kind"] == "checkpoint.cosigned"
    folder = tmp_path / "log"
    assert anchored.place.waypost("ledger", "export", str(folder)).returncode == 0
    verify_log(folder, anchored.key)
    for path in (folder / "anchors").glob("*/checkpoint"):
        assert head(path.read_bytes(), anchored.key) == head(path.read_bytes(), anchored.witness.vkey)
    assert not [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert verified(anchored.place)["erased"]


def test_list_says_what_each_gave_last_and_remove_keeps_what_it_gave(anchored: Anchored) -> None:
    place = anchored.place
    (told,) = json.loads(place.waypost("ledger", "witness", "list", "--json").stdout)
    assert (told["name"], told["key"], told["asked"]) == ("witness.example/w1", anchored.witness.vkey, True)
    assert told["size"] == anchored.witness.seen[anchored.key.partition("+")[0]][0]
    (told,) = json.loads(place.waypost("ledger", "authority", "list", "--json").stdout)
    assert (told["roots"], told["asked"], told["missed"]) == (1, True, None)
    assert place.waypost("ledger", "witness", "remove", "witness.example/w1").returncode == 0
    assert place.waypost("ledger", "authority", "remove", told["address"]).returncode == 0
    assert "not asked any more" in place.waypost("ledger", "witness", "list").stdout
    assert "not asked any more" in place.waypost("ledger", "authority", "list").stdout
    assert len(verified(place)["anchors"]) == 4  # type: ignore[arg-type]
    for command in (("witness", "ask"), ("stamp",)):
        ended = place.waypost("ledger", *command)
        assert (ended.returncode, "is asked" in ended.stderr) == (2, True)


def test_a_stamp_is_had_by_hand_from_an_authority_that_nobody_vouches_for(anchored: Anchored, tmp_path: Path) -> None:
    with served(Tsa(tmp_path, SIGNER)) as address:
        ended = anchored.place.waypost("ledger", "stamp", "--authority", address)
    assert ended.returncode == 0, ended.stderr
    said = anchored.place.waypost("ledger", "verify").stdout
    assert "by CN=Clock, an unknown authority" in said
    found = verified(anchored.place)
    assert found["events"] == found["signed"]


# --- what does not hold ----------------------------------------------------------------------------------------------


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


def test_a_damaged_list_of_witnesses_is_told_and_is_no_verdict(anchored: Anchored) -> None:
    path = next(anchored.place.home.glob("*/ledger/anchors.json"))
    for text in ("{", "[]", '{"witnesses": [{"address": "x"}], "authorities": []}', "\0"):
        path.write_text(text)
        ended = anchored.place.waypost("ledger", "verify")
        assert (ended.returncode, "add them again" in ended.stderr) == (2, True)


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


# --- those that are not there ----------------------------------------------------------------------------------------


def test_nobody_to_be_had_is_no_reason_for_a_run_to_fail(tmp_path: Path) -> None:
    place = greeting(tmp_path)
    witness = WitnessServer()
    assert place.waypost("ledger", "witness", "add", "http://127.0.0.1:9", witness.vkey).returncode == 0
    assert place.waypost("ledger", "authority", "add", "http://127.0.0.1:9").returncode == 0
    run(place, tmp_path)
    found = verified(place)
    assert (found["anchors"], found["events"]) == ([], found["signed"])
    assert isinstance(found["missed"], list)
    assert [one["sort"] for one in found["missed"]] == ["witness", "authority"]
    assert all("can't be reached" in one["reason"] for one in found["missed"])
    told = [event for event in anchors_of(place) if isinstance(event, AnchorMissed)]
    assert len(told) == 4, "it was tried again at the run's end"
    assert "not had for" in place.waypost("ledger", "verify").stdout
    asked = place.waypost("ledger", "witness", "ask")
    assert (asked.returncode, "1 of 1 anchor could not be had" in asked.stderr) == (1, True)


@pytest.mark.slow
def test_a_witness_that_never_answers_holds_up_no_run(tmp_path: Path) -> None:
    def silent(*_: object) -> Reply:
        time.sleep(40)
        return 200, "text/plain", b""

    place = greeting(tmp_path)
    with served(silent) as address:
        assert place.waypost("ledger", "witness", "add", address, WitnessServer().vkey).returncode == 0
        run(place, tmp_path)
    assert verified(place)["anchors"] == []


def test_a_damaged_list_is_told_in_the_log_and_the_run_goes_on(tmp_path: Path) -> None:
    place = greeting(tmp_path)
    place.waypost("ledger", "witness", "add", "http://127.0.0.1:9", WitnessServer().vkey)
    next(place.home.glob("*/ledger/anchors.json")).write_text("{")
    run(place, tmp_path)
    told = [event for event in anchors_of(place) if isinstance(event, AnchorMissed)]
    assert told
    assert "add them again" in told[0].reason


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("witness", "add", "nowhere", "KEY"), "form https"),
        (("witness", "add", "https://me:hunter2@witness.example", "KEY"), "a password"),
        (("witness", "add", "https://witness.example", "x"), "name+id+base64"),
        (("witness", "add", "https://witness.example", "LOG"), "a log's key"),
        (("witness", "remove", "nobody"), "nobody is asked there"),
        (("witness", "ask"), "no log here yet"),
        (("authority", "add", "https://tsa.example?key=1"), "nothing behind the path"),
        (("authority", "add", "https://tsa.example", "--root", "nowhere"), "can't be read"),
        (("authority", "add", "https://tsa.example", "--root", "README.md"), "no certificate in PEM"),
        (("stamp", "--root", "README.md"), "goes with --authority"),
    ],
)
def test_bad_input_is_told_with_its_mend(tmp_path: Path, arguments: tuple[str, ...], wrong: str) -> None:
    place = make_place(tmp_path, {"README.md": "# Greeter\n"})
    keys = {"KEY": WitnessServer().vkey}
    if "LOG" in arguments:
        keys["LOG"] = place.waypost("ledger", "key").stdout.strip()
    ended = place.waypost("ledger", *(keys.get(one, one) for one in arguments))
    assert ended.returncode == 2, ended.stderr
    assert wrong in ended.stderr
    assert "hunter2" not in ended.stderr
    assert not (place.root / ".waypost").exists()
