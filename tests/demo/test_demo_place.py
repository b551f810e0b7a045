"""The demo's folder: an earlier demo's is made anew, anybody else's is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from waypost.demo import place
from waypost.demo.errors import DemoError
from waypost.runs.lock import RunLock


def test_a_new_folder_is_made_and_marked(tmp_path: Path) -> None:
    chosen = place.choose(tmp_path / "deep" / "demo")
    assert chosen == tmp_path / "deep" / "demo"
    assert [file.name for file in chosen.iterdir()] == [place.MARKER]


def test_an_earlier_demo_is_cleared(tmp_path: Path) -> None:
    old = place.choose(tmp_path / "demo")
    (old / "tabulate").mkdir()
    (old / "tabulate" / "old.txt").touch()
    assert not (place.choose(old) / "tabulate").exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(DemoError, match="--at DIR"):
        place.choose(tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    real = place.choose(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(DemoError):
        place.choose(tmp_path / "link")
    assert (real / place.MARKER).exists()


def test_what_is_in_the_way_in_the_temporary_folder_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / place.NAME).mkdir()
    (tmp_path / place.NAME / "somebody.txt").touch()
    assert place.choose(None) == tmp_path.resolve() / f"{place.NAME}-2"
    assert place.choose(None) == tmp_path.resolve() / f"{place.NAME}-2"


def test_a_demo_that_is_being_played_is_not_cleared(tmp_path: Path) -> None:
    folder = place.choose(tmp_path / "demo")
    lock = RunLock(folder / place.CHECKOUT, "csv-tables-1234")
    try:
        with pytest.raises(DemoError, match="plays a demo there"):
            place.choose(folder)
    finally:
        lock.release()
    assert place.choose(folder) == folder


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="--at DIR"):
        place.choose(tmp_path / "file" / "demo")
