"""Vectors of an index on a real PostgreSQL: the same tables, the same answers."""

from __future__ import annotations

from pathlib import Path

from index_search_cases import TEXTS
from index_store_cases import write

from waypost.index.embedding.choosing import chosen
from waypost.index.embedding.likeness import Likeness
from waypost.index.index import Index
from waypost.index.search import Search


def test_vectors_on_a_server_are_kept_and_answer_as_those_in_a_file(tmp_path: Path, place: str) -> None:
    root = write(tmp_path / "tree", TEXTS)
    choice = chosen("fitted")
    assert choice is not None
    with Index.open(root, tmp_path / "i.db", processes=1) as here, Index.open(root, place, processes=1) as there:
        here.update()
        there.update()
        page = Search.by_name(there, "fitted").ask("where are cookies stored")
        assert page.hits == Search.by_name(here, "fitted").ask("where are cookies stored").hits != ()
        assert page.state.notes == ()
        assert Likeness(there, choice).fill() == Likeness(here, choice).fill()
        write(
            root, {"app/dates.py": "def tomorrow():\n    return 1\n", "app/new.py": "def sing():\n    return 'whale'\n"}
        )
        there.update()
        assert Likeness(there, choice).fill().vectors > 0
        assert Likeness(there, choice).fill().made == 0
