"""The level at which a process holds commands, chosen by what canaries really found, and told in the log."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from waypost.documents.model import Target
from waypost.events.kinds import NetworkAsked, SandboxChosen
from waypost.runs.project import Project
from waypost.sandbox.walls import Level, SharedNetwork

if TYPE_CHECKING:
    from waypost.runs.session import Session
    from waypost.sandbox.choose import Chosen
    from waypost.sandbox.egress import Asked


async def take_up_sandbox(project: Project, *, unsafe: bool) -> Chosen:
    """The strongest level that works here. Raises NoSandbox where none does and `unsafe` does not allow that."""
    from waypost.sandbox.choose import choose

    project.checkouts.mkdir(parents=True, exist_ok=True)
    return await choose(project.checkouts, unsafe=unsafe, environ=os.environ)


def chosen_event(chosen: Chosen) -> SandboxChosen:
    """The choice as an event."""
    return SandboxChosen(chosen.sandbox.level, chosen.proved, chosen.open)


@asynccontextmanager
async def opened_network(session: Session) -> AsyncIterator[SharedNetwork | None]:
    """The network of the agent's commands: none, unless the target's Permissions open hosts; each use is an event."""
    target: Target = session.documents.target
    if not target.hosts or session.sandbox.level is not Level.BUBBLEWRAP:
        yield None
        return
    from waypost.sandbox.network import open_network

    def asked(question: Asked) -> None:
        session.journal.write(
            NetworkAsked(
                session.view.current,
                question.host,
                question.port,
                question.verdict,
                question.reason,
                question.sent,
                question.received,
            )
        )

    names = [host.secret for host in target.hosts if host.secret]
    secrets = {name: os.environ[name] for name in names if os.environ.get(name)}
    async with open_network(session.sandbox.level, hosts=target.hosts, secrets=secrets, on_asked=asked) as network:
        yield network
