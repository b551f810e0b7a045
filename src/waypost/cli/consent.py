"""A person's consent to documents: shown, edited, approved, or not."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.cli.arguments import is_answerable, person
from waypost.cli.errors import CommandError, NotSo
from waypost.cli.table import styled
from waypost.cli.words import clean

if TYPE_CHECKING:
    from waypost.documents.find import Folder
    from waypost.events.event import Record
    from waypost.runs.pinning import Captured
    from waypost.runs.project import Project

QUESTION = "[a]pprove and run / [e]dit in $EDITOR / [q]uit? "


def obtain(
    project: Project, name: str | None, *, yes: bool, may_ask: bool = True, why: str = "", unsafe: bool = False
) -> None:
    """Has the documents approved, or raises: CommandError where nobody can be asked, NotSo on a no.

    Their environment is captured with it. Raises what keeps it from being built: no run could start.
    """
    from waypost.documents.find import find
    from waypost.runs.opening import approve

    if not yes:
        folder = find(project.root, name)
        if not (may_ask and is_answerable()):
            raise CommandError(f"{why or 'not approved'} (or add --yes to approve them unread)")
        _ask(project, folder)
    captured = captured_with(project, approve(project, name, by=person()), unsafe=unsafe)
    if captured is not None and captured.problem is not None:
        raise captured.problem
    if captured is not None:
        tell(captured)


def captured_with(project: Project, approval: Record, *, unsafe: bool = False) -> Captured | None:
    """The environment as it is at an approval; None where the target names none, which takes no time."""
    from waypost.runs.opening import names_environment

    if not names_environment(project, approval):
        return None
    import asyncio

    from waypost.runs.pinning import capture

    sys.stderr.write("building and capturing the environment …\n")
    sys.stderr.flush()
    return asyncio.run(capture(project, approval, unsafe=unsafe))


def tell(captured: Captured) -> None:
    """What a person should know of a captured environment, on standard error."""
    from waypost.runs.pinning import told

    for line in told(captured):
        sys.stderr.write(f"{styled('✘', 'red')} {clean(line)}\n")
    for note in captured.notes:
        sys.stderr.write(f"{styled('!', 'yellow')} {clean(note)}\n")


def _shown(project: Project, folder: Path) -> str:
    return str(folder.relative_to(project.root)) if folder.is_relative_to(project.root) else str(folder)


def _ask(project: Project, folder: Folder) -> None:
    plan = folder.plan
    _show(plan)
    while True:
        for line in _complaints(folder):
            sys.stdout.write(f"{line}\n")
        try:
            answer = input(QUESTION).strip().lower()
        except EOFError:
            answer = "q"
        if answer in {"a", "approve"}:
            return
        if answer in {"e", "edit"}:
            _edit(plan)
        elif answer in {"q", "quit"}:
            place = _shown(project, plan.parent)
            raise NotSo(f"not approved; the documents stay in {place}: go on with `waypost run {shlex.quote(place)}`")


def _show(plan: Path) -> None:
    """The plan as a page; its text may be a model's, so nothing in it reaches the terminal as a command."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(highlight=False)
    console.print(Markdown(clean(plan.read_text("utf-8", "replace")), hyperlinks=False))
    console.print(f"\n{plan.parent.name}: the other documents lie beside {plan.name}", style="dim", markup=False)


def _complaints(folder: Folder) -> list[str]:
    from waypost.documents.lint import lint

    return [clean(str(diagnostic)) for diagnostic in lint(folder)]


def _edit(plan: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        subprocess.run([*shlex.split(editor), str(plan)], check=False)
    except OSError as problem:
        raise CommandError(f"can't start the editor {editor!r} ({problem.strerror}); set EDITOR to one") from problem
