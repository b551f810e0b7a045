"""`waypost run` and `waypost resume`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError
from waypost.cli.words import one_line

if TYPE_CHECKING:
    from waypost.runs.project import Project
    from waypost.runs.settings import Settings


@dataclass(frozen=True, slots=True)
class Aim:
    """What a run was asked to work on: documents by name, or a goal in words. Neither: the only documents there are."""

    name: str | None = None
    goal: str | None = None


def aim(root: Path, here: Path, what: str | None) -> Aim:
    """Reads WHAT: an existing folder, a name under .agent/, or a goal in words.

    Raises CommandError for one that looks like a path or a name and isn't there, listing what is.
    """
    if what is None:
        return Aim()
    if not what.strip():
        raise CommandError('the goal is empty; say it in words: waypost run "Add a --quiet option"')
    place = here / what
    if _exists(place):
        return Aim(name=str(place if place.is_dir() else place.parent))
    if "\n" not in what and _exists(root / ".agent" / what):
        return Aim(name=what)
    if len(what.split()) > 1:
        return Aim(goal=what)
    raise CommandError(
        f"{one_line(what)}: no such documents; {_what_exists(root)}. "
        'A goal is given in words: waypost run "Add a --quiet option"'
    )


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):
        return False


def _what_exists(root: Path) -> str:
    agent = root / ".agent"
    names = sorted(path.name for path in agent.iterdir() if path.is_dir()) if agent.is_dir() else []
    if names:
        return f"here are: {', '.join(one_line(name) for name in names)}"
    return "there are none in .agent/ yet, `waypost init` writes some"


def run(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="The documents' folder, its name under .agent/, or a goal in quotes; "
            "may be left out where there is only one folder.",
            show_default=False,
        ),
    ] = None,
    *,
    model: arguments.ModelOption = None,
    base_url: arguments.BaseUrl = None,
    window: arguments.Window = None,
    max_cost: arguments.MaxCost = None,
    max_tokens: arguments.MaxTokens = None,
    max_steps: arguments.MaxSteps = None,
    max_time: arguments.MaxTime = None,
    unsafe_no_sandbox: arguments.Unsafe = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve the documents without asking.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Begin anew even if these documents have a run already.")] = False,
    as_json: arguments.AsEvents = False,
) -> None:
    """Work on documents, or on a goal, until all gates are green.

    A goal in quotes is made into documents first, which you are shown and asked to approve.
    """
    chosen = arguments.settings(
        model=arguments.model_or_default(model), base_url=base_url, window=window,
        max_cost=max_cost, max_tokens=max_tokens, max_steps=max_steps, max_time=max_time, unsafe=unsafe_no_sandbox,
    )  # fmt: skip
    with arguments.project_here(create=True) as project:
        start = project.log.position
        name = _open(project, aim(project.root, Path.cwd(), what), chosen, yes=yes, new=new, may_ask=not as_json)
        from waypost.cli.session import work_on  # after the draft is asked for: its import takes a while

        code = work_on(project, name, chosen, after=start, as_json=as_json)
    raise typer.Exit(code)


def _open(project: Project, wanted: Aim, chosen: Settings, *, yes: bool, new: bool, may_ask: bool) -> str:
    from waypost.cli import consent

    if wanted.goal is not None:
        if not yes and not (may_ask and arguments.is_answerable()):
            raise CommandError("nobody can be asked to approve the plan for this goal; add --yes to approve it unread")
        import asyncio

        chosen.checked_model()
        sys.stderr.write("drafting the documents …\n")
        from waypost.runs.drafting import draft  # alone: nothing else is needed before the model is asked

        folder = asyncio.run(draft(project, wanted.goal, chosen))
        from waypost.runs.opening import open_run

        consent.obtain(project, str(folder), yes=yes, may_ask=may_ask, unsafe=chosen.unsafe)
        return open_run(project, str(folder), chosen, new=new)
    from waypost.runs.opening import NotApproved, open_run

    try:
        return open_run(project, wanted.name, chosen, new=new)
    except NotApproved as problem:
        consent.obtain(project, wanted.name, yes=yes, may_ask=may_ask, why=str(problem), unsafe=chosen.unsafe)
        return open_run(project, wanted.name, chosen, new=new)


def resume(
    run: arguments.RunArgument = None,
    *,
    waive: Annotated[
        list[str] | None, typer.Option("--waive", metavar="M", help="Count this milestone as good without its gates.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option("--skip", metavar="M", help="Leave this milestone out.")] = None,
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why it is waived or skipped.")] = "",
    model: arguments.ModelOption = None,
    base_url: arguments.BaseUrl = None,
    window: arguments.Window = None,
    max_cost: arguments.MaxCost = None,
    max_tokens: arguments.MaxTokens = None,
    max_steps: arguments.MaxSteps = None,
    max_time: arguments.MaxTime = None,
    unsafe_no_sandbox: arguments.Unsafe = False,
    as_json: arguments.AsEvents = False,
) -> None:
    """Go on with a run that is not complete.

    Blocked milestones are tried again; limits that are given here replace the run's.
    """
    from waypost.cli.session import work_on

    chosen = arguments.settings(
        model=model, base_url=base_url, window=window,
        max_cost=max_cost, max_tokens=max_tokens, max_steps=max_steps, max_time=max_time, unsafe=unsafe_no_sandbox,
    )  # fmt: skip
    with arguments.project_here() as project:
        name, start = project.resolve(run), project.log.position
        _settle(project, name, waived=waive or [], skipped=skip or [], because=because)
        code = work_on(project, name, chosen, after=start, as_json=as_json)
    raise typer.Exit(code)


def _settle(project: Project, run: str, *, waived: list[str], skipped: list[str], because: str) -> None:
    """Records the human's word on milestones before the work goes on; nothing, if any of it can't be meant."""
    from waypost.runs.control import ask
    from waypost.runs.lock import holder
    from waypost.runs.view import load_view

    if (pid := holder(project.root, run)) is not None:
        raise CommandError(f"{run} is being worked on by process {pid}; watch it with `waypost status {run} --watch`")
    milestones = load_view(project.log, run).milestones
    for name in (*waived, *skipped):
        if name not in milestones:
            raise CommandError(f"{run} has no milestone {one_line(name)}; it has {', '.join(milestones)}")
    blocked = [name for name, milestone in milestones.items() if milestone.state == "blocked"]
    wishes = [("waive", waived), ("skip", skipped), ("unblock", [m for m in blocked if m not in {*waived, *skipped}])]
    for wish, names in wishes:
        for name in names:
            ask(project, run, wish, milestone=name, text=because, by=arguments.person())
