"""The parsers of runners' output: real runners where they are at hand, else texts as they print them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gates_cases import needs, one
from hypothesis import given
from hypothesis import strategies as st

from waypost.gates.census import Census
from waypost.gates.runners.registry import parser, read

RUNNERS = ("unittest", "node", "vitest", "go", "cargo", "jest")


def outcomes(census: Census | None) -> dict[str, str]:
    assert census is not None
    return {case.id: case.outcome for case in census.cases}


UNITTEST = '''
import unittest

class Sums(unittest.TestCase):
    def test_adds(self):
        print("on standard output")

    def test_told(self):
        """One line that stands between the name and the outcome."""

    def test_breaks(self):
        self.assertEqual(1, 2)

    def test_raises(self):
        raise OSError("gone")

    @unittest.skip("no printer")
    def test_later(self):
        pass

    @unittest.expectedFailure
    def test_known(self):
        self.fail()

    @unittest.expectedFailure
    def test_mended(self):
        pass

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)
'''


def test_unittest_names_its_tests_when_it_is_verbose(tmp_path: Path):
    (tmp_path / "t.py").write_text(UNITTEST)
    verdict = one("python -m unittest -v t", tmp_path)
    named = outcomes(verdict.census)
    assert named == {
        "test_adds (t.Sums.test_adds)": "passed",
        "test_told (t.Sums.test_told)": "passed",
        "test_breaks (t.Sums.test_breaks)": "failed",
        "test_raises (t.Sums.test_raises)": "error",
        "test_later (t.Sums.test_later)": "skipped",
        "test_known (t.Sums.test_known)": "xfailed",
        "test_mended (t.Sums.test_mended)": "failed",
        "test_parts (t.Sums.test_parts)": "failed",
    }
    assert verdict.verdict == "red"


@pytest.mark.parametrize(
    ("source", "word"),
    [("import nosuchmodule\n", "error"), (UNITTEST + "    def setUp(self): raise OSError\n", "error")],
)
def test_unittests_that_break_before_they_begin_are_errors(tmp_path: Path, source: str, word: str):
    (tmp_path / "t.py").write_text(source)
    verdict = one("python -m unittest -v t", tmp_path)
    assert word in outcomes(verdict.census).values()


def test_unittest_is_counted_where_it_names_nothing(tmp_path: Path):
    (tmp_path / "t.py").write_text(UNITTEST)
    census = one("python -m unittest t", tmp_path).census
    assert census is not None
    assert (census.tests, census.cases) == (8, ())


NODE = """
const { test, describe, it } = require('node:test');
const assert = require('node:assert');
describe('sums', () => {
  it('adds', () => assert.equal(1 + 1, 2));
  it('breaks', () => assert.equal(1, 2));
  it.skip('later', () => {});
  it.todo('someday');
  describe('inner', () => { it('adds', () => {}); });
});
test('alone', () => {});
test('with # hash', () => {});
"""


@pytest.mark.parametrize("form", ["tap", "spec"])
def test_nodes_runner_names_its_tests_in_both_forms(tmp_path: Path, form: str):
    needs("node")
    (tmp_path / "a.test.js").write_text(NODE)
    verdict = one(f"node --test --test-reporter={form} a.test.js", tmp_path)
    assert outcomes(verdict.census) == {
        "sums > adds": "passed",
        "sums > breaks": "failed",
        "sums > later": "skipped",
        "sums > someday": "skipped",
        "sums > inner > adds": "passed",
        "alone": "passed",
        "with # hash": "passed",
    }
    assert verdict.verdict == "red"


def test_a_file_that_node_can_not_load_is_red(tmp_path: Path):
    needs("node")
    (tmp_path / "a.test.js").write_text("this is no script\n")
    verdict = one("node --test a.test.js", tmp_path)
    assert verdict.verdict == "red"
    assert verdict.failed == 1


@pytest.mark.slow
def test_cargo_names_its_tests(tmp_path: Path):
    needs("cargo")
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2021"\n')
    (tmp_path / "src" / "lib.rs").write_text(
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() { assert_eq!(1 + 1, 2); }\n"
        "    #[test]\n    fn breaks() { assert_eq!(1, 2); }\n    #[test]\n    #[ignore]\n    fn later() {}\n"
        "    #[test]\n    #[should_panic]\n    fn panics() { panic!(); }\n}\n"
    )
    rust = " ".join(f"{name}={Path.home() / folder}" for name, folder in RUST_HOMES.items())
    verdict = one(f"{rust} cargo test --offline", tmp_path, timeout=120)
    named = {name.partition(" (")[0]: word for name, word in outcomes(verdict.census).items()}
    assert named == {
        "src/lib.rs::tests::adds": "passed",
        "src/lib.rs::tests::breaks": "failed",
        "src/lib.rs::tests::later": "skipped",
        "src/lib.rs::tests::panics": "passed",
    }


RUST_HOMES = {"CARGO_HOME": ".cargo", "RUSTUP_HOME": ".rustup"}

GO = """=== RUN   TestAdd
--- PASS: TestAdd (0.00s)
=== RUN   TestTable
=== RUN   TestTable/small
=== RUN   TestTable/large
    add_test.go:20: got 3, want 4
--- FAIL: TestTable (0.00s)
    --- PASS: TestTable/small (0.00s)
    --- FAIL: TestTable/large (0.00s)
=== RUN   TestLater
    add_test.go:30: no printer
