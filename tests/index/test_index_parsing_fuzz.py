from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_cases import outside, uncovered

from waypost.index.languages.naming import BY_ENDING
from waypost.index.parsing import parse

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {path.name: path.read_bytes() for path in sorted(GOLDEN.glob("*.*")) if path.suffix != ".parsed"}
ENDINGS = sorted({ending for endings in BY_ENDING.values() for ending in endings.split()} | {"h", "unheard-of"})
DAMAGE = [b"", b"(", b"}", b'"', b"\n", b"\xff", b"/*", b"def ", b"\r\n", b"::"]
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(path: str, text: bytes) -> None:
    parsed = parse(path, text)
    assert not outside(parsed)
    assert not uncovered(parsed, text)
    assert parsed.status == "parsed" or parsed.why
    assert parsed == parse(path, text)


@MANY
@given(ending=st.sampled_from(ENDINGS), text=st.binary(max_size=400))
def test_random_bytes_are_read_in_any_language(ending: str, text: bytes) -> None:
    check(f"folder/file.{ending}", text)


@MANY
@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)))
def test_damaged_sources_are_read(data: st.DataObject, name: str) -> None:
    text = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text[start:end] = data.draw(
            st.sampled_from([b"", b"(", b"}", b'"', b"\n", b"\xff", b"/*", b"def ", b"\r\n", b"::"])
        )
    check(name, bytes(text))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_cut_of_a_source_is_read(name: str) -> None:
    text = SAMPLES[name]
    for end in range(0, len(text), max(1, len(text) // 12)):
        check(name, text[:end])


@pytest.mark.parametrize(
    ("path", "opening", "closing"),
    [
        ("deep.py", b"(", b")"),
        ("deep.py", b"[", b"]"),
        ("deep.json", b'{"a":', b"1" + b"}" * 10_000),
        ("deep.js", b"{", b"}"),
        ("deep.js", b"f(", b")"),
        ("deep.rs", b"mod a {", b"}"),
        ("deep.java", b"class A {", b"}"),
        ("deep.cpp", b"namespace a {", b"}"),
        ("deep.rb", b"module A\n", b"end\n"),
        ("deep.yaml", b"[", b"]"),
        ("deep.md", b"> ", b""),
        ("deep.html", b"<div id='a'>\n", b"</div>"),
    ],
)
def test_ten_thousand_levels_are_no_recursion(path: str, opening: bytes, closing: bytes) -> None:
    check(path, opening * 10_000 + (closing * 10_000 if closing[:1] != b"1" else closing))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yml", b"".join(b" " * depth + b"a:\n" for depth in range(1000))),
        ("a.yml", b"- " * 5000),
        ("a.swift", b"/*" * 10_000),
        ("a.kt", b"/*" * 10_000),
        ("a.py", b"f'{" * 5000),
        ("a.rb", b"f(" + b",".join(b"<<A%d" % number for number in range(3000)) + b")\n"),
        ("a.sh", b"cat <<" + b"A" * 10_000 + b"\n"),
        ("a.hs", b"f = " + b"do " * 10_000),
        ("a.js", b"`${" * 10_000),
        ("a.php", b"<?php $x = <<<" + b"A" * 10_000),
        ("a.cpp", b'auto x = R"' + b"a" * 10_000 + b'(x)"'),
        ("a.sql", b"SELECT " + b"(" * 10_000),
        ("a.ts", b"let a: " + b"A<" * 10_000),
        ("a.py", b"\xff" * 10_000),
        ("a.py", b"\r" * 10_000),
        ("a.json", b"1" * 1_000_000),
        ("a.py", b"x" * 1_000_000),
        ("a.py", b"\xef\xbb\xbfdef f(): pass\n"),
        ("a.py", "def f(): pass".encode("utf-16")),
    ],
    ids=lambda given: given if isinstance(given, str) else given[:8].hex(),
)
def test_what_grammars_choke_on_is_read_or_told(path: str, text: bytes) -> None:
    check(path, text)


def test_python_nested_ten_thousand_deep_by_indentation_stays_in_bounds() -> None:
    text = b"".join(b" " * depth + b"def f():\n" for depth in range(1_500))
    check("deep.py", text + b" " * 1_500 + b"pass\n")
