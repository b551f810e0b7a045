"""One played run for all tests of the room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from trace_cases import BASE_FILES, Played, Script, play, three_milestones
from trace_later import Later, elsewhere


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A finished run of three milestones; not to be changed."""
    return play(tmp_path_factory.mktemp("played"), three_milestones(), BASE_FILES, ("M01", "M02", "M03"))


@pytest.fixture
def afterwards(played: Played, tmp_path: Path) -> Callable[[Later], tuple[Played, Script]]:
    """Does something to the run in a repository of its own."""

    def do(later: Later) -> tuple[Played, Script]:
        copy, script = elsewhere(played, tmp_path)
        later(copy, script)
        return copy, script

    return do
