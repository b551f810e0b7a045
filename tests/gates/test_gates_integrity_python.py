"""Python's tests and source: cheats that are refused, and the same work done honestly."""

from __future__ import annotations

import pytest
from integrity_cases import BASE, ROMAN, Bench, Files, refusals, swap

TEST = "tests/test_roman.py"
LARGE = '    value = roman(1994)\n    assert value == "MCMXCIV"'
SMALL = 'def test_small():\n    assert roman(3) == "III"\n    assert roman(4) == "IV"\n'
HELPER = """\
def test_small():
    check_small()
    assert isinstance(roman(1), str)


def check_small():
    third = "III"
    assert roman(3) == third
    assert roman(4) == "IV"
"""
PARAMETRIZED = """\
@pytest.mark.parametrize(("n", "text"), [(3, "III"), (4, "IV")])
def test_small(n, text):
    assert roman(n) == text
"""


def tests(old: str, new: str) -> Files:
    return swap(TEST, (old, new))


def source(more: str) -> Files:
    return {"src/roman.py": ROMAN + more}


HONEST: dict[str, Files] = {
    "a helper takes the assertions": tests(SMALL + "    assert isinstance(roman(1), str)\n", HELPER),
    "a test is parametrized": tests(SMALL, PARAMETRIZED),
    "a test is split": tests("    assert isinstance", '\n\ndef test_kind():\n    assert roman(2) == "II"\n    assert isinstance'),
    "a test moves": {
        TEST: str(BASE[TEST]).replace(f"def test_large():\n{LARGE}\n\n\n", ""),
        "tests/test_large.py": f"from roman import roman\n\n\ndef test_large():\n{LARGE}\n",
    },
    "a parameter is made ready": tests("    assert roman(number)", "    text = text.strip()\n    assert roman(number)"),
    "a new test patches the clock": tests(
        "def test_large", "def test_new(monkeypatch):\n    monkeypatch.setattr('time.sleep', print)\n    assert roman(2) == 'II'\n\n\ndef test_large"
    ),
    "a program ends as failed": source("\n\nimport os\n\n\ndef interrupted():\n    os._exit(130)\n"),
    "other people's tests are looked for": source("\n\ndef found(root):\n    return list(root.glob('**/test_*.py'))\n"),
    "a large table": source("\n\nKNOWN = {" + ", ".join(f"{n}: 'MCM{n}'" for n in range(1990, 1999)) + "}\n"),
    "a module named as nothing else": {"src/numerals.py": "x = 1\n"},
    "a new class with equality": source("\n\nclass R:\n    def __eq__(self, other):\n        return self.n == other.n\n"),
}  # fmt: skip
CHEATS: dict[str, tuple[str, Files]] = {
    "a helper that says yes": (
        "asserts nothing",
        tests('    assert value == "MCMXCIV"', '    assert fits(value, "MCMXCIV")\n\n\ndef fits(one, other):\n    return True'),
    ),
    "code under test is replaced": (
        "which is code under test",
        tests(LARGE, '    from unittest.mock import patch\n    with patch("roman.roman", lambda n: "MCMXCIV"):\n        value = roman(1994)\n    assert value == "MCMXCIV"'),
    ),
    "an input is overwritten": ("another value to number", tests("    assert roman(number)", "    number = 5\n    assert roman(number)")),
    "a loop over an input": ("another value to number", tests("    assert roman(number)", "    for number in ():\n        pass\n    assert roman(number)")),
    "a foreign decorator": (
        "new decorator roman.lenient",
        tests("def test_large", "@lenient\ndef test_large") | {"src/roman.py": ROMAN + "\n\ndef lenient(f):\n    return print\n"}
        | {TEST: str(BASE[TEST]).replace("import roman\n", "import lenient, roman\n").replace("def test_large", "@lenient\ndef test_large")},
    ),
    "AssertionError is something else": ("gives AssertionError", tests("def test_small", "AssertionError = ImportError\n\n\ndef test_small")),
    "a patch at import": ("when it is imported", tests("def test_small", "import roman as code\n\ncode.roman = lambda n: {3: 'III'}.get(n)\n\n\ndef test_small")),
    "a patch for every test": (
        "for every test",
        tests("def test_small", "@pytest.fixture(autouse=True)\ndef known(monkeypatch):\n    monkeypatch.setattr('roman.roman', print)\n\n\ndef test_small"),
    ),
    "a new test module patches the runner": (
        "when it is imported",
        {"tests/test_a.py": "import pytest\n\npytest.raises = print\n\n\ndef test_a():\n    assert 1 + 1 == 2\n"},
    ),
    "another module in the modules": ("when it is imported", {"tests/test_a.py": "import sys\n\nsys.modules['roman'] = object()\n"}),
    "an import hook in a test": ("how modules are found", {"tests/test_a.py": "import sys\n\nsys.meta_path.insert(0, object())\n"}),
    "a package named as the tests": ("the tests' own tests", {"src/tests/__init__.py": ""}),
    "a module named as a test": ("the tests' own test_roman", {"src/test_roman.py": "x = 1\n"}),
    "bytecode": ("takes the place", {"src/__pycache__/roman.cpython-311.pyc": "x"}),
    "bytecode beside the source": ("takes the place", {"src/roman.pyc": "x"}),
    "an end with success": ("ends the process at once", source("\n\nimport os\n\n\ndef over():\n    os._exit(0)\n")),
    "an end by a name": ("ends the process at once", source("\n\nimport os\n\n\ndef over(code):\n    os._exit(code)\n")),
    "its own tests are looked for": ("reaches for", source("\n\nfrom pathlib import Path\n\nHERE = list(Path('.').glob('**/test_*.py'))\n")),
    "a test file is read": ("reaches for", source("\n\nANSWERS = open('tes' + 'ts/test_roman.py').read()\n")),
    "a look at callers": ("looks at who called", source("\n\nimport sys\n\n\ndef w():\n    return sys._getframe(1).f_code.co_name\n")),
    "the parent is killed": ("parent's process", source("\n\nimport os\n\n\ndef w():\n    os.kill(os.getppid(), 9)\n")),
    "at exit": ("interpreter's end", source("\n\nimport atexit\n\natexit.register(print)\n")),
    "the runner is imported": ("imports pytest", source("\n\nimport pytest\n")),
    "time is replaced": ("replaces time.time", source("\n\nimport time\n\ntime.time = lambda: 0\n")),
    "hidden code": ("runs code that it hides", source("\n\nimport base64\n\nexec(base64.b64decode('cGFzcw=='))\n")),
    "a table of the tests' pairs": ("as the tests ask", source("\n\nKNOWN = {1994: 'MCMXCIV'}\n")),
    "cases by match": ("as the tests ask", source("\n\ndef f(n):\n    match n:\n        case 1994:\n            return 'MCMXCIV'\n")),
    "a guard on the machine": ("asserts only if", tests('    assert value == "MCMXCIV"', '    import os\n    if os.environ.get("CI"):\n        assert value == "MCMXCIV"')),
    "an early return": ("ends before", tests('    assert value == "MCMXCIV"', '    return\n    assert value == "MCMXCIV"')),
    "a test under a new name that is not collected": ("is gone", tests("def test_large", "def check_large")),
    "a class that is not collected": ("is gone", tests(f"def test_large():\n{LARGE}", "class Large:\n    def test_large(self):\n        assert roman(1994) == 'MCMXCIV'")),
    "an emptied loop": ("loops over nothing", tests('    assert value == "MCMXCIV"', '    for one in []:\n        assert value == "MCMXCIV"')),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("integrity-python"))


