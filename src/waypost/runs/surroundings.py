"""The environment that a run's commands get: built once for each lock hash, outside the agent's worktree."""

from __future__ import annotations

from waypost.documents.model import Documents
from waypost.environment.build import BuiltEnvironment, build
from waypost.runs.drift import spec_of
from waypost.runs.project import Project
from waypost.runs.setting_up import Setting
from waypost.sandbox.sandbox import Sandbox
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.worktree import Worktree


async def environment(
    project: Project, documents: Documents, worktree: Worktree, sandbox: Sandbox, run: str
) -> BuiltEnvironment:
    """Finds or builds what the approved target names, for the branch as it is.

    Raises NoInterpreter, SetupFailed or SandboxError.
    """
    head = "" if spec_of(documents.target.environment).is_empty else worktree.branch_head()
    return await environment_of(project, documents, head, head, sandbox, run)


async def environment_of(
    project: Project, documents: Documents, tree: str, green: str, sandbox: Sandbox, run: str
) -> BuiltEnvironment:
    """The same for a tree whose lock files may differ: a new environment for new lock files, else the one there is.

    Its set-up runs in `sandbox`, in a clean checkout; `run` is whose processes they are.
    """
    spec = spec_of(documents.target.environment)
    setting = Setting(project, documents, sandbox, f"{run}/setup")
    if spec.is_empty:
        return await build(spec, project.root, project.environments, setting.run)
    with clean_checkout(project.repository, tree, green, project.checkouts) as clean:
        return await build(spec, clean.folder, project.environments, setting.run)
