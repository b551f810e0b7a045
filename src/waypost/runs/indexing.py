"""What a run asks the index by itself: the briefing's map, and what a change reaches beyond the files it touches."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.documents.patterns import is_wild, matches
from waypost.index.errors import IndexProblem
from waypost.index.listing import INHERITED
from waypost.index.service import Service
from waypost.runs.project import STATE, Project

if TYPE_CHECKING:
    from waypost.documents.model import Gate, Milestone
    from waypost.runs.session import Bay

MAP_TOKENS, MAP_SECONDS = 1_200, 5.0
REACH_SECONDS = 20.0
BEGINS_AFTER = 1.0
"""Seconds after a run's start: the first request goes out before the index is made."""


def index_of(project: Project, run: str, root: Path) -> Service:
    """The index of a run's worktree; it begins as the repository's own where there is one."""
    variables = {name: os.environ[name] for name in INHERITED if name in os.environ}
    place = project.place / "indexes" / f"{run}.db"
    return Service(root, place, variables, seed=project.root / STATE / "index.db")


async def keep_ready(service: Service) -> None:
    """Brings the index up to date while the model thinks. What goes wrong is told by the first question."""
    await asyncio.sleep(BEGINS_AFTER)
    with suppress(IndexProblem):
        await service.ask("update", {}, 3600)


async def map_for(service: Service, milestone: Milestone) -> str:
    """The map of the repository around a milestone's scope; empty where no index is there yet."""
    if not service.exists:
        return ""
    focus = [pattern for pattern in milestone.scope if not is_wild(pattern)]
    try:
        found = await service.ask("map", {"tokens": MAP_TOKENS, "focus": focus}, MAP_SECONDS)
    except IndexProblem:
        return ""
    return str(found["map"])


async def reached(bay: Bay, green: str, tree: str) -> frozenset[str]:
    """The files that use what changed between two trees, at first or second hand; none where no index is at hand."""
    service = bay.index
    if service is None or not service.exists:
        return frozenset()
    git = bay.project.repository.git
    diff = git.run("diff", "--no-ext-diff", "--no-textconv", "--no-color", "-M", "-U0", green, tree).text
    try:
        found = await service.ask("impact", {"diff": diff, "limit": 2_000}, REACH_SECONDS)
    except IndexProblem:
        return frozenset()
    return frozenset(hit["path"] for hit in found["results"] if hit["depth"])


def reached_first(gates: Sequence[Gate], paths: frozenset[str]) -> tuple[Gate, ...]:
    """The gates in order, those before that protect a file which the change reaches."""
    return tuple(sorted(gates, key=lambda gate: not any(matches(one, path) for one in gate.protect for path in paths)))
