from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.cli import words


@pytest.mark.parametrize(
    ("text", "number"),
    [("600k", 600_000), ("1.5M", 1_500_000), ("200000", 200_000), ("2,000", 2_000), ("2_000", 2_000), (" 3 k ", 3_000)],
)
def test_an_amount_is_read_as_people_write_it(text: str, number: int) -> None:
    assert words.read_amount(text) == number


@pytest.mark.parametrize(
    ("text", "micros"), [("$2.50", 2_500_000), ("2.5", 2_500_000), (".5", 500_000), ("10", 10_000_000)]
)
def test_money_is_read_in_micro_dollars(text: str, micros: int) -> None:
    assert words.read_money(text) == micros


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("90m", 5_400_000), ("1h30m", 5_400_000), ("45s", 45_000), ("45", 45_000), ("2h", 7_200_000)],
)
def test_a_time_is_read_in_milliseconds(text: str, milliseconds: int) -> None:
    assert words.read_duration(text) == milliseconds


def _read_or_refusal(reader: Callable[[str], int], text: str) -> int | str:
    try:
        return reader(text)
    except ValueError as problem:
        return str(problem)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_with_the_form_that_is_wanted(text: str) -> None:
    for reader in (words.read_amount, words.read_money, words.read_duration):
        found = _read_or_refusal(reader, text)
        assert "write it as" in found if isinstance(found, str) else found >= 0


@given(st.text())
def test_cleaned_text_holds_nothing_that_a_terminal_acts_on(text: str) -> None:
    cleaned = words.clean(text)
    assert all(c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) <= 0x9F) for c in cleaned)
    assert not any(c in cleaned for c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200f")
    cleaned.encode()


def test_whole_escape_sequences_go_and_not_only_their_first_character() -> None:
    text = "a\x1b[31;1mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\ \x9b2Jb"
    assert words.clean(text) == "ared link 2Jb"


@given(st.text(max_size=60), st.integers(1, 40))
def test_cut_text_fits(text: str, width: int) -> None:
    assert words.columns(words.one_line(text, width)) <= width


def test_wide_characters_count_twice() -> None:
    assert words.columns("日本") == 4
    assert words.cut("日本語", 5) == "日本…"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (12_400, "12.4k"),
        (999_600, "1M"),
        (1_250_000, "1.25M"),
        (123_456_789, "123M"),
    ],
)
def test_amounts_are_short(number: int, text: str) -> None:
    assert words.amount(number) == text


@given(st.integers(0, 10**10))
def test_a_written_amount_reads_back_nearly(number: int) -> None:
    assert abs(words.read_amount(words.amount(number)) - number) <= number * 0.006


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(320, "320 ms"), (4_200, "4.2 s"), (59_990, "1 min"), (200_000, "3 min 20 s"), (7_500_000, "2 h 05 min")],
)
def test_times_read_well(milliseconds: int, text: str) -> None:
    assert words.duration(milliseconds) == text


def test_an_unknown_price_is_said_and_never_shown_as_nothing() -> None:
    assert words.cost(0, 3, 3) == "cost unknown"
    assert words.cost(120_000, 1, 3) == "$0.12 + ?"
    assert words.cost(0, 0, 3) == "$0.00"


def test_a_moment_keeps_its_microseconds() -> None:
    assert words.moment(1_795_250_000_000_001) == "2026-11-21T08:33:20.000001Z"
