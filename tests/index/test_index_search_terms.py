"""Terms, packed terms and what a query is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.index.conflation import is_kin, root
from waypost.index.forward import terms_of_file, unpack
from waypost.index.parsing import parse
from waypost.index.query import understand
from waypost.index.terms import stem, terms, tokens


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("maxRetryCount", ("max", "retry", "count", "maxretrycount")),
        ("HTTPServer", ("http", "server", "httpserver")),
        ("__init__", ("init",)),
        ("parse_dates", ("pars", "dat", "parse_dates")),
        ("utf8", ("utf", "8", "utf8")),
        ("größe_wert", ("größ", "wert", "größe_wert")),
        ("404", ("404",)),
        ("1234567", ()),
        ("x" * 65, ()),
    ],
)
def test_an_identifier_is_its_words_and_itself(token: str, expected: tuple[str, ...]) -> None:
    assert terms(token) == expected


@pytest.mark.parametrize(
    "family",
    [("retry", "retries"), ("parse", "parses", "parsed", "parsing"), ("box", "boxes"), ("stop", "stopped", "stopping")],
)
def test_forms_of_a_word_have_one_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


def test_words_of_one_root_are_kin_and_abbreviations_too() -> None:
    assert root("serializer") == root("serialization")
    assert is_kin("authentication", "auth")
    assert is_kin("validation", "validator")
    assert not is_kin("cat", "category")


@given(st.text(max_size=300))
def test_any_text_has_terms_without_marks_of_fields(text: str) -> None:
    for token in tokens(text):
        assert all(":" not in term and term for term in terms(token))


@given(st.text(max_size=400))
def test_packed_terms_hold_each_word_of_the_text(text: str) -> None:
    parsed = parse("a/b.py", text.encode("utf-8", "surrogatepass"))
    forward = unpack(terms_of_file("a/b.py", text, parsed))
    assert len(forward.lengths) == len(parsed.chunks)
    lines = text.split("\n")
    shown = [lines[number - 1] for one in parsed.chunks for number in range(one.start_line, one.end_line + 1)]
    wanted = {term for line in shown for token in tokens(line) for term in terms(token)}
    assert wanted <= set(forward.terms)
    assert forward.terms == sorted(forward.terms)
    assert all(forward.chunks[: forward.ends[-1]] < len(parsed.chunks)) if forward.terms else True


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 20, b"\1" + b"\0" * 30])
def test_bytes_that_are_no_packed_terms_are_refused(damage: bytes) -> None:
    good = terms_of_file("a.py", "", parse("a.py", b""))
    if damage == good:
        return
    with pytest.raises(ValueError, match="packed terms"):
        unpack(damage)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("CookieJar", "name"),
        ("CookieJar.store()", "name"),
        ("std::vector", "name"),
        ("app/dates.py", "path"),
        ("dates.py", "path"),
        ("where are cookies stored", "words"),
        ("Return the number of days between two dates.", "sentence"),
        ("It fails\n\nTraceback (most recent call last):", "report"),
        ("x " * 300, "report"),
        ("", "words"),
    ],
)
def test_a_query_has_the_shape_that_it_looks_like(text: str, shape: str) -> None:
    assert understand(text).shape == shape


def test_a_report_tells_its_paths_modules_frames_and_names() -> None:
    query = understand(
        'Crash in parse_date\n\n  File "/srv/app/dates.py", line 3, in parse_date\n'
        "see app.cookies.CookieJar and lib/a.go:12"
    )
    assert [(one.path, one.line) for one in query.frames] == [("/srv/app/dates.py", 3), ("lib/a.go", 12)]
    assert "app.cookies.CookieJar" in query.modules
    assert {"parse_date", "CookieJar"} <= set(query.names)


@given(st.text(max_size=2000))
def test_any_text_makes_a_query(text: str) -> None:
    assert understand(text).shape in {"name", "path", "words", "sentence", "report"}
