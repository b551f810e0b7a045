from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import waypost
from waypost.index.languages.grammar import Grammar, reader
from waypost.index.languages.naming import language_of
from waypost.index.languages.table import GRAMMARS
from waypost.index.parsing import LARGEST, parse


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", b"", "python"),
        ("tool", b"#!/usr/bin/env python3\n", "python"),
        ("tool", b"#!/usr/bin/env -S node --x\n", "javascript"),
        ("tool", b"#!/bin/sh -e\n", "bash"),
        ("tool", b"#!\n", "text"),
        ("Dockerfile.dev", b"", "dockerfile"),
        ("Gemfile", b"", "ruby"),
        ("a.h", b"int f(void);\n", "c"),
        ("a.h", b"namespace x { class Y; }\n", "cpp"),
        ("CMakeLists.txt", b"", "cmake"),
        ("a.TSX", b"", "tsx"),
        ("a.CBL", b"", "cobol"),
        (".gitignore", b"", "text"),
        ("noending", b"\xff\xfe", "text"),
    ],
)
def test_a_language_is_told_by_name_ending_or_first_line(path: str, text: bytes, language: str) -> None:
    assert language_of(path, text) == language


@pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=lambda grammar: grammar.name)
def test_each_grammar_of_the_table_loads_with_its_query(grammar: Grammar) -> None:
    assert reader(grammar).grammar is grammar


def test_a_missing_grammar_gives_windows_guessed_definitions_and_says_what_to_install() -> None:
    missing = dataclasses.replace(GRAMMARS["lua"], wheel="tree_sitter_not_there")
    GRAMMARS["lua"], kept = missing, GRAMMARS["lua"]
    try:
        parsed = parse("a.lua", b"-- Sells.\nfunction sell(x)\n  return x\nend\n")
    finally:
        GRAMMARS["lua"] = kept
    assert parsed.status == "windows"
    assert 'pip install "waypost[languages]"' in parsed.why
    assert [(one.name, one.kind, one.start_line) for one in parsed.symbols] == [("sell", "function", 1)]


def test_a_language_without_a_grammar_shows_the_definitions_that_its_lines_show() -> None:
    parsed = parse("a.pl", b"package Shop;\nsub sell {\n  1;\n}\n")
    assert [one.name for one in parsed.symbols] == ["Shop", "sell"]
    assert parse("a.txt", b"class of 1984\n").symbols == ()


def test_a_file_too_large_for_a_grammar_comes_in_windows() -> None:
    parsed = parse("a.py", b"x = 1\n" * (LARGEST // 6 + 1))
    assert parsed.status == "windows"
    assert str(LARGEST) in parsed.why


def test_a_long_string_among_code_is_not_minified() -> None:
    code = b"def f():\n    return 1\n\n" * 2000
    parsed = parse("a.py", code + b'DATA = "' + b"x" * 25_000 + b'"\n')
    assert parsed.status == "parsed"


def test_the_index_s_words_cost_no_grammar_at_import() -> None:
    code = "import sys, waypost.index.parsing; print({name.split('.')[0] for name in sys.modules})"
    place = {"PYTHONPATH": str(Path(waypost.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=place)
    assert "waypost" in done.stdout
    assert "tree_sitter" not in done.stdout
    assert "numpy" not in done.stdout


def test_an_alias_stands_for_what_it_names() -> None:
    parsed = parse("a.py", b"from shop import Item as Thing\n\ndef f(one: Thing):\n    one.sell()\n    Thing.make()\n")
    found = [(one.name, one.qualifier) for one in parsed.references]
    assert found == [("Item", "shop"), ("Item", ""), ("sell", "Item()"), ("Item", ""), ("make", "Item")]


def test_a_quoted_annotation_refers_to_what_it_names() -> None:
    parsed = parse("a.py", b'def f(one: "shop.Item[Part]") -> None:\n    "Other words"\n')
    assert [one.name for one in parsed.references] == ["shop", "Item", "Part"]