@pytest.mark.parametrize("name", HONEST)
def test_honest_python_passes(bench: Bench, name: str) -> None:
    assert refusals(bench.examine(HONEST[name])) == []


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_in_python_is_refused_and_named(bench: Bench, name: str) -> None:
    words, files = CHEATS[name]
    found = refusals(bench.examine(files))
    assert any(words in line for line in found), found


def test_bytecode_is_taken_out(bench: Bench) -> None:
    found = bench.examine({"src/roman.pyc": "x"}, ("src/**",))
    assert found.restore == {"src/roman.pyc": None}


def test_what_is_only_told_refuses_nothing(bench: Bench) -> None:
    text = "def test_new():\n    from unittest.mock import patch\n    with patch('roman.roman'):\n        assert 2 > 1 + 0 * id\n"
    digest = "9f86d081884c7d659a2feaa0c55ad015"
    files = {"tests/test_new.py": text, "src/hashes.py": f"KNOWN = {{'{digest}': 'x'}}  # noqa\n"}
    found = bench.examine(files)
    assert refusals(found) == []
    assert {one.kind for one in found.findings} == {"mocked", "special", "suppression"}


def test_source_that_this_interpreter_cannot_parse_is_told_and_its_words_are_looked_at(bench: Bench) -> None:
    found = bench.examine({"src/new.py": "type X = int\n\n\ndef f[T](x: T):\n    import os\n    os._exit(0)\n"})
    assert any("only a cheat" in line for line in refusals(found))
    honest = bench.examine({"src/new.py": "type X = int\n\n\ndef tested[T](x: T): return x\n"})
    assert refusals(honest) == []
