"""Everything that a recorded run stands on, made real: repository, approved documents, run, environment."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import waypost.events.kinds  # noqa: F401 - fills the table of kinds by which events are read
from waypost.demo import package, place
from waypost.demo.errors import PackageMissing
from waypost.environment.build import MARKER
from waypost.environment.errors import SetupFailed
from waypost.runs.folders import write_documents
from waypost.runs.opening import approve, approved_documents, open_run
from waypost.runs.project import Project, state_home
from waypost.runs.rewinding import open_worktree
from waypost.runs.sandboxing import take_up_sandbox
from waypost.runs.settings import Settings
from waypost.runs.surroundings import environment
from waypost.workspace.git import QUIET, Git

HERE = Path(__file__).parent
RECORDING = HERE / "recording.jsonl"
DOCUMENTS = HERE / "documents"
TEST_LOCK = "requirements-test.lock"
NAME = "csv-tables"
WINDOW = 32_000
# Fixed, so that the base commit is the same wherever the demo is played.
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Waypost demo"), ("EMAIL", "demo@waypost.invalid"), ("DATE", "2022-10-06T12:00:00Z"))
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A run that is ready to be worked on. `start` is the log's position before anything of it."""

    folder: Path
    project: Project
    run: str
    settings: Settings
    start: int


def prepare(at: Path | None, model: str, say: Callable[[str], None]) -> Stage:
    """Makes the demo's folder, repository and run. Raises DemoError and what the rooms below raise."""
    archive = package.fetch(state_home() / "downloads", say)
    folder = place.choose(at)
    checkout = folder / place.CHECKOUT
    package.unpack(archive, checkout)
    shutil.copyfile(HERE / TEST_LOCK, checkout / TEST_LOCK)
    _commit(checkout)
    project = Project.open(checkout, create=True)
    for left in ("worktrees", "approved", "checkouts", "indexes", "ledger"):  # of the demo before, whose log is gone
        shutil.rmtree(project.place / left, ignore_errors=True)
    texts = {file.name: file.read_text("utf-8") for file in sorted(DOCUMENTS.glob("*.md"))}
    write_documents(project, NAME, texts)
    start = project.log.position
    settings = Settings(model=model, window=WINDOW)
    approve(project, NAME, by="waypost demo")
    run = open_run(project, NAME, settings)
    _build(project, run, say)
    return Stage(folder, project, run, settings, start)


def leftovers(stage: Stage) -> tuple[Path, ...]:
    """The folders to remove when the demo is of no more use."""
    return (stage.folder, stage.project.place)


def _commit(checkout: Path) -> None:
    """The package as the first commit, files that its own .gitignore names included."""
    git = Git(checkout, variables=AUTHOR, settings=(*QUIET, "core.autocrlf=false", "init.templateDir="))
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("add", "--all", "--force")
    git.run("commit", "--quiet", "--message", f"{package.NAME} {package.VERSION}, as published, and a lock file")


def _build(project: Project, run: str, say: Callable[[str], None]) -> None:
    """Builds the environment before the run asks for it, so that the wait has a word to it."""
    if not any(project.environments.glob(f"*/{MARKER}")):
        say("building the environment that its tests need: a real virtual environment, kept for the next time …")
    try:
        asyncio.run(_built(project, run))
    except SetupFailed as problem:
        raise PackageMissing(
            f"{problem}\npip's registry must be reachable: the tests' packages come from it"
        ) from problem


async def _built(project: Project, run: str) -> None:
    chosen = await take_up_sandbox(project, unsafe=False)
    head = open_worktree(project, run).branch_head()
    await environment(project, approved_documents(project, run), head, chosen.sandbox, run)
