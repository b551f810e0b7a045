"""The environment that a run's commands get: built once for each lock hash, outside the agent's worktree."""

from __future__ import annotations

from waypost.documents.model import Documents
from waypost.environment.build import BuiltEnvironment, build
from waypost.runs.drift import spec_of
from waypost.runs.project import Project
from waypost.runs.setting_up import Setting
from waypost.sandbox.sandbox import Sandbox
from waypost.workspace.checkout import clean_checkout


async def environment(
    project: Project, documents: Documents, tree: str, sandbox: Sandbox, run: str, green: str = ""
) -> BuiltEnvironment:
    """Finds or builds what the approved target names: a new one for new lock files in the tree, else the one there is.

    Its set-up runs in `sandbox`, in a clean checkout of `tree`, a commit unless `green` names one that it stands on;
    `run` is whose processes they are. Raises NoInterpreter, SetupFailed or SandboxError.
    """
    spec = spec_of(documents.target.environment)
    setting = Setting(project, documents, sandbox, f"{run}/setup")
    if spec.is_empty:
        return await build(spec, project.root, project.environments, setting.run)
    with clean_checkout(project.repository, tree, green or tree, project.checkouts) as clean:
        return await build(spec, clean.folder, project.environments, setting.run)
