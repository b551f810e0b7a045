"""The file beside the key that says who is asked to vouch for a log."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import LOG, WITNESS

from waypost.ledger.anchor_places import Authority, Places, load_places, save_places
from waypost.ledger.errors import BadPlace
from waypost.ledger.keys import ANCHORS_FILE
from waypost.ledger.witness import Witness

GOLDEN = Path(__file__).parent / "golden" / "anchors.json"
PLACES = Places(
    (Witness("https://witness.example/w1", WITNESS.verifier),),
    (Authority("https://tsa.example", ("-----BEGIN CERTIFICATE-----\n",)), Authority("http://other", asked=False)),
)


def test_the_file_is_as_its_golden_copy_and_for_its_owner_alone(tmp_path: Path) -> None:
    save_places(tmp_path / "ledger", PLACES)
    path = tmp_path / "ledger" / ANCHORS_FILE
    assert path.read_text() == GOLDEN.read_text()
    assert load_places(tmp_path / "ledger") == PLACES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [ANCHORS_FILE]


def test_where_there_is_no_file_nobody_is_asked(tmp_path: Path) -> None:
    assert load_places(tmp_path) == Places()
    assert Places().asked() == frozenset()


def test_who_is_added_again_is_there_once_and_who_is_removed_is_kept() -> None:
    moved = PLACES.with_witness(Witness("https://new.example", WITNESS.verifier))
    assert [one.address for one in moved.witnesses] == ["https://new.example"]
    assert moved.asked() == {"https://new.example", "https://tsa.example"}
    for name in ("https://new.example/", "witness.example/w1", moved.witnesses[0].name, str(WITNESS.verifier)):
        gone = moved.without(name)
        assert gone.asked() == {"https://tsa.example"}
        assert gone.witness(moved.witnesses[0].name) is not None
    with pytest.raises(BadPlace, match="asked are: https://tsa"):
        gone.without("https://new.example")
    with pytest.raises(BadPlace, match="asked are: none"):
        Places().without("nobody")


def test_a_logs_key_is_no_witness() -> None:
    with pytest.raises(BadPlace, match="a log's key"):
        PLACES.with_witness(Witness("https://witness.example", LOG.verifier))


def test_a_place_that_can_not_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadPlace, match="can't be written"):
        save_places(tmp_path / "file", PLACES)
    (tmp_path / ANCHORS_FILE).mkdir()
    with pytest.raises(BadPlace, match="can't be read"):
        load_places(tmp_path)


@given(st.data())
def test_a_damaged_file_is_refused_or_names_the_same_people(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    whole = GOLDEN.read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    (folder / ANCHORS_FILE).write_bytes(whole[:start] + data.draw(st.binary(max_size=5)) + whole[end:])
    try:
        places = load_places(folder)
    except BadPlace:
        return
    assert {one.key for one in places.witnesses} <= {WITNESS.verifier}, "a key has a checksum"


def test_a_file_of_a_newer_waypost_is_refused_and_not_changed(tmp_path: Path) -> None:
    text = GOLDEN.read_text().replace('"format": 1', '"format": 2')
    (tmp_path / ANCHORS_FILE).write_text(text)
    with pytest.raises(BadPlace, match="another Waypost"):
        load_places(tmp_path)
    assert (tmp_path / ANCHORS_FILE).read_text() == text
