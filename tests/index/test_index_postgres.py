"""An index on a real PostgreSQL answers as the one in a file, whatever happens to the tree or to the server."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from index_store_cases import SHOP, dump, git, repository, script, write
from postgres_server import Server
from test_index_same_answers import Player

from waypost.index.answers import Page, Paging
from waypost.index.errors import IndexBusy, IndexUnreachable
from waypost.index.impact import impact
from waypost.index.index import Index
from waypost.index.mapping import repository_map
from waypost.index.postgres.fulltext import full_text
from waypost.index.postgres.store import PostgresStore
from waypost.index.postings import Lexicon
from waypost.index.questions import outline, symbol
from waypost.index.questions_references import callees, callers, references
from waypost.index.relating import related
from waypost.index.search import Search, SearchHit

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "src" / "waypost" / "index"
QUERIES = (
    "Index", "parse", "where are postings merged", "How are files left out by their content?", "test of names",
    "scanning.py", "errors IndexBusy raised", "class Store writing lock", "IndexFull", "postgres",
    "read the bytes of a file without following symbolic links", "waypost.index.model",
    'Traceback\n  File "waypost/index/index.py", line 60, in open\nBadRoot: no such folder\nwhile the index was opened',
)  # fmt: skip
DIFF = """--- a/keeping.py
+++ b/keeping.py
@@ -60,3 +60,3 @@
 def keep() -> None:
-    a
+    b
"""


@pytest.fixture
def both(tmp_path: Path, place: str) -> Iterator[tuple[Index, Index]]:
    """The room's own source in a file and on the server."""
    with Index.open(SOURCE, tmp_path / "i.db", processes=1) as here, Index.open(SOURCE, place, processes=1) as there:
        yield here, there


def compared(here: Index, there: Index, ask: Callable[[Index], Page[Any]]) -> int:
    """How many hits both give, in the same order."""
    ours, theirs = ask(here), ask(there)
    assert theirs.hits == ours.hits
    assert (theirs.total, theirs.state.root) == (ours.total, ours.state.root)
    return ours.total


@pytest.mark.slow
def test_the_same_questions_on_a_server_get_the_same_answers(both: tuple[Index, Index]) -> None:
    here, there = both
    here.update()
    there.update()
    assert dump(there) == dump(here)
    names = [row[0] for row in here.connection.execute("SELECT DISTINCT qualified FROM symbols ORDER BY qualified")]
    wide = Paging(limit=200)
    for name in [*random.Random(5).sample(names, 60), "index", "no such thing", "Ünknown", "SYMBOL"]:
        compared(here, there, lambda index, name=name: symbol(index, name, wide))
        compared(here, there, lambda index, name=name: references(index, name, wide))
        compared(here, there, lambda index, name=name: callers(index, name, wide))
        compared(here, there, lambda index, name=name: callees(index, name, wide))
    assert compared(here, there, lambda index: outline(index, "index.py", wide))
    assert compared(here, there, lambda index: impact(index, DIFF, wide))
    assert compared(here, there, lambda index: related(index, "merkle.py:20", wide))
    assert repository_map(there, 3000).text == repository_map(here, 3000).text


@pytest.mark.slow
def test_the_same_searches_on_a_server_rank_the_same_places(both: tuple[Index, Index]) -> None:
    here, there = both
    here.update()
    there.update()
    ours, theirs = Search(here), Search(there)
    for query in QUERIES:
        wanted, got = (one.ask(query, Paging(limit=50)) for one in (ours, theirs))
        assert scores_above_the_last(got) == pytest.approx(scores_above_the_last(wanted), abs=2e-4), query


def scores_above_the_last(page: Page[SearchHit]) -> dict[tuple[str, int, int, str], float]:
    """What is found, without those that tie with the last: which of them came in is chance."""
    last = min((hit.score for hit in page.hits), default=0.0)
    return {
        (hit.path, hit.start_line, hit.end_line, hit.name): hit.score for hit in page.hits if hit.score > last + 1e-3
    }


