"""The level at which a process holds commands, chosen by what canaries really found, and told in the log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from waypost.events.kinds import SandboxChosen
from waypost.runs.project import Project

if TYPE_CHECKING:
    from waypost.sandbox.choose import Chosen


async def take_up_sandbox(project: Project, *, unsafe: bool) -> Chosen:
    """The strongest level that works here. Raises NoSandbox where none does and `unsafe` does not allow that."""
    from waypost.sandbox.choose import choose

    project.checkouts.mkdir(parents=True, exist_ok=True)
    return await choose(project.checkouts, unsafe=unsafe, environ=os.environ)


def chosen_event(chosen: Chosen) -> SandboxChosen:
    """The choice as an event."""
    return SandboxChosen(chosen.sandbox.level, chosen.proved, chosen.open)
