from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_cases import LOG, STRANGER, TESSERA, TESSERA_KEY, entries, publish, write_log

from waypost.ledger.errors import BadCheckpoint, DamagedLog, LedgerError, UnknownSigner
from waypost.ledger.folder import FolderWriter
from waypost.ledger.tiles import Tile, entries_in, pack_entries, tiles_of
from waypost.ledger.verify import verify_folder

VERIFIER = LOG.verifier


def bundle_of(folder: Path, number: int, size: int) -> Path:
    return folder / list(tiles_of(None, size))[number].path


def rewrite(path: Path, number: int, change: bytes | None) -> None:
    items, _ = entries_in(path.read_bytes())
    items[number : number + 1] = [] if change is None else [change]
    path.write_bytes(pack_entries(items))


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, 599])
def test_a_changed_entry_is_named(tmp_path: Path, index: int) -> None:
    write_log(tmp_path, 600)
    rewrite(bundle_of(tmp_path, index // 256, 600), index % 256, b"forged")
    with pytest.raises(DamagedLog, match=f"entry {index} is not the one") as caught:
        verify_folder(tmp_path, VERIFIER)
    assert caught.value.index == index


@pytest.mark.parametrize("index", [0, 255, 256, 598])
def test_a_missing_doubled_or_swapped_entry_is_named(tmp_path: Path, index: int) -> None:
    write_log(tmp_path, 600)
    path = bundle_of(tmp_path, index // 256, 600)
    before = path.read_bytes()
    items, _ = entries_in(before)
    at = index % 256
    damaged = [[*items[:at], *items[at + 1 :]], [*items[: at + 1], *items[at:]]]
    if at + 1 < len(items):
        damaged.append([*items[:at], items[at + 1], items[at], *items[at + 2 :]])
    for number, broken in enumerate(damaged):
        path.write_bytes(pack_entries(broken))
        with pytest.raises(DamagedLog) as caught:
            verify_folder(tmp_path, VERIFIER)
        last = at + 1 == len(items)
        assert caught.value.index == index + (number == 1 and not last) + (number == 1 and last)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_any_flipped_bit_or_cut_in_any_file_is_found_at_or_before_its_place(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "whole"
    if not folder.exists():
        write_log(folder, 600)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(paths))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    cut = data.draw(st.booleans())
    changed = before[:place] if cut else before[:place] + bytes([before[place] ^ 1 << place % 8]) + before[place + 1 :]
    path.write_bytes(changed)
    try:
        with pytest.raises(LedgerError) as caught:
            verify_folder(folder, VERIFIER)
        if isinstance(caught.value, DamagedLog) and "entries" in path.parts:
            number = Tile.parse(str(path.relative_to(folder))).index
            items, _ = entries_in(before)
            ends = [len(pack_entries(items[: count + 1])) for count in range(len(items))]
            hit = next(count for count, end in enumerate(ends) if place < end)
            assert caught.value.index == 256 * number + hit
    finally:
        path.write_bytes(before)


def test_missing_files_are_named(tmp_path: Path) -> None:
    write_log(tmp_path, 600)
    for name, index in (
        ("tile/entries/001", 256),
        ("tile/0/001", 256),
        ("tile/1/000.p/2", 0),
        ("tile/0/002.p/88", 512),
    ):
        path = tmp_path / name
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(DamagedLog) as caught:
            verify_folder(tmp_path, VERIFIER)
        assert caught.value.index == index, name
        path.write_bytes(kept)
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(BadCheckpoint):
        verify_folder(tmp_path, VERIFIER)


def test_damaged_tiles_over_whole_entries_are_told_as_such(tmp_path: Path) -> None:
    write_log(tmp_path, 600)
    tile = tmp_path / "tile" / "0" / "001"
    data = bytearray(tile.read_bytes())
    data[40 * 32] ^= 1
    tile.write_bytes(data)
    with pytest.raises(DamagedLog, match=r"all entries hold.*write the tiles anew") as caught:
        verify_folder(tmp_path, VERIFIER)
    assert caught.value.index == 256 + 40


def test_a_log_rewritten_with_its_tiles_is_not_the_signed_one(tmp_path: Path) -> None:
    note = write_log(tmp_path / "true", 600)
    writer = FolderWriter(tmp_path / "forged", VERIFIER)
    writer.add([b"forged" if number == 300 else entry for number, entry in enumerate(entries(600))])
    publish(writer)
    (tmp_path / "forged" / "checkpoint").write_bytes(note)
    with pytest.raises(DamagedLog, match="another log than the one that was signed"):
        verify_folder(tmp_path / "forged", VERIFIER)


def test_a_log_under_another_projects_key_is_not_read_further(tmp_path: Path) -> None:
    writer = FolderWriter(tmp_path, STRANGER.verifier)
    writer.add(entries(5))
    publish(writer, STRANGER)
    with pytest.raises(UnknownSigner):
        verify_folder(tmp_path, VERIFIER)
    with pytest.raises(UnknownSigner):
        FolderWriter(tmp_path, VERIFIER)
    with pytest.raises(UnknownSigner):
        publish(writer, LOG)


def test_only_the_bundles_since_an_entry_are_read_again(tmp_path: Path) -> None:
    write_log(tmp_path, 600)
    (tmp_path / "tile" / "entries" / "000").unlink()
    seen: list[int] = []
    verify_folder(tmp_path, VERIFIER, since=300, visit=lambda start, _: seen.append(start))
    assert seen == [256, 512]


def test_tesseras_log_is_damaged_where_we_damage_it(tmp_path: Path) -> None:
    shutil.copytree(TESSERA, tmp_path / "log")
    rewrite(tmp_path / "log" / "tile" / "entries" / "000.p" / "15", 8, b"eight")
    with pytest.raises(DamagedLog) as caught:
        verify_folder(tmp_path / "log", TESSERA_KEY)
    assert caught.value.index == 8