@pytest.mark.slow
def test_the_server_finds_a_word_in_the_chunks_that_the_postings_name(both: tuple[Index, Index]) -> None:
    _, there = both
    there.update()
    lexicon = Lexicon(there.connection)
    lexicon.refresh()
    bases = dict(there.connection.execute("SELECT id, chunk_base FROM files WHERE left_out IS NULL").fetchall())
    for word in ("connection", "quarantin", "sha256", "nowhere_at_all"):
        postings = lexicon.find_all([word, *(word + field for field in (":n", ":q", ":p", ":s"))])
        places = [lexicon.documents.place(one) for held in postings.values() for one in held.documents.tolist()]
        rows = there.connection.execute("SELECT chunk FROM words WHERE words @@ CAST(? AS tsquery)", (f"'{word}'",))
        assert {row[0] for row in rows} == {bases[file] + position for file, position in places}
    store = there.store
    assert isinstance(store, PostgresStore)
    best = full_text(store, "quarantined files of a digest", 10)
    assert {one.path for one in best} & {"windows.py", "workers.py", "updating.py"}
    assert full_text(store, "'; DROP TABLE words; --", 1) is not None
    assert full_text(store, "", 1) == []


@pytest.mark.slow
def test_a_tree_that_is_edited_at_random_is_indexed_as_from_scratch(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")
    player = Player(root, 11)
    with Index.open(root, place) as there:
        for step in range(80):
            player.play()
            there.update(player.known if player.known and step % 3 else None)
            if step % 10 == 9:
                there.update()
                with Index.open(root, tmp_path / f"{step}.db") as scratch:
                    scratch.update()
                    assert dump(there) == dump(scratch)
                    assert there.state.root == scratch.state.root
                    for name in ("alpha", "price_of", "Cart", "total"):
                        compared(scratch, there, lambda index, name=name: references(index, name, Paging(limit=100)))
                        compared(scratch, there, lambda index, name=name: callers(index, name, Paging(limit=100)))
                    words = there.connection.execute("SELECT count(*) FROM words").fetchone()
                    assert words == there.connection.execute("SELECT count(*) FROM chunks").fetchone()


def test_names_and_paths_may_be_longer_than_the_server_can_sort(tmp_path: Path, place: str) -> None:
    long = "x" * 3_500
    folders = "/".join("d" * 200 for _ in range(15))
    root = write(tmp_path / "tree", {"a.py": f"def {long}():\n    pass\n", f"{folders}/b.py": "def far():\n    pass\n"})
    with Index.open(root, place) as there:
        there.update()
        assert [hit.path for hit in symbol(there, long).hits] == ["a.py"]
        assert [hit.path for hit in symbol(there, "far").hits] == [f"{folders}/b.py"]


def test_worktrees_of_a_repository_share_what_was_parsed(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "shop")
    git(root, "worktree", "add", "-q", str(tmp_path / "other"))
    with Index.open(root, place) as first, Index.open(tmp_path / "other", place) as second:
        assert first.update().parsed == 5
        made = second.update()
        assert (made.parsed, made.reused) == (0, 5)
        assert dump(second) == dump(first)
        (tmp_path / "other" / "shop" / "cart.py").write_text("def only_here():\n    pass\n")
        second.update()
        assert symbol(first, "only_here").total == 0
        assert symbol(second, "only_here").total == 1


@pytest.mark.slow
def test_a_connection_that_is_cut_in_the_middle_of_an_update_loses_nothing(
    tmp_path: Path, place: str, server: Server
) -> None:
    root = repository(tmp_path / "tree")
    database = place.partition("?")[0].rpartition("/")[2]
    with Index.open(root, place) as there:
        there.update()
        before = dump(there)
        write(root, {f"more/m{number}.py": f"def more{number}():\n    pass\n" for number in range(30)})
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        with pytest.raises(IndexUnreachable, match=r"the connection was lost.*kept"):
            there.update(progress=lambda done, _: server.ask(cut) if done == 20 else None)  # type: ignore[arg-type, return-value]
        assert dump(there) == before
        assert there.state.status == "complete"
        there.update()
        assert symbol(there, "more29").total == 1
        server.ask(cut)
        assert symbol(there, "more29").total == 1, "an idle connection is made again"


def test_only_one_process_updates_and_others_are_told(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")
    with Index.open(root, place) as first, Index.open(root, place) as second:
        first.update()
        with first.store.writing(1.0):
            (root / "new.py").write_text("def fresh():\n    pass\n")
            with pytest.raises(IndexBusy, match="another process is updating"):
                second.update(wait=0.05)
            second.refresh(wait=0.05)
            assert symbol(second, "price_of").total == 1
            assert second.notes
        second.refresh()
        assert symbol(second, "fresh").total == 1


@pytest.mark.slow
def test_two_processes_that_update_at_once_leave_one_whole_index(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")
    write(root, {f"m{number}.py": f"def many{number}():\n    pass\n" for number in range(40)})
    lines = (
        "from pathlib import Path",
        "from waypost.index.index import Index",
        f"with Index.open(Path({str(root)!r}), {place!r}) as index:",
        "    for _ in range(3): index.update()",
    )
    running = [script(*lines, wait=False) for _ in range(2)]
    for number in range(40):
        (root / f"m{number}.py").write_text(f"def changed{number}():\n    pass\n")
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with Index.open(root, place) as there, Index.open(root, tmp_path / "x.db") as scratch:
        there.update()
        scratch.update()
        assert dump(there) == dump(scratch)


def test_a_reader_sees_one_commit_while_another_process_writes(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")
    with Index.open(root, place) as reader, Index.open(root, place) as writer:
        writer.update()
        (root / "shop" / "prices.py").write_text("def renamed():\n    pass\n")
        seen: list[int] = []
        with reader.store.reading():
            ask = "SELECT count(*) FROM symbols"
            seen.append(reader.connection.execute(ask).fetchone()[0])
            thread = threading.Thread(target=writer.update)
            thread.start()
            thread.join()
            seen.append(reader.connection.execute(ask).fetchone()[0])
        seen.append(reader.connection.execute(ask).fetchone()[0])
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.slow
def test_a_killed_process_leaves_the_last_complete_state(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")
    with Index.open(root, place) as there:
        there.update()
        before = dump(there)
    write(root, {f"k{number}.py": f"def killed{number}():\n    pass\n" for number in range(20)})
    process = script(
        "import os",
        "from pathlib import Path",
        "from waypost.index.index import Index",
        "def progress(done, total):",
        "    if done == 10: os.kill(os.getpid(), 9)",
        f"Index.open(Path({str(root)!r}), {place!r}).update(progress=progress)",
    )
    assert process.returncode == -9
    with Index.open(root, place) as there:
        until = time.monotonic() + 10
        assert dump(there) == before
        there.update(wait=max(1.0, until - time.monotonic()))
        assert symbol(there, "killed19").total == 1


def test_tables_that_were_removed_are_made_anew_and_told(tmp_path: Path, place: str, server: Server) -> None:
    root = repository(tmp_path / "tree", SHOP)
    database = place.partition("?")[0].rpartition("/")[2]
    with Index.open(root, place) as there:
        there.update()
        schema = there.store.schema  # type: ignore[attr-defined]
        server.ask(f'DROP TABLE "{schema}".symbols', database)
        assert symbol(there, "price_of").total == 1
        assert any("made anew" in note for note in there.state.notes)
        server.ask("DROP SCHEMA waypost CASCADE", database)
        there.update()
        assert symbol(there, "price_of").total == 1
    with Index.open(root, place) as there:
        assert there.update().changed == 0


def test_a_search_that_is_kept_sees_an_index_that_was_made_anew(tmp_path: Path, place: str) -> None:
    root = write(tmp_path / "tree", {"a.py": "def apple():\n    pass\n"})
    with Index.open(root, place) as there:
        there.update()
        search = Search(there)
        assert [hit.name for hit in search.ask("apple").hits] == ["apple"]
        with there.store.writing(1.0):
            there.store.remake("a test said so")
        write(root, {"a.py": "def pear():\n    pass\n", "b.py": "def apple():\n    pass\n"})
        there.update()
        assert [hit.path for hit in search.ask("apple").hits] == ["b.py"]
        assert [hit.path for hit in search.ask("pear").hits] == ["a.py"]
