"""Tests that a human knows to be flaky, each until a day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.documents.errors import Report
from waypost.documents.model import Quarantined
from waypost.documents.quarantine import read_quarantine
from waypost.documents.source import read

PLAN = "# Plan\n\n## Quarantine\n\n{}\n"


def quarantine(*bullets: str) -> tuple[tuple[Quarantined, ...], Report]:
    report = Report("PLAN.md")
    source = read(PLAN.format("\n".join(f"- {bullet}" for bullet in bullets)).encode(), report)
    return read_quarantine(source, report), report


def test_a_test_is_named_with_its_last_day_and_the_reason() -> None:
    found, report = quarantine("`tests/test_net.py::test_retry` until 2026-12-31: the port is taken at times")
    assert found == (Quarantined("tests/test_net.py::test_retry", "2026-12-31", "the port is taken at times", 5),)
    assert not report.found


def test_a_parameter_may_stand_in_the_id() -> None:
    found, _ = quarantine("`tests/test_a.py::test_b[x-1]` until 2027-01-01")
    assert found[0].test == "tests/test_a.py::test_b[x-1]"


@pytest.mark.parametrize("bullet", ["tests/test_a.py::test_b", "`t::x` until soon", "`t::x` until 2026-02-30"])
def test_what_names_no_real_day_is_an_error_with_the_mend(bullet: str) -> None:
    found, report = quarantine(bullet)
    assert found == ()
    assert [one.line for one in report.found] == [5]
    assert "until 2026-12-31" in report.found[0].mend


def test_one_test_twice_is_an_error() -> None:
    _, report = quarantine("`t::x` until 2026-12-31", "`t::x` until 2026-12-30")
    assert "twice" in report.found[0].message


def test_a_misspelt_heading_is_not_passed_over() -> None:
    report = Report("PLAN.md")
    read_quarantine(read(b"# Plan\n\n## Quarantaine\n\n- x until 2026-12-31\n", report), report)
    assert "Quarantine" in report.found[0].mend


@given(st.text(max_size=200))
def test_no_text_brings_the_reader_down(text: str) -> None:
    report = Report("PLAN.md")
    read_quarantine(read(f"## Quarantine\n\n- {text}\n".encode(errors="replace"), report), report)
