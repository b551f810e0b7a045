from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import verify_log
from ledger_cases import LOG, entries, nodes, publish, write_log

from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.errors import BadCheckpoint, BadTile
from waypost.ledger.folder import FolderWriter, hashes_of
from waypost.ledger.proofs import consistency_proof, inclusion_proof
from waypost.ledger.tiles import Tile, entries_in, levels_of, pack_entries, tiles_of, unpack_entries
from waypost.ledger.verify import verify_folder

VERIFIER = LOG.verifier


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(3, 999, 8), "tile/3/999.p/8"),
        (Tile(None, 1000, 255), "tile/entries/x001/000.p/255"),
        (Tile(63, 0), "tile/63/000"),
    ],
)
def test_tiles_have_the_names_that_the_standard_gives_them(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/../000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/x001",
        "tile/0/\u0660\u0660\u0660",
    ],
)
def test_names_that_no_tile_has_are_refused(path: str) -> None:
    with pytest.raises(BadTile):
        Tile.parse(path)


@given(st.text())
def test_any_text_names_a_tile_or_is_refused(path: str) -> None:
    with suppress(BadTile):
        assert Tile.parse(path).path == path


def test_a_tree_of_70000_has_the_tiles_of_the_standards_example() -> None:
    widths = {level: [tile.width for tile in tiles_of(level, 70_000)] for level in range(levels_of(70_000))}
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [tile.width for tile in tiles_of(1, 256)] == [1]


# --- bundles ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_come_back_from_their_bundle(items: list[bytes]) -> None:
    data = pack_entries(items)
    if items:
        assert unpack_entries(data, Tile(None, 0, len(items))) == items
    assert entries_in(data, len(items)) == (items, "")


@given(st.binary(max_size=200), st.integers(1, 5))
def test_any_bytes_are_a_bundle_or_refused(data: bytes, width: int) -> None:
    with suppress(BadTile):
        assert pack_entries(unpack_entries(data, Tile(None, 0, width))) == data


def test_an_entry_of_64_kibibytes_is_too_large() -> None:
    assert len(pack_entries([b"x" * 65535])) == 65537
    with pytest.raises(BadTile, match="log its digest"):
        pack_entries([b"x" * 65536])


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 1000])
def test_what_we_write_verifies_by_the_independent_reader_and_by_ours(tmp_path: Path, size: int) -> None:
    write_log(tmp_path, size)
    assert verify_log(tmp_path, str(VERIFIER)) == size
    assert verify_folder(tmp_path, VERIFIER).checkpoint.size == size


@pytest.mark.slow
def test_a_log_with_tiles_on_three_levels_verifies_by_both(tmp_path: Path) -> None:
    write_log(tmp_path, 66_000)
    assert (tmp_path / "tile" / "2" / "000.p" / "1").exists()
    assert verify_log(tmp_path, str(VERIFIER)) == 66_000
    assert verify_folder(tmp_path, VERIFIER).checkpoint.size == 66_000


