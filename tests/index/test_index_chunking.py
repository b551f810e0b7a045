from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waypost.index.parsing import parse
from waypost.index.windows import WINDOW_LINES, quarantined, weights_of, windows


@given(st.lists(st.integers(0, 2), max_size=200), st.integers(1, 50))
def test_windows_hold_each_full_line_once_and_are_never_longer_than_asked(weights: list[int], size: int) -> None:
    found = windows(weights, 1, len(weights), size)
    lines = [line for start, end in found for line in range(start, end + 1)]
    assert len(lines) == len(set(lines))
    assert set(lines) >= {number for number, weight in enumerate(weights, 1) if weight}
    assert all(end - start < size for start, end in found)
    assert all(weights[start - 1] and weights[end - 1] for start, end in found)


def test_windows_end_at_blank_lines_where_they_can() -> None:
    weights = [2] * 35 + [0] + [2] * 30
    assert windows(weights, 1, 66) == [(1, 35), (37, 66)]


def test_a_small_class_is_one_chunk_and_a_large_one_is_cut_at_its_methods() -> None:
    method = b"    def m%d(self):\n        return %d\n\n"
    small = parse("a.py", b"class Small:\n    x = 1\n\n" + b"".join(method % (n, n) for n in range(3)))
    assert [(chunk.kind, chunk.name) for chunk in small.chunks] == [("class", "Small")]
    large = parse("a.py", b"class Large:\n    x = 1\n\n" + b"".join(method % (n, n) for n in range(30)))
    assert [(chunk.kind, chunk.name) for chunk in large.chunks][:2] == [("class", "Large"), ("method", "Large.m0")]
    assert len(large.chunks) == 31


def test_a_long_function_is_cut_into_windows_that_keep_its_name() -> None:
    text = b"def long():\n" + b"".join(b"    step(%d)\n" % n for n in range(300))
    parsed = parse("a.py", text)
    assert len(parsed.chunks) > 3
    assert {(chunk.name, chunk.kind, chunk.symbol) for chunk in parsed.chunks} == {("long", "function", 0)}


def test_a_decorator_and_the_comment_above_belong_to_the_function() -> None:
    parsed = parse("a.py", b"import x\n\n# Why.\n@x.y(\n    1,\n)\ndef f():\n    pass\n")
    assert (parsed.chunks[-1].start_line, parsed.chunks[-1].name) == (3, "f")


def test_what_only_closes_something_is_no_chunk() -> None:
    inner = b"".join(b"    int m%d() {\n        return %d;\n    }\n\n" % (n, n) for n in range(20))
    parsed = parse("A.java", b"class A {\n" + inner + b"}\n")
    last = parsed.chunks[-1]
    assert last.kind == "method"
    assert last.end_line == parsed.lines


def test_weights_tell_blank_closing_and_full_lines() -> None:
    assert weights_of(b"a\n\n  \n}\n  });\nend\nx }") == [2, 0, 0, 1, 1, 1, 2]


def test_a_quarantined_file_is_cut_without_its_grammar() -> None:
    parsed = quarantined("a.py", b"def f(): pass\n" * 100, "hung")
    assert (parsed.status, parsed.why, parsed.language) == ("quarantined", "hung", "python")
    assert parsed.chunks[0].end_line == WINDOW_LINES
