from __future__ import annotations

from waypost.index.model import Parsed
from waypost.index.parsing import parse

PYTHON = b'''"""A shop."""

import os.path as place
from decimal import Decimal

# How many.
LIMIT = 3


class Basket(Base):
    """Things to buy."""

    size: int = 0

    @property
    @place.cached(
        LIMIT,
    )
    def total(self, rate):
        return self._sum(rate) + Decimal(LIMIT)

    def _sum(self, rate):
        self.last = rate
        return rate * LIMIT


def check(basket):
    return basket.total(1)
'''


def lines_of(parsed: Parsed) -> set[int]:
    return {line for chunk in parsed.chunks for line in range(chunk.start_line, chunk.end_line + 1)}


def test_python_symbols_know_what_encloses_them_and_begin_with_decorators_and_comments() -> None:
    parsed = parse("shop.py", PYTHON)
    found = [(one.qualified, one.kind, one.start_line, one.end_line) for one in parsed.symbols]
    assert found == [
        ("LIMIT", "constant", 6, 7),
        ("Basket", "class", 10, 24),
        ("Basket.size", "field", 13, 13),
        ("Basket.total", "method", 15, 20),
        ("Basket._sum", "method", 22, 24),
        ("Basket.last", "field", 23, 23),
        ("check", "function", 27, 28),
    ]
    assert parsed.symbols[3].parent == 1


def test_python_references_leave_out_what_is_local_and_built_in() -> None:
    parsed = parse("shop.py", PYTHON)
    found = [(one.name, one.kind, one.line, one.qualifier) for one in parsed.references if one.kind != "import"]
    assert found == [
        ("Base", "inherit", 10, ""),
        ("place", "use", 16, ""),
        ("cached", "call", 16, "place"),
        ("LIMIT", "use", 17, ""),
        ("_sum", "call", 20, "self"),
        ("Decimal", "call", 20, ""),
        ("LIMIT", "use", 20, ""),
        ("LIMIT", "use", 24, ""),
        ("total", "call", 28, "basket"),
    ]


def test_python_imports_keep_module_name_and_alias() -> None:
    parsed = parse("shop.py", PYTHON)
    assert [(one.module, one.name, one.alias) for one in parsed.imports] == [
        ("os.path", "", "place"),
        ("decimal", "Decimal", ""),
    ]


def test_a_file_without_a_grammar_comes_in_windows_with_the_reason() -> None:
    text = b"\n".join(b"word %d" % number for number in range(100))
    parsed = parse("notes.txt", text)
    assert (parsed.status, parsed.lines) == ("windows", 100)
    assert "text" in parsed.why
    assert lines_of(parsed) == set(range(1, 101))


def test_an_empty_file_has_no_lines_and_no_chunks() -> None:
    parsed = parse("empty.py", b"")
    assert (parsed.status, parsed.lines, parsed.chunks) == ("parsed", 0, ())


def test_a_zero_byte_a_long_line_and_a_wrong_encoding_are_told() -> None:
    assert "line 2" in parse("a.py", b"a = 1\n\0").why
    assert "minified" in parse("a.py", b"a = 1;" * 10_000).why
    latin = parse("a.py", "def f():\n    return 'é'\n".encode("latin-1"))
    assert latin.status == "partial"
    assert "line 2" in latin.why
    assert latin.symbols[0].name == "f"


def test_a_syntax_error_leaves_the_rest_and_is_told() -> None:
    parsed = parse("a.py", b"def good():\n    pass\n\ndef bad(:\n  x ==== 3\n\nclass Fine:\n    pass\n")
    assert parsed.status == "partial"
    assert {"good", "Fine"} <= {one.name for one in parsed.symbols}