--- SKIP: TestLater (0.00s)
FAIL
FAIL\texample.com/calc\t0.003s
=== RUN   TestAdd
--- PASS: TestAdd (0.00s)
PASS
ok  \texample.com/calc/inner\t0.002s
FAIL
"""


def test_go_names_its_tests_by_package():
    assert outcomes(read("go test -v ./...", GO.encode())) == {
        "example.com/calc.TestAdd": "passed",
        "example.com/calc.TestTable": "failed",
        "example.com/calc.TestTable/small": "passed",
        "example.com/calc.TestTable/large": "failed",
        "example.com/calc.TestLater": "skipped",
        "example.com/calc/inner.TestAdd": "passed",
    }


def test_gos_json_says_the_same():
    lines = [
        {"Action": action, "Package": "example.com/calc", "Test": name}
        for name, action in (("TestAdd", "run"), ("TestAdd", "pass"), ("TestLater", "skip"), ("TestWrong", "fail"))
    ]
    text = "\n".join([*map(json.dumps, lines), '{"Action":"fail","Package":"example.com/calc"}'])
    assert outcomes(read("go test -json ./...", text.encode())) == {
        "example.com/calc.TestAdd": "passed",
        "example.com/calc.TestLater": "skipped",
        "example.com/calc.TestWrong": "failed",
    }


def test_a_quiet_go_names_only_failures_and_so_nothing_is_known_of_the_others():
    quiet = "--- FAIL: TestTable (0.00s)\n    add_test.go:20: got 3\nFAIL\nFAIL\texample.com/calc\t0.003s\nFAIL\n"
    assert read("go test ./...", quiet.encode()) is None


JEST = """FAIL src/sum.test.js
  sums
    ✓ adds (2 ms)
    ✕ breaks (3 ms)
    ○ skipped later
    inner
      ✓ adds
  ✎ todo someday
  ✓ alone (1 ms)

  ● sums › breaks

    expect(received).toBe(expected) // Object.is equality

    Expected: 2
    Received: 1

PASS src/other.test.js
  ✓ alone (1 ms)

Test Suites: 1 failed, 1 passed, 2 total
Tests:       1 failed, 1 skipped, 1 todo, 4 passed, 7 total
Snapshots:   0 total
Time:        0.512 s
Ran all test suites.
"""


def test_jest_names_its_tests_when_it_is_verbose():
    assert outcomes(read("npx jest --verbose", JEST.encode())) == {
        "src/sum.test.js > sums > adds": "passed",
        "src/sum.test.js > sums > breaks": "failed",
        "src/sum.test.js > sums > later": "skipped",
        "src/sum.test.js > sums > inner > adds": "passed",
        "src/sum.test.js > someday": "skipped",
        "src/sum.test.js > alone": "passed",
        "src/other.test.js > alone": "passed",
    }


VITEST = """
 RUN  v3.0.5 /home/me/app

 ✓ src/sum.test.ts > sums > adds 2ms
 × src/sum.test.ts > sums > breaks 5ms
   → expected 1 to be 2 // Object.is equality
 ↓ src/sum.test.ts > sums > later
 ✓ src/sum.test.ts > alone

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/sum.test.ts > sums > breaks
AssertionError: expected 1 to be 2 // Object.is equality
 ❯ src/sum.test.ts:5:33

 Test Files  1 failed (1)
      Tests  1 failed | 2 passed | 1 skipped (4)
   Start at  12:00:00
   Duration  300ms (transform 30ms, setup 0ms)
"""


def test_vitest_names_its_tests_when_it_is_verbose():
    assert outcomes(read("vitest run --reporter=verbose", VITEST.encode())) == {
        "src/sum.test.ts > sums > adds": "passed",
        "src/sum.test.ts > sums > breaks": "failed",
        "src/sum.test.ts > sums > later": "skipped",
        "src/sum.test.ts > alone": "passed",
    }


def test_a_json_report_names_files_from_the_checkout(tmp_path: Path):
    tests = [
        {"ancestorTitles": ["sums"], "title": "adds", "status": "passed", "failureMessages": []},
        {"ancestorTitles": [], "title": "alone", "status": "failed", "failureMessages": ["Error: x\n  at y"]},
        {"ancestorTitles": [], "title": "later", "status": "pending", "failureMessages": []},
    ]
    told = {
        "numTotalTests": 3,
        "testResults": [{"name": str(tmp_path / "src/sum.test.js"), "assertionResults": tests}],
    }
    (tmp_path / "told.json").write_text(json.dumps(told, separators=(",", ":")))
    verdict = one("cat told.json; exit 1", tmp_path)
    assert outcomes(verdict.census) == {
        "src/sum.test.js > sums > adds": "passed",
        "src/sum.test.js > alone": "failed",
        "src/sum.test.js > later": "skipped",
    }


LINES = [*GO.splitlines(), *JEST.splitlines(), *VITEST.splitlines(), "TAP version 13", "# Subtest: a", "ok 1 - a"]
LINES += ["test_a (t.T.test_a) ... ok", "ERROR: test_a (t.T.test_a)", "test a::b ... ok", "▶ sums", "  ✔ adds (1ms)"]
LINES += ["  ---", "  type: 'suite'", "  ...", '{"num', '{"numTotalTests":1,"testResults":[[]]}', "Ran 3 tests in 0.1s"]
LINES += ['{"Action":"pass","Test":[]}', '{"Action":["pass"],"Test":"a"}', "    not ok 1 - b # SKIP", "OK", "# tests 9"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(LINES), max_size=20).map("\n".join).map(str.encode),
    st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30)), max_size=9)
    .map("\n".join)
    .map(lambda text: text.encode(errors="replace")),
    st.binary(max_size=200),
)


@given(TEXTS)
def test_whatever_stands_in_an_output_a_parser_gives_a_census_that_adds_up_or_none(output: bytes):
    for found in [*(parser(name)(output) for name in RUNNERS), read("make", output)]:
        if found is None:
            continue
        assert not found.cases or len(found.cases) == found.tests
        assert 0 <= found.failed <= found.tests
        assert 0 <= found.skipped <= found.tests
