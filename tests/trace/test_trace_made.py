"""Runs at random, with rewinds, commands, a person's hand in the folder, and lines that are mostly alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from trace_made import Made

SEEDS = [pytest.param(seed, marks=() if seed < 1 else (pytest.mark.slow,)) for seed in range(12)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("later", ["as it came", "amended", "edited"])
def test_no_line_leads_to_a_wrong_step(tmp_path: Path, seed: int, later: str) -> None:
    made = Made(tmp_path / "repository", seed * 7 + len(later))
    made.grow(12)
    if later != "as it came":
        made.person(amend=later == "amended")
    right, unknown, wrong = made.judged()
    made.log.close()
    assert wrong == []
    assert right > unknown