@given(st.lists(st.integers(0, 300), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_a_log_written_in_any_pieces_is_the_log_written_at_once(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    size = 0
    for piece in pieces:
        writer = FolderWriter(folder, VERIFIER)
        assert writer.size == size
        writer.add(entries(piece, size))
        size += piece
        publish(writer)
        assert verify_log(folder, str(VERIFIER)) == size


def test_partial_tiles_go_when_the_full_ones_are_published(tmp_path: Path) -> None:
    writer = FolderWriter(tmp_path, VERIFIER)
    for _ in range(3):
        writer.add(entries(100, writer.size))
        publish(writer)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]


def test_a_reader_of_an_older_checkpoint_falls_back_to_the_full_tile(tmp_path: Path) -> None:
    old = write_log(tmp_path, 100)
    writer = FolderWriter(tmp_path, VERIFIER)
    writer.add(entries(300, 100))
    publish(writer)
    assert verify_folder(tmp_path, VERIFIER, note=old).checkpoint.size == 100


@pytest.mark.slow
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_a_dying_writer_left_the_last_checkpoint_is_whole_and_can_be_gone_on_from(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp()
    before, after = base / "before", base / "after"
    if not after.exists():
        write_log(before, 200)
        shutil.copytree(before, after)
        writer = FolderWriter(after, VERIFIER)
        writer.add(entries(400, 200))
        writer.publish(sign_checkpoint(Checkpoint(LOG.name, 600, writer.root), [LOG]))
    folder = tmp_path_factory.mktemp("dead")
    shutil.copytree(before, folder, dirs_exist_ok=True)
    fresh = sorted(path for path in after.rglob("*") if path.is_file() and path.name != "checkpoint")
    for path in fresh:
        if data.draw(st.booleans(), label=path.name):
            copy = folder / path.relative_to(after)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
            copy.with_name(f".{copy.name}.new").write_bytes(b"half")
    assert verify_folder(folder, VERIFIER).checkpoint.size == 200
    again = FolderWriter(folder, VERIFIER)
    again.add(entries(400, 200))
    publish(again)
    assert verify_log(folder, str(VERIFIER)) == 600


WRITE_ON = """
import sys
from pathlib import Path
from ledger_cases import LOG, entries, publish
from waypost.ledger.folder import FolderWriter
writer = FolderWriter(Path(sys.argv[1]), LOG.verifier)
print(writer.size, flush=True)
while True:
    writer.add(entries(97, writer.size))
    publish(writer)
    print(writer.size, flush=True)
"""


@pytest.mark.slow
def test_a_writer_killed_again_and_again_loses_nothing_that_it_published(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), *(path for path in sys.path if path)])
    published = 0
    for number in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_ON, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert writer.stdout is not None
        said = [int(writer.stdout.readline())]
        time.sleep(0.005 * number)
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.communicate()[0].split(b"\n")[:-1]]
        assert said[0] >= published
        published = said[-1]
        if published:
            assert verify_folder(tmp_path, VERIFIER).checkpoint.size >= published
    assert published
    FolderWriter(tmp_path, VERIFIER)


def test_a_checkpoint_of_another_tree_is_not_published(tmp_path: Path) -> None:
    writer = FolderWriter(tmp_path, VERIFIER)
    writer.add(entries(3))
    with pytest.raises(BadCheckpoint, match="another tree"):
        writer.publish(sign_checkpoint(Checkpoint(LOG.name, 2, writer.root), [LOG]))
    assert not (tmp_path / "checkpoint").exists()


def test_a_writer_does_not_go_on_from_tiles_that_are_not_its_checkpoints(tmp_path: Path) -> None:
    write_log(tmp_path, 300)
    for name in ("tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
        path = tmp_path / name
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(BadTile, match="not those of its checkpoint"):
            FolderWriter(tmp_path, VERIFIER)
        path.write_bytes(before)
    shutil.rmtree(tmp_path / "tile" / "entries")
    with pytest.raises(BadTile, match="missing"):
        FolderWriter(tmp_path, VERIFIER)


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    writer = FolderWriter(tmp_path / "log", VERIFIER)
    writer.add(entries(3))
    (tmp_path / "log" / "checkpoint" / "inside").mkdir(parents=True)
    with pytest.raises(BadTile, match=r"checkpoint: can't be written"):
        publish(writer)
    (tmp_path / "file").write_text("")
    writer = FolderWriter(tmp_path / "file" / "log", VERIFIER)
    writer.add(entries(3))
    with pytest.raises(BadTile, match="can't be made"):
        publish(writer)


def test_what_is_no_tile_is_told_as_such(tmp_path: Path) -> None:
    write_log(tmp_path, 300)
    path = tmp_path / "tile" / "0" / "001.p" / "44"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadTile, match="1407 bytes; 44 hashes take 1408"):
        hashes_of(tmp_path, 300)(0, 299)
    path.unlink()
    path.mkdir()
    with pytest.raises(BadTile, match="can't be read"):
        hashes_of(tmp_path, 300)(0, 299)
    for size in (-1, 2**63):
        with pytest.raises(BadTile, match="no tree has"):
            hashes_of(tmp_path, size)


def test_proofs_from_tiles_are_those_from_memory(tmp_path: Path) -> None:
    write_log(tmp_path, 700)
    stored, whole = hashes_of(tmp_path, 700), nodes(700)
    for index in range(0, 700, 7):
        assert inclusion_proof(stored, index, 700) == inclusion_proof(whole, index, 700)
        assert consistency_proof(stored, index + 1, 700) == consistency_proof(whole, index + 1, 700)
    for level, place in ((-1, 0), (0, 700), (9, 1), (0, -1)):
        with pytest.raises(BadTile):
            stored(level, place)
