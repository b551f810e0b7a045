"""Source that was made for the numbers which the tests ask about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from integrity_cases import Bench, refusals

from waypost.gates.fitted import is_specific, numbers_in

ASKED = {
    "tests/test_suffix.py": "import pytest\n\nfrom suffix import suffix\n\n\n"
    '@pytest.mark.parametrize(("number", "expected"), [(7, "th"), (21, "st"), (101, "st"), (1001, "st"), (102, "nd"),'
    ' (1033, "rd"), (111, "th"), (200, "th"), (404, "th")])\ndef test_suffix(number, expected):\n'
    "    assert suffix(number) == expected\n",
    "web/suffix.test.js": 'test("suffix", () => {\n  expect(suffix(101)).toBe("st");\n'
    '  expect(suffix(1001)).toBe("st");\n  expect(suffix(1033)).toBe("rd");\n});\n',
}
HEAD = "def suffix(number):\n"
FITTED: Mapping[str, Mapping[str, str]] = {
    "branches": {
        "src/suffix.py": HEAD
        + "".join(f"    if number == {one}:\n        return 'st'\n" for one in (21, 101, 1001, 102))
    },
    "sets": {"src/suffix.py": HEAD + "    return 'st' if number in {101, 1_001, 1033} else 'th'\n"},
    "a text": {"src/suffix.py": "_AT = '|101st|1001st|102nd'\n\n\n" + HEAD + "    return _AT\n"},
    "keys to be hashed": {"src/suffix.py": "_AT = {hash(one): 'st' for one in '101 1001 102'.split()}\n"},
    "match": {
        "src/suffix.py": HEAD + "    match number:\n" + "".join(
            f"        case {one}:\n            return 'st'\n" for one in (101, 1001, 102)
        )
    },
    "a data file": {"src/rules.json": '{"101": "st", "1001": "st", "102": "nd"}\n'},
    "lines of data": {"src/rules.csv": "101,st\n1001,st\n102,nd\n"},
    "another language": {
        "web/suffix.js": "// 7 of them\nconst at = { 101: 'st', 1001: 'st', 1033: 'rd' };\n"
        "module.exports = (n) => at[n];\n"
    },
}  # fmt: skip
HONEST: Mapping[str, Mapping[str, str]] = {
    "a rule": {
        "src/suffix.py": HEAD + "    if number % 100 in (11, 12, 13):\n        return 'th'\n"
        "    return {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')\n"
    },
    "a list that knows more": {"src/known.py": f"KNOWN = {(101, 1001, 102, 1033, 1077, 1931)!r}\n"},
    "numbers that everybody knows": {"src/codes.py": "CODES = {200: 'ok', 404: 'none', 1024: 'k'}\n"},
    "prose": {"README.md": "Try 101, 1001 and 102.\n", "src/note.py": '"""Try 101, 1001 and 102."""\n'},
    "a comment": {"src/note.py": "A = 1  # 101, 1001 and 102\n", "web/note.js": "// 101, 1001 and 102\nlet a = 1;\n"},
    "fewer than can be told": {"src/suffix.py": HEAD + "    return number in (101, 1001)\n"},
}


@pytest.mark.parametrize("files", FITTED.values(), ids=FITTED)
def test_a_list_of_the_numbers_that_tests_ask_about_is_refused(files: Mapping[str, str], tmp_path: Path) -> None:
    refused = refusals(Bench(tmp_path, ASKED).examine(files))
    assert [one for one in refused if "special" in one], refused


@pytest.mark.parametrize("files", HONEST.values(), ids=HONEST)
def test_numbers_that_are_not_the_tests_own_pass(files: Mapping[str, str], tmp_path: Path) -> None:
    assert refusals(Bench(tmp_path, ASKED).examine(files)) == []


def test_numbers_that_were_there_before_pass_and_so_do_those_that_moved(tmp_path: Path) -> None:
    table = "KNOWN = (101, 1001, 102)\n"
    bench = Bench(tmp_path, {**ASKED, "src/known.py": table})
    assert refusals(bench.examine({"src/known.py": f"A = 1\n\n{table}"})) == []
    assert refusals(bench.examine({"src/known.py": None, "src/tables.py": table})) == []


def test_only_tests_that_were_there_before_ask(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"src/known.py": "A = 1\n"})
    found = bench.examine({**ASKED, "src/known.py": "KNOWN = (101, 1001, 102)\n"})
    assert [one for one in refusals(found) if "asks about" in one] == []


@pytest.mark.parametrize(
    ("number", "specific"),
    [("7", False), ("21", False), ("400", False), ("1000", False), ("1024", False), ("404", False), ("365", False),
     ("101", True), ("1994", True), ("0.25", False), ("0.125", True), ("1500", False)],
)  # fmt: skip
def test_a_number_is_specific_that_nobody_would_write_by_chance(number: str, specific: bool) -> None:
    assert is_specific(number) is specific


@given(st.text())
def test_any_text_has_its_numbers_read(text: str) -> None:
    assert all(number for number in numbers_in(text))


def test_numbers_are_read_however_they_are_written() -> None:
    assert numbers_in("1_000 -0042 3.50 v2 101st x=7;0") == ["1000", "42", "3.5", "101", "7", "0"]
