from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from waypost.documents.blocks import ORDER, find_blocks, set_block
from waypost.documents.errors import SpliceError
from waypost.documents.record import (
    DecisionRow,
    Entry,
    GateRow,
    StatusRow,
    decisions_block,
    list_block,
    new_record,
    report_entry,
    reports_block,
    status_table,
)
from waypost.documents.source import split_lines

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "a | b <!-- /waypost:status -->\n# c ```d\n| `e|f\\|` ![x](http://x) <script>"
NASTY = st.text(
    st.sampled_from("|\\`<>!-#*_[]()~=+ \n\r\t\u2028\x0bawaypost:/1.&;") | st.characters(codec="utf-8"), max_size=60
)


def _record() -> bytes:
    status = status_table(
        [
            StatusRow("M01", "Lexer", "passed", "2 of 2", "120 k", "$0.31"),
            StatusRow("M02", HOSTILE, "active", cost="unknown"),
        ]
    )
    entry = Entry(
        milestone="M01",
        title="Lexer",
        state="passed",
        at="event 812",
        gates=[GateRow("unit", "green", 3.21), GateRow("lint", "red", detail=HOSTILE)],
        changed=["src/lexer.py", HOSTILE],
        decisions=["1. one token class"],
        problems=["- none"],
        next="M02",
        output="```\n<!-- /waypost:reports -->\nend",
    )
    decisions = decisions_block([DecisionRow("M01", "Tables", "fast", ["classes", "regular expressions"])])
    raw = new_record("Copybooks")
    raw = set_block(raw, "reports", reports_block([report_entry(entry)]))
    raw = set_block(raw, "issues", list_block("Known issues", [HOSTILE]))
    raw = set_block(raw, "decisions", decisions)
    return set_block(raw, "status", status)


def test_a_record_is_rendered_as_ever() -> None:
    golden = GOLDEN / "record-1.md"
    assert _record().decode() == golden.read_text("utf-8")


def test_blocks_stand_in_their_order_whatever_came_first() -> None:
    names = [block.name for block in find_blocks(split_lines(_record()))]
    assert names == [name for name in ORDER if name in names] == ["status", "decisions", "reports", "issues"]


def test_writing_a_block_again_changes_nothing_and_repairs_hand_edits() -> None:
    raw = _record()
    status = raw[raw.index(b"<!-- waypost:status -->\n") + 24 : raw.index(b"<!-- /waypost:status -->\n")].decode()
    assert set_block(raw, "status", status) == raw
    edited = raw.replace(b"| Lexer |", b"| ```\nhand made |", 1)
    assert edited != raw
    assert set_block(edited, "status", status) == raw


@given(st.lists(st.sampled_from(["# T", "text", "", "```", "~~~", "> q", "- x", "<!-- note -->"]), max_size=12),
       st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.sampled_from(ORDER), NASTY)  # fmt: skip
def test_everything_outside_a_block_stays_to_the_byte(
    lines: list[str], newline: str, mark: bool, name: str, text: str
) -> None:
    raw = (b"\xef\xbb\xbf" if mark else b"") + newline.join(lines).encode()
    content = list_block("Known issues", [text])
    once = set_block(raw, name, content)
    block = next(one for one in find_blocks(split_lines(once)) if one.name == name)
    assert block.end is not None
    found = split_lines(once)
    start, end = found[block.begin].start, found[block.end].end
    outside = once[:start] + once[end:]
    assert outside.translate(None, b"\r\n") == raw.translate(None, b"\r\n")
    assert set_block(once, name, content) == once
    other = set_block(once, name, "short")
    assert other[: len(once[:start])] == once[:start]
    assert other.endswith(once[end:])


@given(NASTY, NASTY)
def test_hostile_text_neither_leaves_its_cell_nor_opens_a_block(title: str, text: str) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    table = parser.parse(status_table([StatusRow("M01", title, text or "x", "g", "t", "c")]))
    kinds = [token.type for token in table if token.nesting == 1]
    assert kinds.count("td_open") == 6
    assert kinds.count("tr_open") == 2
    bullets = parser.parse(list_block("Known issues", [text or "x", title or "x"]))
    assert {token.type for token in bullets} <= {
        "heading_open", "heading_close", "inline", "bullet_list_open", "bullet_list_close", "list_item_open",
        "list_item_close", "paragraph_open", "paragraph_close",
    }  # fmt: skip
    children = [child.type for token in bullets for child in token.children or []]
    assert not {"link_open", "image", "html_inline"} & set(children)
    raw = set_block(b"# T\n", "issues", list_block("x", [text, title]))
    assert len(find_blocks(split_lines(raw))) == 1


@pytest.mark.parametrize(
    "raw", [b"<!-- waypost:status -->\nx\n", b"<!-- waypost:a -->\n<!-- /waypost:a -->\n" * 2, b"\xff"]
)
def test_a_record_that_is_unclear_is_not_written(raw: bytes) -> None:
    with pytest.raises(SpliceError):
        set_block(raw, "status", "x")


def test_content_with_a_marker_is_refused() -> None:
    with pytest.raises(SpliceError, match="holds a block's marker"):
        set_block(b"", "status", "<!-- /waypost:status -->")


def test_a_marker_in_a_fence_is_an_example() -> None:
    raw = b"# T\n\n```\n<!-- waypost:status -->\n```\n"
    after = set_block(raw, "status", "x")
    assert after == (
        b"# T\n\n<!-- waypost:status -->\nx\n<!-- /waypost:status -->\n\n```\n<!-- waypost:status -->\n```\n"
    )


def test_a_block_goes_below_front_matter_and_title() -> None:
    raw = b"---\r\na: 1\r\n---\r\n# T\r\nmine"
    assert set_block(raw, "status", "a\nb") == (
        b"---\r\na: 1\r\n---\r\n# T\r\n\r\n<!-- waypost:status -->\r\na\r\nb\r\n<!-- /waypost:status -->\r\n\r\nmine"
    )
