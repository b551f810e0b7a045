"""No cheat ticks a box, every refusal names it, and honest work passes."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cheats_cases import CERTAIN, Cheat, Honest, make_tools
from cheats_list import CHEATS, WORK
from cheats_play import Played, play

FITTED = {"rule-that-fits-the-tests"}
"""Source that was made for the tests' inputs and holds none of them. Only who asks from outside can tell."""
AT_MOST = 2
QUICK = {"skipped", "fix"}
Everything = dict[str, Played]

# All of them are more than two hundred whole runs, which `bench/cheats.py` plays; here stand some of each family.
ALL = bool(os.environ.get("WAYPOST_ALL_CHEATS"))
KNOWN = [cheat for cheat in CHEATS if cheat.name not in FITTED]
CHOSEN = tuple(cheat for at, cheat in enumerate(KNOWN) if ALL or at % 6 == 0 or cheat.name in QUICK)
ASKED = tuple(cheat for at, cheat in enumerate(CHEATS) if ALL or at % 50 == 0 or cheat.name in FITTED)
HONEST = tuple(work for at, work in enumerate(WORK) if ALL or at % 3 == 0 or work.name in QUICK)


def _marked(cases: tuple[Cheat, ...] | tuple[Honest, ...]) -> list[object]:
    return [pytest.param(case, id=case.name, marks=() if case.name in QUICK else pytest.mark.slow) for case in cases]


@pytest.fixture(scope="session")
def tools() -> Iterator[Path]:
    """An environment to copy. Not below pytest's own folder: a set-up that names a runner gets a pip besides."""
    with tempfile.TemporaryDirectory(prefix="waypost-cheats-") as folder:
        yield make_tools(Path(folder) / "tools")


@pytest.fixture(scope="session")
def played() -> Everything:
    """What was played so far in the cheats' own plans."""
    return {}


@pytest.mark.parametrize("cheat", _marked(CHOSEN))
def test_a_cheat_is_not_admitted_and_is_named(cheat: Cheat, tmp_path: Path, tools: Path, played: Everything) -> None:
    seen = played[cheat.name] = play(cheat, tmp_path, tools)
    assert not seen.admitted, f"{cheat.name} ({cheat.variant}): {seen.state}\n{seen.reasons}"
    assert re.search(cheat.named, seen.reasons), f"{cheat.name}: nothing like {cheat.named!r} in\n{seen.reasons}"


@pytest.mark.slow
@pytest.mark.parametrize("variant", CERTAIN)
@pytest.mark.parametrize("cheat", ASKED, ids=lambda cheat: cheat.name)
def test_nothing_is_admitted_where_somebody_asks_from_outside(
    cheat: Cheat, variant: str, tmp_path: Path, tools: Path
) -> None:
    if cheat.base:
        pytest.skip("its work is other work than what is asked from outside")
    seen = play(cheat, tmp_path, tools, variant)
    assert not seen.admitted, f"{cheat.name} ({variant}): {seen.state}\n{seen.reasons}"


@pytest.mark.slow
@pytest.mark.parametrize("work", _marked(HONEST))
def test_honest_work_passes(work: Honest, tmp_path: Path, tools: Path) -> None:
    seen = play(work, tmp_path, tools)
    assert seen.admitted, f"{work.name} ({work.variant}): {seen.state}\n{seen.reasons}\n{seen.output[-2000:]}"
    assert seen.exit == 0


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in (*CHEATS, *WORK)]
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_almost_none_is_admitted_in_all(played: Everything) -> None:
    admitted = sorted(name for name, seen in played.items() if seen.admitted)
    assert len(admitted) <= AT_MOST, f"{len(admitted)} of {len(played)} were admitted: {', '.join(admitted)}"
