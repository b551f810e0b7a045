"""A repository whose target has a set-up, and building it at a level of sandbox that works here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from runs_cases import Place, commit, make_place, write

from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.environment.build import BuiltEnvironment
from waypost.runs.sandboxing import take_up_sandbox
from waypost.runs.surroundings import environment
from waypost.sandbox.sandbox import SandboxError

PLAN = "# Plan\n\n## Milestones\n\n### Milestone M01 - A [ ]\n\nAcceptance criteria:\n- [ ] M01.A1 so (gate: ok)\n"
PLAN += "\n```bash gate=ok\ntrue\n```\n"


def place_with(folder: Path, setup: str, bullets: str = "", files: Mapping[str, str] | None = None) -> Place:
    """A repository with documents in `.agent/thing`; `bullets` stand in the target's Environment.

    /$AT is the folder, which is not shown to the set-up.
    A set-up whose text names a tool of Python's gets a virtual environment, which takes seconds.
    """
    place = make_place(folder, {"a.txt": "one\n", **(files or {})})
    head = "# T\n\n## Goals\n\nx\n\n## Done when\n\ny\n\n## Environment\n\n"
    told = f"{head}{bullets}- Variable: AT={str(folder)[1:]}\n\n```bash setup timeout=60\n{setup}\n```\n"
    for name, text in {"PROMPT.md": told, "PLAN.md": PLAN, "IMPLEMENT.md": "# How\n\nSo.\n"}.items():
        write(place.root / ".agent/thing" / name, text)
    commit(place.root, "documents")
    return place


def built(place: Place, level: str = "bubblewrap", *, unsafe: bool = False) -> BuiltEnvironment:
    """Builds it as a run does. Skips where the machine has no such level."""
    with place.project(create=True) as project, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAYPOST_SANDBOX", level)

        async def build() -> BuiltEnvironment:
            chosen = await take_up_sandbox(project, unsafe=unsafe)
            documents = load(find(project.root, "thing"))
            head = project.repository.head
            return await environment(project, documents, head, chosen.sandbox, "r")

        try:
            return asyncio.run(build())
        except SandboxError as problem:
            if "no sandbox" in str(problem):
                pytest.skip(str(problem))
            raise


def said(place: Place, name: str = "said", level: str = "bubblewrap") -> str:
    """What the set-up wrote into a file of its environment."""
    folder = built(place, level).folder
    assert folder is not None
    return (folder / name).read_text()
