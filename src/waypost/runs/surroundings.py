"""The environment that a run's commands get: built once for each lock hash, outside the agent's worktree."""

from __future__ import annotations

import asyncio

from waypost.documents.model import Documents
from waypost.environment.build import BuiltEnvironment, EnvironmentSpec, build
from waypost.runs.project import Project
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.worktree import Worktree


async def environment(project: Project, documents: Documents, worktree: Worktree) -> BuiltEnvironment:
    """Finds or builds what the approved target names. Raises NoInterpreter or SetupFailed."""
    named = documents.target.environment
    spec = EnvironmentSpec(named.interpreter, named.setup, named.setup_timeout, named.lock_files, dict(named.variables))
    if spec.is_empty:
        return build(spec, worktree.place, project.environments)

    def made() -> BuiltEnvironment:
        head = worktree.branch_head()
        with clean_checkout(project.repository, head, head, project.checkouts) as clean:
            return build(spec, clean.folder, project.environments)

    return await asyncio.to_thread(made)
