"""Real runs whose checkpoints others vouch for, through the command line: witnesses and authorities."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from anchor_cases import Reply, Tsa, WitnessServer, openssl_verifies, served
from anchored_cases import NEEDS_OPENSSL, ROOT, SECRET, SIGNER, Anchored, anchors_of, greeting, run, verified
from independent import entries_of, head, mth, seen_at, verify_log
from runs_cases import make_place

from waypost.events.anchoring import AnchorMissed
from waypost.ledger.signatures import Verifier
from waypost.ledger.verify import verify_folder

pytestmark = NEEDS_OPENSSL


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


@pytest.mark.slow
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


def test_a_receipt_is_under_a_cosigned_checkpoint_where_there_is_one(anchored: Anchored, tmp_path: Path) -> None:
    proof, key, witness = tmp_path / "proof.txt", ("--key", anchored.key), anchored.witness.vkey
    assert anchored.place.waypost("ledger", "prove", "3", "-o", str(proof)).returncode == 0
    receipt = proof.read_bytes()
    assert head(receipt.split(b"\n\n", 1)[1], witness) == head(receipt.split(b"\n\n", 1)[1], anchored.key)
    checked = anchored.place.waypost("ledger", "check-proof", str(proof), *key, "--witness", witness, cwd=tmp_path)
    assert "by witness.example/w1" in checked.stdout
    stranger = ("--witness", WitnessServer(name="stranger.example").vkey)
    refused = anchored.place.waypost("ledger", "check-proof", str(proof), *key, *stranger, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "not cosigned by stranger.example" in refused.stderr
    with anchored.place.project() as project:
        newest = project.log.position
    assert anchored.place.waypost("ledger", "prove", str(newest), "-o", str(proof)).returncode == 0
    assert anchored.place.waypost("ledger", "check-proof", str(proof), *key, cwd=tmp_path).returncode == 0


@pytest.mark.slow
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


# --- those that are not there ----------------------------------------------------------------------------------------


@pytest.mark.slow
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
