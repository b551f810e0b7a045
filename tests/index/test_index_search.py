"""Searching a small repository whose answers are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_search_cases import TEXTS
from index_store_cases import write

from waypost.index.answers import Paging
from waypost.index.corpus_in_memory import CorpusInMemory
from waypost.index.index import Index
from waypost.index.mapping import ranks, repository_map
from waypost.index.ranking import Settings, rank
from waypost.index.relating import related
from waypost.index.search import Search, search
from waypost.index.terms import words

CORPUS = CorpusInMemory(TEXTS)


def paths(query: str, limit: int = 10) -> list[str]:
    return [CORPUS.path(one.place.file) for one in rank(CORPUS, query, limit)]


def test_an_identifier_s_definition_comes_first_with_its_lines() -> None:
    for file, name in (("app/cookies.py", "CookieJar"), ("app/dates.py", "parse_date"), ("lib/cache.go", "Evict")):
        first = rank(CORPUS, name, 5)[0].place
        assert (CORPUS.path(first.file), first.name) == (file, name)
    place = rank(CORPUS, "CookieJar.expire", 5)[0].place
    assert (CORPUS.path(place.file), place.name, place.end_line - place.start_line) == (
        "app/cookies.py",
        "CookieJar.expire",
        3,
    )


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("where are cookies stored", "app/cookies.py"),
        ("password hashing", "app/authentication.py"),
        ("authenticating somebody", "app/authentication.py"),
        ("parsing of dates", "app/dates.py"),
        ("app/dates.py", "app/dates.py"),
        ("tests of date parsing", "tests/test_dates.py"),
        ("eviction of old entries", "lib/cache.go"),
        ("Delete the cookies whose time is over.", "app/cookies.py"),
        ('It crashes\n\n  File "/srv/x/app/dates.py", line 2, in parse_date\nValueError', "app/dates.py"),
    ],
)
def test_a_question_finds_its_file(query: str, path: str) -> None:
    assert paths(query)[0] == path


def test_in_whatever_order_files_came_in_equals_stand_in_the_order_of_their_paths() -> None:
    alike = {f"pages/p{number:04}.py": f"def page{number:04}():\n    return 'menu'\n" for number in range(1000)}
    backwards = CorpusInMemory(dict(reversed(alike.items())))
    forwards = CorpusInMemory(alike)
    found = [[corpus.path(one.place.file) for one in rank(corpus, "menu", 30)] for corpus in (forwards, backwards)]
    assert found[0] == found[1] == sorted(alike)[:30]


def test_tests_and_prose_come_after_what_they_are_about() -> None:
    found = paths("parse date")
    assert found.index("app/dates.py") < found.index("tests/test_dates.py")
    assert found.index("app/dates.py") < found.index("README.md")


def test_each_file_answers_a_short_question_once_before_any_answers_twice() -> None:
    found = paths("cookie password date", 20)
    files = len(set(found))
    assert len(set(found[:files])) == files


def test_the_same_question_has_the_same_answer() -> None:
    for query in ("cookie jar", "Return the date of the cookie.", "parse_date"):
        assert rank(CORPUS, query, 10) == rank(CorpusInMemory(TEXTS), query, 10)


def test_what_holds_no_word_of_the_question_is_no_hit() -> None:
    assert paths("quaternion") == []
    asked = set(words("cookie"))
    for one in rank(CORPUS, "cookie", 50):
        place = one.place
        text = TEXTS[CORPUS.path(place.file)].split("\n")[place.start_line - 1 : place.end_line]
        assert asked & {*words("\n".join(text)), *words(CORPUS.path(place.file))}


def test_a_term_that_is_left_out_counts_nothing() -> None:
    bare = Settings().without("stem", "whole_stem", "folder", "definition", "mention")
    assert bare.topic.stem == bare.report.mention == 0
    assert rank(CORPUS, "cookie", 5, bare) != rank(CORPUS, "cookie", 5)


NASTY = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        ['"', "NEAR(", "a AND", "*", "-", "'; DROP TABLE files; --", "\0\1\2", "\ud800", "::", "()", "/", "../..", "."]
    ),
    st.text(alphabet="\"'*():^-+ aA_\n\t\0", max_size=80),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NASTY)
def test_any_query_is_answered_without_complaint(query: str) -> None:
    found = rank(CORPUS, query, 10)
    assert len(found) <= 10
    assert [one.score for one in found] == [one.score for one in rank(CORPUS, query, 10)]


def test_a_very_long_query_is_answered() -> None:
    assert paths("cookie jar " * 10_000)[0] == "app/cookies.py"
    assert paths("\n".join(f"word{number} parse_date" for number in range(5000)))[0] == "app/dates.py"


# --- with an index on disk --------------------------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path) -> Index:
    with Index.open(write(tmp_path / "app", TEXTS)) as opened:
        opened.update()
        yield opened


def test_an_index_on_disk_answers_as_the_one_in_memory(index: Index) -> None:
    for query in ("where are cookies stored", "parse_date", "Return the year of a date.", "password"):
        stored = [(hit.path, hit.start_line, hit.end_line) for hit in search(index, query).hits]
        held = [
            (CORPUS.path(one.place.file), one.place.start_line, one.place.end_line) for one in rank(CORPUS, query, 10)
        ]
        assert stored == held


def test_pages_put_together_are_the_whole_answer(index: Index) -> None:
    asking = Search(index)
    whole = asking.ask("cookie date password", Paging(limit=12)).hits
    pieces = [hit for at in range(0, 12, 3) for hit in asking.ask("cookie date password", Paging(3, at)).hits]
    assert tuple(pieces) == whole


@pytest.mark.parametrize("query", ["\0", "\ud800 parse", "'; DROP TABLE files", '"', "a" * 100_000, "*:n", "%", "x:s"])
def test_an_index_on_disk_answers_any_query(index: Index, query: str) -> None:
    assert search(index, query).state.status == "complete"


def test_a_change_on_disk_is_seen_by_the_next_question(index: Index) -> None:
    asking = Search(index)
    assert asking.ask("parse_date").hits[0].path == "app/dates.py"
    place = index.root / "app/dates.py"
    place.write_text("# moved down\n\n\n" + TEXTS["app/dates.py"])
    hit = asking.ask("parse_date").hits[0]
    assert (
        "def parse_date" in place.read_text().split("\n")[hit.start_line - 1 : hit.end_line][0] or hit.start_line == 1
    )
    place.unlink()
    assert all(hit.path != "app/dates.py" for hit in asking.ask("parse_date").hits)


def test_a_new_file_is_found_after_an_update(index: Index) -> None:
    asking = Search(index)
    assert not asking.ask("quaternion").hits
    (index.root / "app/rotation.py").write_text("class Quaternion:\n    pass\n")
    index.update(["app/rotation.py"])
    assert asking.ask("quaternion").hits[0].path == "app/rotation.py"


# --- the map and what is like a place ---------------------------------------------------------------------------------


def test_the_map_keeps_its_budget_and_shows_what_others_use(index: Index) -> None:
    drawn = repository_map(index, 60)
    assert drawn.tokens <= 60
    assert "app/dates.py:" in drawn.text or "app/cookies.py:" in drawn.text
    whole = repository_map(index, 2000)
    assert "class CookieJar" in whole.text
    assert "function parse_date" in whole.text
    assert repository_map(index, 2000).text == whole.text


def test_a_focus_pulls_its_file_onto_a_small_map(index: Index) -> None:
    assert "app/authentication.py:" in repository_map(index, 60, ["app/authentication.py"]).text


def test_a_line_added_to_a_function_leaves_the_map_as_it_is(index: Index) -> None:
    before = repository_map(index, 120).text
    place = index.root / "app/dates.py"
    place.write_text(place.read_text().replace("    year, month", "    text = text.strip()\n    year, month"))
    index.update(["app/dates.py"])
    assert repository_map(index, 120).text == before


def test_ranks_sum_to_one_and_follow_the_links() -> None:
    found = ranks([(1, 3, 1.0), (2, 3, 1.0), (3, 1, 1.0)], [1, 2, 3])
    assert sum(found.values()) == pytest.approx(1)
    assert found[3] > found[1] > found[2]
    assert ranks([], []) == {}


def test_what_is_like_a_place_is_found_without_the_place(index: Index) -> None:
    found = related(index, "app/server.py:6").hits
    assert {"app/cookies.py", "app/dates.py"} & {hit.path for hit in found[:3]}
    assert all(hit.path != "app/server.py" or hit.start_line > 8 or hit.end_line < 5 for hit in found)
    assert found[0].why
