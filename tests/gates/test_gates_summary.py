"""Counts from summary lines, as the runners really print them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from gates_cases import PATH, needs
from hypothesis import given
from hypothesis import strategies as st

from waypost.gates.summary import counts
from waypost.gates.text import plain_lines

PRINTED: list[tuple[str, tuple[int, int, int]]] = [
    ("===== 2 failed, 39 passed, 1 skipped, 3 warnings in 0.12s =====", (42, 2, 1)),
    ("41 passed, 1 warning in 75.30s (0:01:15)", (41, 0, 0)),
    ("3 failed, 2 passed, 1 skipped, 1 xfailed, 1 error in 0.89s", (8, 4, 2)),
    ("no tests ran in 0.01s", (0, 0, 0)),
    ("12 deselected in 0.03s", (0, 0, 0)),
    ("1 error in 0.10s", (1, 1, 0)),
    ("\x1b[32m\x1b[1m4 passed\x1b[0m\x1b[32m in 0.01s\x1b[0m", (4, 0, 0)),
    ("Ran 3 tests in 0.001s\n\nOK", (3, 0, 0)),
    ("Ran 9 tests in 0.001s\n\nFAILED (failures=1, errors=2, skipped=1, expected failures=1)", (9, 3, 2)),
    ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", (0, 0, 0)),
    ("Ran 0 tests in 0.000s\n\nFAILED (errors=1)", (1, 1, 0)),
    ("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s", (6, 0, 1)),
    ("test result: FAILED. 1 passed; 1 failed; 0 ignored;\ntest result: ok. 2 passed; 0 failed; 0 ignored;", (4, 1, 0)),
    ("=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- SKIP: TestB (0.00s)\nPASS\nok  \tx/y\t0.01s", (2, 0, 1)),
    ("--- FAIL: TestA (0.00s)\n    a_test.go:5: no\n--- PASS: TestB (0.00s)\nFAIL\nFAIL\tx/y\t0.01s", (2, 1, 0)),
    ("?   \tx/y\t[no test files]", (0, 0, 0)),
    ("ok  \tx/y\t0.01s [no tests to run]", (0, 0, 0)),
    ("# tests 5\n# suites 0\n# pass 1\n# fail 3\n# cancelled 0\n# skipped 1\n# todo 0", (5, 3, 1)),
    ("ℹ tests 2\nℹ suites 0\nℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0", (2, 0, 0)),
    ("Test Suites: 1 failed, 1 total\nTests:       1 failed, 2 skipped, 4 passed, 7 total", (7, 1, 2)),
    (" Test Files  1 failed (1)\n      Tests  1 failed | 4 passed | 1 skipped (6)", (6, 1, 1)),
]  # fmt: skip

UNKNOWN = [
    "",
    "all good",
    "ok  \tx/y\t0.01s",
    "2 files changed in 3s",
    "Found 3 errors.",
    "# tests 5",
    "3 apples in 2s",
]


@pytest.mark.parametrize(("output", "expected"), PRINTED)
def test_a_summary_is_counted(output: str, expected: tuple[int, int, int]):
    census = counts(plain_lines(output))
    assert census is not None
    assert (census.tests, census.failed, census.skipped) == expected


@pytest.mark.parametrize("output", UNKNOWN)
def test_what_is_no_summary_counts_nothing(output: str):
    assert counts(plain_lines(output)) is None


def test_two_runs_in_one_output_count_together():
    census = counts(["2 passed in 0.1s", "1 failed, 1 passed in 0.2s", "Tests:       3 passed, 3 total"])
    assert census is not None
    assert (census.tests, census.failed) == (7, 1)


def test_unittest_really_prints_so(tmp_path: Path):
    (tmp_path / "t.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n"
        "  def test_a(self): self.fail()\n  def test_b(self): pass\n"
        "  @unittest.skip('')\n  def test_c(self): pass\n"
    )
    assert _counted("python -m unittest t", tmp_path) == (3, 1, 1)


def test_node_really_prints_so(tmp_path: Path):
    needs("node")
    (tmp_path / "a.test.js").write_text(
        "const test = require('node:test'); test('a', () => {});"
        "test('b', () => { throw new Error('x') }); test.skip('c', () => {});"
    )
    for reporter in ("tap", "spec"):
        assert _counted(f"node --test --test-reporter={reporter}", tmp_path) == (3, 1, 1)


@given(st.lists(st.sampled_from([*UNKNOWN, *(line for text, _ in PRINTED for line in text.split("\n"))]) | st.text()))
def test_no_output_breaks_the_counting(lines: list[str]):
    census = counts(plain_lines("\n".join(lines)))
    assert census is None or census.tests >= 0


def _counted(command: str, folder: Path) -> tuple[int, int, int]:
    run = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    census = counts(plain_lines(run.stdout))
    assert census is not None, run.stdout
    return census.tests, census.failed, census.skipped
