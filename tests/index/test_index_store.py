"""The file of the index: made anew when it is not what was written, safe under kills, neighbours and full disks."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from index_store_cases import SHOP, SLOW, dump, script, write

from waypost.index.answers import Paging
from waypost.index.errors import IndexBusy, IndexFull, IndexUnwritable
from waypost.index.index import Index
from waypost.index.questions import outline, symbol
from waypost.index.questions_references import callers, references
from waypost.index.schema import SCHEMA, TABLES
from waypost.index.store import MARK, this_boot

GOLDEN = Path(__file__).parent / "golden_store"
MANY = {
    f"m{number // 20}/f{number}.py": f"def f{number}():\n    return f{number + 1}()\n" * 20 for number in range(120)
}


def shop(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "shop", SHOP), tmp_path / "index.db"


def test_the_schema_is_the_one_of_its_version() -> None:
    golden = GOLDEN / f"store_schema_{SCHEMA}.sql"
    assert golden.read_text() == TABLES, "a change of the tables needs a new SCHEMA and a new golden file"


def test_the_index_lies_below_the_root_and_git_does_not_see_it(tmp_path: Path) -> None:
    root = write(tmp_path, SHOP)
    with Index.open(root) as index:
        index.update()
    assert (root / ".waypost" / "index.db").is_file()
    assert (root / ".waypost" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE meta SET value = 'another' WHERE key = 'made_by'",
        f"PRAGMA user_version = {SCHEMA + 1}",
        "PRAGMA application_id = 7",
        "DROP TABLE symbols",
        "DROP TABLE lexicon_file",
        "INSERT INTO meta VALUES ('unsynced since boot', 'another boot')",
    ],
)
def test_an_index_of_another_version_is_made_anew_and_the_answer_says_so(tmp_path: Path, damage: str) -> None:
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
    with sqlite3.connect(place) as connection:
        connection.execute(damage)
    connection.close()
    (root / "shop" / "more.py").write_text("def more():\n    return 1\n")
    with Index.open(root, place) as index:
        index.update()
        page = symbol(index, "price_of")
        assert page.total == 1
        assert page.state.status == "complete"
        assert any("made anew" in note for note in page.state.notes)


def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path) -> None:
    root, place = shop(tmp_path)
    place.write_bytes(b"this is no database" * 1000)
    with Index.open(root, place) as index:
        assert index.update().remade
        assert symbol(index, "Cart").total == 1


@pytest.mark.parametrize("seed", range(12))
def test_bytes_changed_at_random_never_stop_an_answer(tmp_path: Path, seed: int) -> None:
    """What is damaged is made anew, or is not in the answer's way; nothing else than an answer comes back."""
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
    chance = random.Random(seed)
    data = bytearray(place.read_bytes())
    for _ in range(chance.choice((1, 10, 200, 2000))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    place.write_bytes(data[: chance.choice((len(data), len(data), len(data) // 2))])
    with Index.open(root, place) as index:
        index.refresh()
        for ask in (symbol, references, callers):
            for hit in ask(index, "price_of").hits:
                assert (root / hit.path).is_file()
        write(
            root, {path: f"{text}\n\ndef new():\n    return 1\n" for path, text in SHOP.items() if path.endswith("y")}
        )
        index.update()
        assert symbol(index, "new").total >= 1


def test_a_link_that_came_with_a_repository_is_not_written_through(tmp_path: Path) -> None:
    root, _ = shop(tmp_path)
    other = tmp_path / "other.db"
    other.write_bytes(b"")
    (root / ".waypost").mkdir()
    (root / ".waypost" / "index.db").symlink_to(other)
    with Index.open(root) as index:
        index.update()
        assert "symbolic link" in index.state.notes[0]
        assert symbol(index, "Cart").total == 1
    assert other.read_bytes() == b""
    assert not (root / ".waypost" / "index.db").is_symlink()


def test_the_mark_of_what_is_not_on_the_disk_yet_goes_when_the_index_is_closed(tmp_path: Path) -> None:
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
        assert index.store.meta(MARK) == this_boot()
    with Index.open(root, place) as index:
        assert index.store.meta(MARK) is None


def test_the_file_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
        before = dump(index)
        place.unlink()
        assert symbol(index, "Cart").total == 1
        index.update()
        assert dump(index) == before
        assert place.is_file()


def test_a_full_disk_is_told_and_what_was_there_is_kept(tmp_path: Path) -> None:
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
        before = dump(index)
        (pages,) = index.connection.execute("PRAGMA page_count").fetchone()
        index.connection.execute(f"PRAGMA max_page_count = {pages}")
        write(root, {"big.py": "".join(f"def big_name_{number}():\n    return {number}\n" for number in range(2000))})
        with pytest.raises(IndexFull, match="disk is full"):
            index.update()
        assert dump(index) == before
        assert symbol(index, "price_of").total == 1
        index.connection.execute("PRAGMA max_page_count = 1000000")
        index.update()
        assert symbol(index, "big_name_7").total == 1


def test_a_folder_that_can_not_be_written_is_told_with_the_mend(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", SHOP)
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnwritable, match="--place"):
        Index.open(root, tmp_path / "file" / "index.db")


# --- several processes ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_that_update_at_once_end_with_the_same_index(tmp_path: Path) -> None:
    root, place = write(tmp_path / "tree", MANY), tmp_path / "i.db"
    lines = (
        "from pathlib import Path",
        "from waypost.index.index import Index",
        f"index = Index.open(Path({str(root)!r}), Path({str(place)!r}), processes=1)",
        "index.update()",
        "print(index.state.root, index.state.status)",
        "index.close()",
    )
    processes = [script(*lines, wait=False) for _ in range(3)]
    said = {process.communicate() for process in processes}
    assert len(said) == 1
    with Index.open(root, place) as index, Index.open(root, tmp_path / "fresh.db") as fresh:
        fresh.update()
        assert said == {(f"{fresh.state.root} complete\n", "")}
        assert dump(index) == dump(fresh)


def test_a_reader_sees_the_last_commit_while_another_process_updates(tmp_path: Path) -> None:
    root, place = shop(tmp_path)
    with Index.open(root, place) as index:
        index.update()
        with Index.open(root, place) as other, other.store.writing(1), other.store.transaction() as connection:
            connection.execute("DELETE FROM symbols")
            assert symbol(index, "price_of").total == 1
            with pytest.raises(IndexBusy, match="another process"):
                index.update(wait=0.05)
            index.refresh(wait=0.05)
            assert any("another process" in note for note in index.state.notes)
            connection.execute("ROLLBACK")
            connection.execute("BEGIN")
        index.update()
        assert index.state.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 0.7, 1.2])
def test_a_kill_during_an_update_leaves_an_index_that_goes_on(tmp_path: Path, seconds: float) -> None:
    root, place = write(tmp_path / "tree", MANY), tmp_path / "i.db"
    process = script(
        "from pathlib import Path",
        "import waypost.index.updating as updating",
        "updating.COMMIT_SECONDS = 0.05",
        "from waypost.index.index import Index",
        f"index = Index.open(Path({str(root)!r}), Path({str(place)!r}), processes=1, parser={SLOW!r})",
        "print('open', flush=True)",
        "index.update()",
        wait=False,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Index.open(root, place) as index, Index.open(root, tmp_path / "fresh.db") as fresh:
        state = index.state
        assert state.status == "partial"
        assert 0 <= state.coverage < 1
        assert (state.files > 0) == (state.coverage > 0)
        index.update()
        fresh.update()
        assert dump(index) == dump(fresh)


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_done_and_says_how_much_that_is(tmp_path: Path) -> None:
    root, place = write(tmp_path / "tree", MANY), tmp_path / "i.db"
    process = script(
        "from pathlib import Path",
        "import os, signal, waypost.index.updating as updating",
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "updating.COMMIT_SECONDS = 0.05",
        "from waypost.index.index import Index",
        f"index = Index.open(Path({str(root)!r}), Path({str(place)!r}), processes=1, parser={SLOW!r})",
        "def progress(done, total):",
        "    if done == 60: os.kill(os.getpid(), signal.SIGINT)",
        "try:",
        "    index.update(progress=progress)",
        "except KeyboardInterrupt:",
        "    print(index.state.status, index.state.files, index.state.coverage)",
    )
    assert process.stdout is not None
    status, files, coverage = process.stdout.read().split()
    assert status == "partial"
    assert 0 < int(files) < 120
    assert float(coverage) == int(files) / 120
    with Index.open(root, place) as index:
        page = outline(index, "m0/f0.py", Paging(limit=3))
        assert page.state.status == "partial"
        index.update()
        assert index.state.status == "complete"


def test_nothing_is_sent_anywhere(tmp_path: Path) -> None:
    root, place = write(tmp_path / "tree", MANY), tmp_path / "i.db"
    process = script(
        "import sys, socket",
        "def hook(event, arguments):",
        "    if event.startswith('socket.'): raise RuntimeError(event)",
        "sys.addaudithook(hook)",
        "from pathlib import Path",
        "from waypost.index.index import Index",
        "from waypost.index.questions import symbol",
        f"index = Index.open(Path({str(root)!r}), Path({str(place)!r}), processes=1)",
        "index.update()",
        "print(symbol(index, 'f7').total)",
        "from waypost.index.search import search",
        "print(len(search(index, 'f7').hits), len(search(index, 'what returns a number').hits) > 0)",
    )
    assert process.stdout is not None
    assert process.stdout.read() == "20\n10 True\n"
