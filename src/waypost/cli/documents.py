"""`waypost init`, `lint` and `approve`: the four documents before a run."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, Exit
from waypost.cli.table import styled
from waypost.cli.words import clean, count, one_line

if TYPE_CHECKING:
    from waypost.events.kinds import DocumentsApproved
    from waypost.runs.pinning import Captured


def init(
    goal: Annotated[str, typer.Option("--goal", metavar="TEXT", help="What shall be so in the end, in a sentence.")],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The folder under .agent/; made from the goal if left out."),
    ] = None,
    model: arguments.ModelOption = None,
    base_url: arguments.BaseUrl = None,
) -> None:
    """Write the four documents for a goal.

    The repository's own commands (tests, lint, types, build) become the gates; a model, where one is given, drafts
    the plan.
    """
    import asyncio

    from waypost.runs.drafting import draft
    from waypost.runs.sealing import project_key
    from waypost.runs.settings import Settings

    if not goal.strip():
        raise CommandError('the goal is empty; say it in words: waypost init --goal "Add a --quiet option"')
    with arguments.project_here(create=True) as project:
        folder = asyncio.run(draft(project, goal, Settings(model, base_url), name))
        project_key(project)
        place = folder.relative_to(project.root) if folder.is_relative_to(project.root) else folder
    sys.stdout.write(f"wrote {place}/\n")
    for path in sorted(folder.iterdir()):
        sys.stdout.write(f"  {path.name}\n")
    sys.stdout.write(
        f"edit them, then: waypost lint {shlex.quote(folder.name)}, waypost run {shlex.quote(folder.name)}\n"
    )


def lint(name: arguments.NameArgument = None, as_json: arguments.AsJson = False) -> None:
    """Check documents: each finding with its place and its mend."""
    from waypost.documents.find import find
    from waypost.documents.lint import lint as check

    diagnostics = check(find(_root(), name))
    is_bad = any(item.severity == "error" for item in diagnostics)
    if as_json:
        findings = [
            {"path": item.path, "line": item.line, "severity": str(item.severity), "message": item.message,
             "mend": item.mend}
            for item in diagnostics
        ]  # fmt: skip
        sys.stdout.write(json.dumps({"ok": not is_bad, "findings": findings}, indent=2) + "\n")
    else:
        for item in diagnostics:
            style = "red" if item.severity == "error" else "yellow"
            sys.stdout.write(f"{styled(str(item.severity), style)} {clean(str(item))}\n")
        errors = sum(item.severity == "error" for item in diagnostics)
        warnings = len(diagnostics) - errors
        sys.stdout.write(
            f"{count(errors, 'error')}, {count(warnings, 'warning')}\n" if diagnostics else "all is well\n"
        )
    raise typer.Exit(Exit.BAD_INPUT if is_bad else Exit.SO)


def _root() -> Path:
    """The repository around the current folder, or the folder itself: documents can be checked anywhere."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def approve(name: arguments.NameArgument = None, as_json: arguments.AsJson = False) -> None:
    """Approve documents: a run holds to exactly these bytes.

    Where they name an environment, it is built and captured too; exit 1 if that is not possible.
    """
    from waypost.cli import consent
    from waypost.events import kinds
    from waypost.runs.opening import approve as record_approval

    with arguments.project_here(create=True) as project:
        record = record_approval(project, name, by=arguments.person())
        captured = consent.captured_with(project, record)
    approval = record.event
    if not isinstance(approval, kinds.DocumentsApproved):
        raise TypeError(f"an approval was expected, not {approval.kind}")
    if as_json:
        answer = {"seq": record.seq, "folder": approval.folder, "files": dict(approval.files), "by": approval.by}
        sys.stdout.write(json.dumps({**answer, "environment": _environment(captured)}) + "\n")
    else:
        _tell_approval(approval, captured)
    raise typer.Exit(Exit.NOT_SO if captured is not None and _is_amiss(captured) else Exit.SO)


def _tell_approval(approval: DocumentsApproved, captured: Captured | None) -> None:
    from waypost.cli import consent

    for file, digest in approval.files:
        sys.stdout.write(f"{digest[:16]}  {one_line(file)}\n")
    if captured is not None and captured.pinned is not None:
        packages = count(len(captured.pinned.packages), "package")
        sys.stdout.write(f"{captured.pinned.digest[:16]}  environment ({packages})\n")
    sys.stdout.write(f"approved {one_line(approval.folder)} as {one_line(approval.by)}; go on with: waypost run "
                     f"{shlex.quote(one_line(approval.folder))}\n")  # fmt: skip
    if captured is not None:
        consent.tell(captured)


def _is_amiss(captured: Captured) -> bool:
    """Whether a run would stop for it. A machine without a sandbox is said at the run, which may do without."""
    from waypost.environment.errors import BuildError

    return bool(captured.lines) or isinstance(captured.problem, BuildError)


def _environment(captured: Captured | None) -> dict[str, object] | None:
    if captured is None:
        return None
    from waypost.runs.pinning import told

    return {
        "digest": captured.pinned.digest if captured.pinned else None,
        "key": captured.built.key if captured.built else None,
        "packages": len(captured.pinned.packages) if captured.pinned else None,
        "findings": list(told(captured)),
        "notes": list(captured.notes),
    }
