"""The essence of a failure: over what real tools print on small failing projects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from gates_cases import PATH, needs
from hypothesis import given
from hypothesis import strategies as st

from waypost.gates.census import Census
from waypost.gates.essence import essence
from waypost.gates.junit import read_reports
from waypost.gates.text import plain_lines

FAILING = """
import pytest
from shop import price
def test_fine(): pass
def test_price():
    assert price(2) == 4
def test_broken():
    raise ValueError("no such shelf")
@pytest.mark.parametrize("number", range(300))
def test_many(number):
    assert number < 0, f"number {number} is not below zero"
"""


def played(command: str, folder: Path, limit: int = 4_000, census: Census | None = None) -> str:
    """The essence of a command that fails, checked for what holds of every essence."""
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("MAKE")}, "PATH": PATH, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert run.returncode, run.stdout
    told = essence(run.stdout, run.returncode, census, limit, folder)
    assert len(told) <= limit
    assert str(folder) not in told
    assert told == essence(run.stdout, run.returncode, census, limit, folder)
    return told


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text("def price(n: int) -> str:\n    return n + 1\n")
    (tmp_path / "test_shop.py").write_text(FAILING)
    return tmp_path


@pytest.mark.slow
def test_pytests_failures_are_named_with_their_assertions(shop: Path):
    told = played("python -m pytest -p no:cacheprovider --color=yes", shop)
    assert told.startswith("Failed tests (302):\n- test_shop.py::test_price: assert 3 == 4")
    assert "- test_shop.py::test_broken: ValueError: no such shelf" in told
    assert "more lines" in told
    assert "First error:\n" in told
    assert ">       assert price(2) == 4" in told
    assert "test_shop.py:6: AssertionError" in told
    assert "Last error (of 302):\n" in told
    assert "number 299 is not below zero" in told
    assert "302 failed, 1 passed in" in told.splitlines()[-1]
    assert "\x1b" not in told


@pytest.mark.slow
def test_a_report_tells_where_each_test_failed(shop: Path):
    command = "python -m pytest -q -p no:cacheprovider --junitxml=r.xml"
    subprocess.run(
        ["bash", "-c", command], cwd=shop, env={**os.environ, "PATH": PATH}, check=False, capture_output=True
    )
    told = essence("", 1, read_reports(shop, "r.xml"), checkout=shop)
    assert "- test_shop::test_price (test_shop.py:6): assert 3 == 4" in told
    assert "- test_shop::test_broken (test_shop.py:8): ValueError: no such shelf" in told
    assert "First error:\ntest_shop::test_price\ndef test_price():" in told


@pytest.mark.slow
def test_a_module_that_does_not_import_is_told_with_its_cause(shop: Path):
    (shop / "shop.py").write_text("import nosuchmodule\n")
    told = played("python -m pytest -q -p no:cacheprovider", shop)
    assert "ModuleNotFoundError: No module named 'nosuchmodule'" in told
    assert "test_shop.py:3: in <module>" in told


def test_unittests_failures_are_named_with_their_assertions(tmp_path: Path):
    (tmp_path / "test_a.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_sum(self): self.assertEqual(1 + 1, 3)\n    def test_raises(self): raise KeyError('x')\n"
    )
    told = played("python -m unittest test_a", tmp_path, 1_500)
    assert "- test_sum (test_a.T.test_sum): AssertionError: 2 != 3" in told
    assert "- test_raises (test_a.T.test_raises): KeyError: 'x'" in told
    assert 'File "test_a.py", line 4, in test_raises' in told
    assert told.endswith("FAILED (failures=1, errors=1)")


def test_a_traceback_is_found_in_ten_thousand_lines(tmp_path: Path):
    (tmp_path / "app.py").write_text("for n in range(10_000): print('step', n)\nint('x')\n")
    told = played("python app.py", tmp_path)
    assert told.startswith(
        "Error:\nTraceback (most recent call last):\n"
        "  File \"app.py\", line 2, in <module>\n    int('x')\n"
        "ValueError: invalid literal for int() with base 10: 'x'\n"
    )


def test_chained_tracebacks_are_told_together(tmp_path: Path):
    (tmp_path / "app.py").write_text("try:\n    {}['k']\nexcept KeyError as e:\n    raise OSError('outer') from e\n")
    told = played("python app.py", tmp_path, 600)
    assert "KeyError: 'k'" in told
    assert "OSError: outer" in told


@pytest.mark.slow
def test_mypys_complaints_are_told_once_and_counted(tmp_path: Path):
    needs("mypy")
    source = "def f(x: int) -> str:\n    return x\n" + "print(lost)\n" * 200
    (tmp_path / "app.py").write_text(source)
    told = played("mypy --strict --cache-dir=/dev/null --no-incremental app.py", tmp_path, 2_000)
    assert told.startswith("Diagnostics (201 errors):\n- app.py:2: error: Incompatible return value type")
    assert (
        '- error: Name "lost" is not defined  [name-defined] (×200: app.py:3, app.py:4, app.py:5, app.py:6, … 196'
        in told
    )
    assert told.endswith("Found 201 errors in 1 file (checked 1 source file)")


@pytest.mark.parametrize("form", ["full", "concise"])
def test_ruffs_complaints_are_told_in_both_its_forms(tmp_path: Path, form: str):
    needs("ruff")
    (tmp_path / "app.py").write_text("import os\n\nprint(lost)\n")
    told = played(f"ruff check --isolated --no-cache --output-format={form} app.py", tmp_path, 300)
    assert "- app.py:1:8: error: F401" in told
    assert "- app.py:3:7: error: F821 Undefined name `lost`" in told


def test_gccs_errors_are_told_and_its_warnings_counted(tmp_path: Path):
    needs("gcc")
    needs("make")
    (tmp_path / "a.c").write_text('int main(void) {\n  int x = "s";\n  return y;\n}\n')
    (tmp_path / "Makefile").write_text("all:\n\tgcc -Wall -c a.c\n")
    told = played("LC_ALL=C make", tmp_path, 900)
    assert "error" in told.splitlines()[0]
    assert "- a.c:3:10: error: 'y' undeclared (first use in this function)" in told
    assert told.endswith("make: *** [Makefile:2: all] Error 1")


@pytest.mark.parametrize("reporter", ["tap", "spec"])
def test_nodes_failures_are_named_without_its_own_frames(tmp_path: Path, reporter: str):
    needs("node")
    (tmp_path / "a.test.js").write_text(
        "const test = require('node:test'), assert = require('assert');\n"
        "test('adds', () => assert.equal(1 + 1, 2));\ntest('subtracts', () => assert.equal(2 - 1, 2));\n"
    )
    told = played(f"node --test --test-reporter={reporter}", tmp_path, 900)
    assert "Failed tests (1):\n- subtracts: " in told
    assert "1 == 2" in told
    assert "(a.test.js:3:" in told
    assert "node:internal" not in told


def test_an_uncaught_error_of_node_is_told_with_its_place(tmp_path: Path):
    needs("node")
    (tmp_path / "app.js").write_text("for (let n = 0; n < 3000; n++) console.log('step', n);\nnull.x;\n")
    told = played("node app.js", tmp_path)
    assert "TypeError: Cannot read properties of null" in told
    assert "app.js:2:6" in told


@pytest.mark.slow
def test_cargos_failures_are_named_without_the_runtimes_frames(tmp_path: Path):
    needs("cargo")
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n')
    (tmp_path / "src" / "lib.rs").write_text("#[test]\nfn sums() {\n    assert_eq!(1 + 1, 3);\n}\n")
    told = played("RUST_BACKTRACE=1 CARGO_TARGET_DIR=target cargo test --offline", tmp_path, 1_500)
    assert "Failed tests (1):\n- sums: " in told
    assert "src/lib.rs:3:5" in told
    assert "rust_begin_unwind" not in told
    (tmp_path / "src" / "lib.rs").write_text('pub fn f() -> i32 {\n    "a"\n}\n')
    told = played("CARGO_TARGET_DIR=target cargo build --offline", tmp_path, 800)
    assert "- src/lib.rs:2:5: error: mismatched types" in told


def test_other_tools_forms_of_complaint_are_known():
    output = "\n".join(
        [
            "src/a.ts(3,5): error TS2322: Type 'x' is not assignable.",
            "src/b.ts:4:6 - error TS2304: Cannot find name 'q'.",
            "./x.go:3:5: undefined: y",
            "/repo/src/c.js",
            "  1:10  error    'a' is defined but never used  no-unused-vars",
            "  9:1   warning  Unexpected console statement   no-console",
            *[f"filler {number}" for number in range(400)],
        ]
    )
    told = essence(output, 1, checkout=Path("/repo"))
    assert told.splitlines()[:5] == [
        "Diagnostics (4 errors, 1 warning):",
        "- src/a.ts(3,5): error: TS2322: Type 'x' is not assignable.",
        "- src/b.ts:4:6: error: TS2304: Cannot find name 'q'.",
        "- ./x.go:3:5: error: undefined: y",
        "- src/c.js:1:10: error: 'a' is defined but never used  no-unused-vars",
    ]


def test_a_short_output_is_told_whole():
    assert essence(b"one\ntwo\n", 3) == "The whole output (exit 3):\none\ntwo"
    assert essence(b"", 3) == ""
    assert essence(b"waiting\n", None) == "The whole output:\nwaiting"


def test_repeated_lines_and_progress_are_told_once():
    told = essence(b"\r 10%\r 50%\rdone\n" + b"again\n" * 9_000 + b"\x1b]0;title\x07end\n", 1)
    assert told == "The whole output (exit 1):\ndone\nagain  (×9000)\nend"


def test_a_line_of_a_megabyte_is_clipped():
    (line,) = plain_lines(b"a" * 500_000 + b"z" * 500_000)
    assert line.startswith("aaa")
    assert line.endswith("zzz")
    assert "[…999540 characters…]" in line


PIECES = st.sampled_from(
    [
        "Traceback (most recent call last):",
        '  File "a.py", line 3, in f',
        "ValueError: x",
        "During handling of the above exception, another exception occurred:",
        "____ test_a ____",
        "========",
        "FAILED a.py::t - no",
        "not ok 1 - a",
        "  ...",
        "error[E0308]: mismatched types",
        " --> src/lib.rs:2:5",
        "a.c:2:45: error: expected",
        "thread 'x' panicked at src/lib.rs:1:2:",
        "    at f (a.js:1:2)",
        "make: *** [all] Error 1",
        "",
    ]
)


@given(st.lists(PIECES | st.text(max_size=60), max_size=60), st.integers(0, 700), st.none() | st.integers(0, 255))
def test_any_output_has_an_essence_within_its_limit(lines: list[str], limit: int, code: int | None):
    told = essence("\n".join(lines), code, None, limit, Path("/repo"))
    assert len(told) <= limit


@given(st.binary(max_size=300))
def test_any_bytes_have_an_essence_of_printable_text(output: bytes):
    assert all(
        character.isprintable() or character in "\n\t" or ord(character) > 159 for character in essence(output, 1)
    )
