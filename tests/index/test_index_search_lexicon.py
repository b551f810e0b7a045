"""Postings against a plain count, while files come and go."""

from __future__ import annotations

import sqlite3
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.index import lexicon
from waypost.index.forward import terms_of_file
from waypost.index.parsing import parse
from waypost.index.postings import Lexicon
from waypost.index.terms import terms, tokens

WORDS = ("alpha", "beta", "gamma", "delta", "alphaBeta")
_TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map("\n".join)
_STEP = st.one_of(
    st.tuples(st.just("add"), st.dictionaries(st.integers(1, 6), _TEXT, min_size=1, max_size=4)),
    st.tuples(st.just("remove"), st.lists(st.integers(1, 8), max_size=3)),
    st.tuples(st.just("settle"), st.none()),
)


def packed(number: int, text: str) -> bytes:
    path = f"f{number}.txt"
    return terms_of_file(path, text, parse(path, text.encode()))


def opened() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    lexicon.create(connection)
    return connection


def counted(view: Lexicon, term: str) -> dict[int, int]:
    found = view.find(term)
    held: Counter[int] = Counter()
    for document, count in zip(found.documents.tolist(), found.counts.tolist(), strict=True):
        held[view.documents.place(document)[0]] += int(count)
    return dict(held)


@settings(max_examples=80, deadline=None)
@given(st.lists(_STEP, max_size=12), st.integers(0, 3))
def test_postings_are_those_of_the_files_that_are_there(
    steps: list[tuple[str, dict[int, str] | list[int] | None]], fresh: int
) -> None:
    connection, held = opened(), dict[int, str]()
    view = Lexicon(connection)
    bounds = lexicon.FRESH_FILES, lexicon.SPARE_RUNS
    lexicon.FRESH_FILES, lexicon.SPARE_RUNS = fresh, 1  # so that a few files fold and merge
    try:
        for kind, what in steps:
            if kind == "add":
                assert isinstance(what, dict)
                lexicon.add(connection, [(file, packed(file, text)) for file, text in what.items()])
                held |= what
            elif kind == "remove":
                assert isinstance(what, list)
                lexicon.remove(connection, what)
                held = {file: text for file, text in held.items() if file not in what}
            else:
                lexicon.settle(connection)
            view.refresh()
            for word in ("alpha", "beta", "alphabeta", "nowhere"):
                expected = {
                    file: number
                    for file, text in held.items()
                    if (number := sum(terms(token).count(word) for token in tokens(text)))
                }
                assert counted(view, word) == expected
    finally:
        lexicon.FRESH_FILES, lexicon.SPARE_RUNS = bounds


def test_nothing_is_read_again_while_nothing_changes() -> None:
    connection = opened()
    view = Lexicon(connection)
    lexicon.add(connection, [(1, packed(1, "alpha"))])
    assert view.refresh()
    assert not view.refresh()
    lexicon.remove(connection, [7])
    assert not view.refresh()


def test_a_damaged_addition_leaves_the_lexicon_as_it_was() -> None:
    connection = opened()
    lexicon.add(connection, [(1, packed(1, "alpha"))])
    with pytest.raises(ValueError, match="packed terms"):
        lexicon.add(connection, [(1, b"no terms")])
    view = Lexicon(connection)
    view.refresh()
    assert counted(view, "alpha") == {1: 1}


def test_words_of_one_root_are_found_from_each_other() -> None:
    connection = opened()
    lexicon.add(connection, [(1, packed(1, "validator validation validate"))])
    view = Lexicon(connection)
    view.refresh()
    assert set(view.kin("validator")) >= {"validation", "validat"}
