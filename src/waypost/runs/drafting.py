"""The short way in: from a goal in one line to four documents, drafted by the model where it can."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from waypost.documents.discover import discover
from waypost.documents.templates import draft as draft_texts
from waypost.documents.templates import with_plan
from waypost.models.asking import NoAnswer, RetryPolicy, ask
from waypost.models.clock import SystemClock
from waypost.models.model import ContextOverflow
from waypost.models.registry import open_model
from waypost.runs.folders import AGENT_FOLDER, slug, write_documents
from waypost.runs.project import Project
from waypost.runs.settings import Settings
from waypost.wires.conversation import Request, UserMessage

PLAYED = ("scripted", "recorded", "chaos")
"""Models that play a part: they have no words of their own for a plan."""

SYSTEM = (
    "You plan work for a coding agent. You answer with one Markdown file, PLAN.md, and nothing else: no fence around "
    "it, no remarks."
)
ASKED = """\
Write PLAN.md for this goal in the repository described below.

Goal: {goal}

Keep to this form exactly. Milestones are small (an hour of work), each with criteria that a command can prove. \
Every criterion names its gate. Every gate's command must exist in this repository or be created by its milestone.

{template}

Further milestones follow the first one's form: M02, M03 …, with `Depends on: M01` under the heading.

Files of the repository:
{files}
"""
SHOWN_FILES = 200


async def draft(project: Project, goal: str, settings: Settings, name: str | None = None) -> Path:
    """Writes the four documents for the goal into `.agent/NAME/` and returns that folder.

    Where a model is named it drafts the plan, which is taken only if it has no error; otherwise the template's plan
    stands. Raises BadModel for a model that can't be asked at all, RunError where NAME is taken; then nothing was
    written.
    """
    settings.checked_window()
    texts = draft_texts(goal, discover(project.root))
    if settings.model and not settings.model.startswith(PLAYED):
        plan = await _asked(project, goal, texts["PLAN.md"], settings.model, settings.base_url)
        if plan is not None:
            texts = _if_sound(texts, plan)
    return write_documents(project, name or _free_name(project, slug(goal)), texts)


async def _asked(project: Project, goal: str, template: str, name: str, base_url: str | None) -> str | None:
    clock = SystemClock()
    model = open_model(name, base_url=base_url, environ=os.environ, clock=clock)
    files = project.repository.git.run("ls-files", "-z").records[:SHOWN_FILES]
    text = ASKED.format(goal=goal, template=template, files="\n".join(files))
    request = Request(name.partition(":")[2], SYSTEM, (), (UserMessage(text),), conversation=f"draft {slug(goal)}")
    try:
        response = await ask(model, request, clock=clock, policy=RetryPolicy(tries=3, patience=120.0, empties=1))
    except (NoAnswer, ContextOverflow):
        return None
    finally:
        await model.close()
    return response.message.text


def _if_sound(texts: dict[str, str], plan: str) -> dict[str, str]:
    """The texts with the model's plan, where that has no error; else as they were."""
    from waypost.documents.errors import DocumentError
    from waypost.documents.find import find
    from waypost.documents.lint import load

    drafted = with_plan(texts, plan)
    with tempfile.TemporaryDirectory(prefix="waypost-draft-") as folder:
        for name, text in drafted.items():
            (Path(folder) / name).write_text(text, "utf-8")
        try:
            documents = load(find(Path(folder), folder))
        except DocumentError:
            return texts
    return drafted if documents.plan.milestones else texts


def _free_name(project: Project, name: str) -> str:
    """The name, or with a number where its folder is taken."""
    number, free = 1, name
    while (project.root / AGENT_FOLDER / free).exists():
        number += 1
        free = f"{name}-{number}"
    return free
