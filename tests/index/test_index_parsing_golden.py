"""Each language's sample against what was read by eye once: `golden/sample.EXT` and `golden/sample.EXT.parsed`.

After a change that is meant, write them anew with `WAYPOST_WRITE_GOLDEN=1 pytest tests/index/…` and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from index_cases import as_text, outside, uncovered

from waypost.index.parsing import parse

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(path for path in GOLDEN.glob("*.*") if path.suffix != ".parsed")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_read_as_it_was_read_by_eye(sample: Path) -> None:
    text = sample.read_bytes()
    parsed = parse(sample.name, text)
    golden = sample.with_name(sample.name + ".parsed")
    if os.environ.get("WAYPOST_WRITE_GOLDEN"):
        golden.write_text(as_text(parsed), "utf-8")
    assert as_text(parsed) == golden.read_text("utf-8")
    assert not uncovered(parsed, text)
    assert not outside(parsed)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_reading_twice_gives_the_same(sample: Path) -> None:
    text = sample.read_bytes()
    assert parse(sample.name, text) == parse(sample.name, text)
