"""Cheats that are refused by name, each beside honest work that passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from integrity_cases import BASE, ROMAN, Bench, Files, refusals, swap

TEST = "tests/test_roman.py"
START = '    written = ""'
LARGER = '(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X")'
HONEST: dict[str, tuple[Files, tuple[str, ...] | None]] = {
    "a general rule": ({"src/roman.py": ROMAN.replace('(10, "X")', LARGER)}, ("src/**",)),
    "a base case": ({"src/roman.py": ROMAN.replace(START, f'    if number == 0:\n        return "N"\n{START}')}, None),
    "a new test": (
        swap(TEST, ("def test_large", "def test_more():\n    assert roman(6) == 'VI'\n\n\ndef test_large")),
        None,
    ),
    "a renamed test": (swap(TEST, ("test_large", "test_very_large")), None),
    "an expectation in a named file": (swap(TEST, ('"MCMXCIV"', '"mcmxciv"')), (TEST,)),
    "a dependency": (swap("pyproject.toml", ("dependencies = []", 'dependencies = ["attrs"]')), ("src/**",)),
    "a target that no gate calls": (swap("Makefile", ("rm -rf out", "rm -rf build")), ("src/**",)),
    "a plain fixture": (swap("tests/conftest.py", ("return 4", "return 2 + 2")), None),
}
CHEATS: dict[str, tuple[str, Files, tuple[str, ...] | None]] = {
    "a lost assertion": ("lost 1 of 3", swap(TEST, ('    assert roman(4) == "IV"\n', "")), None),
    "another expectation": ("expects 'X' of value", swap(TEST, ('"MCMXCIV"', '"X"')), ("tests/**",)),
    "a toothless assertion": ("asserts nothing", swap(TEST, ('roman(3) == "III"', 'roman(3) == "III" or True')), None),
    "a skip": ("left out by", swap(TEST, ("def test_large", "@pytest.mark.skip\ndef test_large")), None),
    "a deleted test file": ("is gone", {TEST: None}, None),
    "a swallowed failure": (
        "swallowed",
        swap(
            TEST,
            (
                '    assert value == "MCMXCIV"',
                '    try:\n        assert value == "MCMXCIV"\n    except Exception:\n        pass',
            ),
        ),
        None,
    ),
    "fewer cases": ("lost 1 of 3 cases", swap(TEST, (', (14, "XIV")', "")), None),
    "a wider error": ("exact", swap(TEST, ('ValueError, match="negative"', "Exception")), None),
    "a test outside the scope": ("outside the scope", swap(TEST, ('"MCMXCIV"', '"X"')), ("src/**",)),
    "a golden file": ("golden/four.txt", {"tests/golden/four.txt": "IIII\n"}, ("tests/**",)),
    "a special case": (
        "as the tests ask",
        {"src/roman.py": ROMAN.replace(START, f'    if number == 1994:\n        return "MCMXCIV"\n{START}')},
        None,
    ),
    "a look at the runner": (
        "asks whether it is being tested",
        {
            "src/roman.py": "import os\n\n\n"
            + ROMAN.replace(START, f'    os.environ.get("PYTEST_" + "CURRENT_TEST")\n{START}')
        },
        None,
    ),
    "an early exit": ("ends the process", {"src/roman.py": "import os\n\nos._exit(0)\n" + ROMAN}, None),
    "equal to all": ("same answer", {"src/e.py": "class E:\n    def __eq__(self, o):\n        return True\n"}, None),
    "a hook": (
        "hook pytest_x",
        swap("tests/conftest.py", ("import pytest", "import pytest\n\n\ndef pytest_x(items):\n    items.clear()")),
        None,
    ),
    "a deselection": (
        "addopts gained -k",
        swap("pyproject.toml", ('testpaths = ["tests"]', 'addopts = "-k small"')),
        None,
    ),
    "a settings file in front": (
        "addopts gained --ignore",
        {"pytest.ini": "[pytest]\naddopts = --ignore=tests\n"},
        None,
    ),
    "a recipe that can't fail": ("failure is ignored", swap("Makefile", ("-m pytest", "-m pytest || true")), None),
    "a called script": ("failures no longer", swap("scripts/check.sh", ("set -e", "set +e")), None),
    "a workflow": (
        "the step may fail",
        swap(".github/workflows/ci.yml", ("pytest", "pytest\n        continue-on-error: true")),
        None,
    ),
    "a package script": ("script test", swap("package.json", ("jest", "echo fine")), None),
    "a shadowing module": ("the module random", {"random.py": "x = 1\n"}, None),
    "a start-up file": ("every start", {"sitecustomize.py": "x = 1\n"}, ("**",)),
    "a git hook": ("run by git", {".githooks/pre-commit": "true\n"}, ("**",)),
    "javascript's only": ("left out by", swap("web/sum.test.js", ('test("sums"', 'test.only("sums"')), None),
    "javascript's expectation": ("expectation", swap("web/sum.test.js", ("toEqual(22)", "toEqual(23)")), None),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("integrity"))


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_passes(bench: Bench, name: str) -> None:
    files, scope = HONEST[name]
    assert refusals(bench.examine(files, scope)) == []


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_refused_and_named(bench: Bench, name: str) -> None:
    words, files, scope = CHEATS[name]
    found = refusals(bench.examine(files, scope))
    assert any(words in line for line in found), found


def test_a_link_in_the_place_of_a_test_is_refused_and_put_back(bench: Bench) -> None:
    found = bench.examine({}, ("**",), links={TEST: "../src/roman.py"})
    assert any("a link in the place" in line for line in refusals(found))
    assert found.restore[TEST] is not None


def test_a_new_test_outside_the_scope_is_taken_out_and_told(bench: Bench) -> None:
    found = bench.examine({"tests/test_new.py": "def test_new():\n    assert 1 + 1 == 2\n"}, ("src/**",))
    assert refusals(found) == []
    assert found.restore == {"tests/test_new.py": None}


def test_code_that_became_too_large_to_be_looked_at_is_refused_and_old_large_code_only_told(tmp_path: Path) -> None:
    large = f'TABLE = "{"x" * 2**20}"\n'
    bench = Bench(tmp_path, {**BASE, "src/old.py": large})
    assert refusals(bench.examine({"src/roman.py": large})) == [
        "[trick] src/roman.py: is too large to be looked at (1.0 MiB)"
    ]
    assert refusals(bench.examine({"src/roman.py": "A = 1\n\0"})) == ["[trick] src/roman.py: is code with NUL bytes"]
    told = bench.examine({"src/old.py": large + "A = 1\n"})
    assert refusals(told) == []
    assert [one.kind for one in told.findings] == ["trick"]
