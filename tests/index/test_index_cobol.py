from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_cases import outside, uncovered

from waypost.index.parsing import parse

WORDS = st.sampled_from(
    [
        *[
            "IDENTIFICATION",
            "DIVISION",
            ".",
            "PROGRAM-ID",
            "A-1",
            "DATA",
            "PROCEDURE",
            "SECTION",
            "01",
            "05",
            "88",
            "PIC",
            "X",
            "PERFORM",
            "GO",
            "TO",
            "CALL",
            "'X'",
        ],
        *["COPY", "FD", "END", "PROGRAM", "FILLER", "==", ":A:", "77", "EXEC", "CICS", "(", ")", "THRU", "MAIN", "*"],
        *["\n", "\n       ", "\n      *"],
    ]
)


def test_the_text_on_which_a_known_grammar_hangs_is_read() -> None:
    parsed = parse("x.cbl", b"x")
    assert (parsed.status, parsed.lines, len(parsed.chunks)) == ("parsed", 1, 1)


@settings(deadline=None, max_examples=150)
@given(st.lists(WORDS, max_size=60))
def test_any_order_of_words_is_read(words: list[str]) -> None:
    text = " ".join(words).encode()
    parsed = parse("any.cob", text)
    assert not outside(parsed)
    assert not uncovered(parsed, text)


@pytest.mark.parametrize(
    "unit", [b"PROGRAM-ID.", b"01 A. ", b"GO TO ", b"COPY ", b"'", b"PERFORM A THRU ", b"A SECTION.\n"]
)
def test_a_long_text_of_the_same_is_read(unit: bytes) -> None:
    text = b"IDENTIFICATION DIVISION.\nPROCEDURE DIVISION.\n" + (unit * 40 + b"\n") * 600
    parsed = parse("long.cob", text)
    assert not outside(parsed)
    assert not uncovered(parsed, text)


def test_a_copybook_without_a_program_gives_its_fields_nested_by_level() -> None:
    text = b"""\
       01  MONEY.
           05  PART PIC 9.
               88  NONE-LEFT VALUE 0.
       77  SPARE PIC X.
"""
    parsed = parse("MONEY.CPY", text)
    assert [(one.qualified, one.kind) for one in parsed.symbols] == [
        ("MONEY", "field"),
        ("MONEY.PART", "field"),
        ("MONEY.PART.NONE-LEFT", "constant"),
        ("SPARE", "field"),
    ]


def test_code_beyond_column_72_and_comments_are_not_read_in_fixed_format() -> None:
    line = b"           CALL 'ONE'.".ljust(72) + b"CALL 'TWO'."
    parsed = parse("a.cbl", b"       PROCEDURE DIVISION.\n       MAIN.\n" + line + b"\n      *    CALL 'THREE'.\n")
    assert [one.name for one in parsed.references] == ["ONE"]
