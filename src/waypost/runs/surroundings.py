"""The environment that a run's commands get: built once for each lock hash, outside the agent's worktree."""

from __future__ import annotations

import asyncio

from waypost.documents.model import Documents
from waypost.environment.build import BuiltEnvironment, build
from waypost.runs.drift import spec_of
from waypost.runs.project import Project
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.worktree import Worktree


async def environment(project: Project, documents: Documents, worktree: Worktree) -> BuiltEnvironment:
    """Finds or builds what the approved target names, for the branch as it is. Raises NoInterpreter or SetupFailed."""
    if spec_of(documents.target.environment).is_empty:
        return build(spec_of(documents.target.environment), worktree.place, project.environments)
    head = worktree.branch_head()
    return await environment_of(project, documents, head, head)


async def environment_of(project: Project, documents: Documents, tree: str, green: str) -> BuiltEnvironment:
    """The same for a tree whose lock files may differ: a new environment for new lock files, else the one there is."""
    spec = spec_of(documents.target.environment)
    if spec.is_empty:
        return build(spec, project.root, project.environments)

    def made() -> BuiltEnvironment:
        with clean_checkout(project.repository, tree, green, project.checkouts) as clean:
            return build(spec, clean.folder, project.environments)

    return await asyncio.to_thread(made)
