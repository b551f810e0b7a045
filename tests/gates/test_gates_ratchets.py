"""What may not get worse from one verdict to the next, and new tests that prove nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gates_cases import gate

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.proving import new_tests, red_before_green
from waypost.gates.ratchets import change, ratchets
from waypost.gates.verdict import Verdict

PYTEST = gate("python -m pytest -q")


def census(*names: str, deselected: tuple[str, ...] = (), witnessed: bool = True, **words: CaseOutcome) -> Census:
    """Tests of `t.py` by name, passed unless `words` says otherwise."""
    cases = [Case(_id(name), words.pop(name, "passed")) for name in names]
    cases += [Case(_id(name), word) for name, word in words.items()]
    return replace(count(tuple(cases), tuple(map(_id, deselected))), witnessed=witnessed)


def _id(name: str) -> str:
    return name if "::" in name else f"t.py::{name}"


BEFORE = census("a", "b", "c", d="skipped")


@pytest.mark.parametrize(
    ("after", "kind", "words"),
    [
        (census("a", "b", d="skipped"), "gone", "1 test gone since the last green commit: t.py::c"),
        (census("a", d="skipped"), "gone", "2 tests gone since the last green commit: t.py::b, t.py::c"),
        (census("a", "b", c="skipped", d="skipped"), "skipped", "1 test that ran before is skipped"),
        (census("a", "b", c="xfailed", d="skipped"), "skipped", "t.py::c"),
        (census("a", "b", deselected=("c",), d="skipped"), "deselected", "1 test that ran before is left out"),
        (None, "fewer", "no test was seen; 4 were before"),
        (census("a", "b", "c", witnessed=False, d="skipped"), "silent", "silent now"),
        (replace(census("a", "b", "c", "d"), patched=("time.time by app.py",)), "patched", "time.time by app.py"),
        (
            replace(census("a", "b", "c", "d"), hooks=("conftest.py: pytest_runtest_makereport",)),
            "hook",
            "decides on the outcome",
        ),
        (replace(census("a", "b", "c", "d"), uncollected=("t.py::e",)), "uncollected", "not collected: t.py::e"),
        (census(a="skipped", b="skipped", c="skipped", d="skipped"), "no-test", "and no test ran (4 skipped)"),
    ],
)
def test_what_got_worse_is_refused_and_named(after: Census | None, kind: str, words: str):
    refusals = [finding for finding in ratchets(BEFORE, after, PYTEST) if finding.refuses]
    assert kind in {finding.kind for finding in refusals}
    assert words in "\n".join(finding.line for finding in refusals)


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (BEFORE, set()),
        (census("a", "b", "c", "d"), set()),
        (census("a", "b", "c", "e", d="skipped"), set()),
        (census("a", "b", "c2", d="skipped"), {"replaced"}),
        (census("a", "b", "u.py::c", d="skipped"), {"moved"}),
        (census("a", "b", "c", d="skipped", e="skipped"), {"skipped"}),
        (replace(BEFORE, hooks=("conftest.py: pytest_collection_finish",)), {"hook"}),
        (replace(BEFORE, hooks=("conftest.py: pytest_configure",)), set()),
    ],
)
def test_what_did_not_get_worse_is_not_refused_but_may_be_told(after: Census, kinds: set[str]):
    found = ratchets(BEFORE, after, PYTEST)
    assert {finding.kind for finding in found} == kinds
    assert not any(finding.refuses for finding in found)


def test_what_was_so_before_is_no_news():
    odd = replace(
        BEFORE,
        patched=("time.sleep by app.py",),
        hooks=("conftest.py: pytest_sessionfinish",),
        uncollected=("t.py::x",),
    )
    assert ratchets(odd, odd, PYTEST) == ()


def test_counts_alone_are_held_against_each_other_where_there_are_no_ids():
    before = Census(tests=10, failures=0, errors=0, skipped=1)
    fewer, skipping = Census(9, 0, 0, 1), Census(10, 0, 0, 3)
    assert [finding.kind for finding in ratchets(before, fewer, gate("make"))] == ["fewer"]
    assert [finding.kind for finding in ratchets(before, skipping, gate("make"))] == ["skipped"]
    assert ratchets(before, Census(11, 0, 0, 1), gate("make")) == ()


def test_a_runner_that_runs_nothing_is_refused_without_anything_before():
    for command in ("pytest", "npx vitest run", "go test ./...", "python -m unittest"):
        assert [finding.kind for finding in ratchets(None, None, gate(command))] == ["no-test"]
    for command in ("make", "pytest --version", "go test -list .", "! pytest"):
        assert ratchets(None, None, gate(command)) == ()


def test_failures_are_new_old_or_mended():
    compared = change(census("d", a="failed", b="error", c="failed"), census("a", b="failed", d="failed", e="failed"))
    assert compared is not None
    assert str(compared) == "2 new failures (t.py::d, t.py::e); 1 was red before; 1 mended"
    assert change(None, BEFORE) is None


def test_a_new_test_that_passes_without_the_work_proves_nothing():
    new = new_tests(BEFORE, census("a", "b", "c", "e", "f", d="skipped", g="failed"))
    assert new == ("t.py::e", "t.py::f")
    old_source = Verdict("unit", "red", "exit 1", census=census("e", f="failed"))
    (finding,) = red_before_green(new, old_source)
    assert (finding.kind, finding.refuses) == ("proves-nothing", False)
    assert finding.line == "t.py: e proves nothing: passes without the work"


def test_new_tests_that_could_not_even_be_imported_on_the_old_source_were_red():
    assert red_before_green(("t.py::e",), Verdict("unit", "red", "exit 2", census=census(**{"t.py": "error"}))) == ()
    assert red_before_green(("t.py::e",), Verdict("unit", "red", "exit 2")) == ()
    assert new_tests(None, BEFORE) == ()
