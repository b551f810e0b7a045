"""JUnit reports: read with distrust, counted from their cases."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.gates.census import Case
from waypost.gates.junit import LARGEST_REPORT, BadReport, parse, read_reports, remove_stale

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="t.test_a.TestIt" name="test_n[1]" time="0.000" />
<testcase classname="t.test_a" name="test_bad"><failure message="AssertionError: assert 1 == 2&#10;  + where">
def test_bad():
&gt;       assert 1 == 2

t/test_a.py:5: AssertionError</failure><system-out>printed</system-out></testcase>
<testcase classname="t.test_a" name="test_x"><skipped type="pytest.xfail" message="" /></testcase>
<testcase classname="t.test_a" name="test_f"><error
message="failed on setup">t/test_a.py:13: RuntimeError</error></testcase>
</testsuite></testsuites>"""

SUREFIRE = b"""<testsuite name="A" tests="99"><properties><property name="a" value="b"/></properties>
<testcase classname="org.A" name="one"><flakyFailure message="once"/></testcase>
<testcase classname="org.A" name="two"><failure
type="java.lang.AssertionError"/><error message="worse">at A.java:3</error></testcase>
<testcase name="three"><skipped/></testcase></testsuite>"""

BOMB = b"""<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""
OUTSIDE = b"""<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&x;"/></testsuite>"""


def test_pytests_report_is_read():
    census = parse(PYTEST)
    assert (census.tests, census.failures, census.errors, census.skipped) == (4, 1, 1, 1)
    assert (census.failed, census.ran) == (2, 3)
    passed, failed, skipped, broken = census.cases
    assert passed == Case("t.test_a.TestIt::test_n[1]", "passed")
    assert (failed.id, failed.outcome, failed.message) == (
        "t.test_a::test_bad",
        "failed",
        "AssertionError: assert 1 == 2",
    )
    assert failed.detail.endswith("t/test_a.py:5: AssertionError")
    assert "printed" not in failed.detail
    assert (skipped.outcome, broken.outcome, broken.message) == ("skipped", "error", "failed on setup")


def test_a_lone_suite_is_read_and_its_claimed_totals_are_not():
    census = parse(SUREFIRE)
    assert (census.tests, census.failures, census.errors, census.skipped) == (3, 0, 1, 1)
    assert census.cases[0].outcome == "passed"
    assert census.cases[1] == Case("org.A::two", "error", "worse", "at A.java:3")
    assert census.cases[2] == Case("three", "skipped")


def test_a_report_without_cases_counts_none_whatever_it_claims():
    assert parse(b'<testsuites tests="41"/>').tests == 0


def test_a_namespace_is_no_hindrance():
    assert parse(b'<j:testsuite xmlns:j="x"><j:testcase name="a"/></j:testsuite>').tests == 1


def test_an_encoding_is_honoured():
    text = '<?xml version="1.0" encoding="{}"?><testsuite><testcase name="größe"/></testsuite>'
    for encoding in ("utf-8", "iso-8859-1", "utf-16"):
        assert parse(text.format(encoding).encode(encoding)).cases[0].id == "größe"


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (b"", "no element found"),
        (b"<testsuite>", "no element found"),
        (b"not xml", "no readable XML"),
        (b"<html/>", "r.xml: <html> is no JUnit report, which begins with <testsuites>"),
        (b'<testsuite><testcase name="\x1b"/></testsuite>', "no readable XML"),
        (b'<testsuite><testcase name="a\x00"/></testsuite>', "no readable XML"),
        (b'<?xml version="1.0" encoding="klingon"?><testsuite/>', "unknown encoding"),
        (b"<testsuite>" * 65, "nested deeper than 64"),
        (b" " * (LARGEST_REPORT + 1), "larger than 32 MiB"),
        (BOMB, "document types and entities are not read"),
        (OUTSIDE, "document types and entities are not read"),
    ],
)
def test_a_bad_report_is_refused_with_its_reason(report: bytes, why: str):
    with pytest.raises(BadReport, match=why):
        parse(report, "r.xml")


def test_a_very_long_trace_is_held_in_part():
    report = b"<testsuite><testcase><failure>" + b"long line\n" * 100_000 + b"</failure></testcase></testsuite>"
    assert len(parse(report).cases[0].detail) <= 8_000


def test_several_reports_count_together(tmp_path: Path):
    folder = tmp_path / "target" / "reports"
    folder.mkdir(parents=True)
    (folder / "a.xml").write_bytes(PYTEST)
    (folder / "b.xml").write_bytes(SUREFIRE)
    assert read_reports(tmp_path, "target/reports/*.xml").tests == 7
    remove_stale(tmp_path, "target/reports/*.xml")
    assert list(folder.iterdir()) == []
    with pytest.raises(BadReport, match="no report at target/reports"):
        read_reports(tmp_path, "target/reports/*.xml")


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../r.xml", "a/../../r.xml", "", "**x/*.xml", "a\0b", "x" * 5000])
def test_a_path_that_is_none_is_refused(tmp_path: Path, pattern: str):
    with pytest.raises(BadReport):
        read_reports(tmp_path, pattern)


def test_a_folder_in_the_reports_place_is_left_alone_and_refused(tmp_path: Path):
    (tmp_path / "r.xml").mkdir()
    remove_stale(tmp_path, "r.xml")
    with pytest.raises(BadReport, match=r"r\.xml is not a file"):
        read_reports(tmp_path, "r.xml")


TAGS = st.sampled_from(["testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out", "ü:x"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    tag = draw(TAGS)
    name = draw(st.sampled_from(["name", "classname", "message", "type", "file"]))
    inside = draw(st.lists(elements(depth + 1), max_size=3)) if depth < 4 else []
    value = draw(st.text("ab\n&;é ", max_size=5))
    return f'<{tag} {name}="{value}">{draw(st.text(max_size=5))}{"".join(inside)}</{tag}>'


@given(elements().map(str.encode) | st.binary(max_size=80))
@example(b"<testsuite><testcase><testcase/><failure/></testcase></testsuite>")
@example(b"<testsuite><failure/><testcase/></testsuite>")
def test_whatever_is_read_ends_in_a_census_or_a_bad_report(report: bytes):
    with contextlib.suppress(BadReport):
        census = parse(report)
        assert census.tests == len(census.cases) >= census.failed + census.skipped


@given(st.integers(0, len(PYTEST)), st.binary(max_size=6), st.integers(0, 40))
def test_a_damaged_report_ends_in_a_census_or_a_bad_report(at: int, noise: bytes, dropped: int):
    with contextlib.suppress(BadReport):
        assert parse(PYTEST[:at] + noise + PYTEST[at + dropped :]).tests <= 5
