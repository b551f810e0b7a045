from __future__ import annotations

import sys
from pathlib import Path

import pytest

from waypost.sandbox.mounts import Kind, Link, Mount, View
from waypost.sandbox.seatbelt import SeatbeltMissing, SeatbeltSandbox, profile

GOLDEN = Path(__file__).parent / "golden" / "seatbelt.sb"
SEEN = View(
    mounts=(
        Mount("/Users", Kind.EMPTY),
        Mount("/private/tmp", Kind.EMPTY),
        Mount("/Users/ann/.pyenv", Kind.VISIBLE),
        Mount("/Users/ann/a project", Kind.WRITABLE),
        Mount("/Users/ann/a project/.git", Kind.READ_ONLY),
        Mount("/Users/ann/a project/tests", Kind.ANCHOR),
        Mount('/Users/ann/a project/tests/größe "x".txt', Kind.READ_ONLY),
        Mount("/Users/ann/a project/private", Kind.HIDDEN),
    ),
    links=(Link("/Users/ann/a project/ci", "tests"),),
)


def test_the_profile_for_macos_is_the_golden_one() -> None:
    assert profile(SEEN, network=False) == GOLDEN.read_text("utf-8")


def test_an_open_network_changes_the_last_rules_alone() -> None:
    closed, opened = (profile(SEEN, network=network).splitlines() for network in (False, True))
    assert closed[:-2] == opened[:-2]
    assert opened[-2] == "(allow network*)"


def test_parentheses_and_quotes_match_whatever_the_paths_are() -> None:
    text = profile(View((Mount('/a")(allow file-write*)\\', Kind.READ_ONLY),)), network=False)
    assert '(subpath "/a\\")(allow file-write*)\\\\")' in text


@pytest.mark.skipif(sys.platform == "darwin", reason="it is there on macOS")
def test_elsewhere_it_is_missing() -> None:
    with pytest.raises(SeatbeltMissing, match="macOS"):
        SeatbeltSandbox()
