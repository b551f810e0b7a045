"""`waypost steer`, `pause`, `stop`, `gate`, `review` and `rewind`: a person's word on a run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, Exit
from waypost.cli.table import rows
from waypost.cli.words import count, one_line

if TYPE_CHECKING:
    from waypost.review.queue import ReviewItem
    from waypost.runs.project import Project
    from waypost.runs.rewinding import Preview

VERDICTS = ("accept", "reject", "answer")


def _run_and(words: list[str], what: str, example: str) -> tuple[str | None, str]:
    """`[RUN] X` as its two parts. Raises CommandError where X is missing or more was said."""
    if len(words) == 1:
        return None, words[0]
    if len(words) == 2:
        return words[0], words[1]
    raise CommandError(f"{what} is wanted, in quotes where it has spaces: {example}")


def steer(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[RUN] TEXT", help="The run, the newest if left out, and what to say to the agent.",
                       autocompletion=arguments.run_names),
    ],
) -> None:  # fmt: skip
    """Say something to the agent: it reads it before its next step."""
    from waypost.runs.control import steer as record_words
    from waypost.runs.lock import holder

    wanted, text = _run_and(words, "a text", 'waypost steer "Keep the old option working"')
    if not text.strip():
        raise CommandError("there is nothing to say; give a text")
    with arguments.project_here() as project:
        run = project.resolve(wanted)
        record_words(project, run, text, arguments.person())
        when = "before its next step" if holder(project.root, run) is not None else "when the run is resumed"
    sys.stdout.write(f"noted; the agent of {run} reads it {when}\n")


def pause(run: arguments.RunArgument = None) -> None:
    """Let go of a run after its running step."""
    _ask(run, "pause")


def stop(run: arguments.RunArgument = None) -> None:
    """End the running call and let go of the run."""
    _ask(run, "stop")


def _ask(wanted: str | None, wish: str) -> None:
    from waypost.runs.control import ask
    from waypost.runs.lock import holder

    with arguments.project_here() as project:
        run = project.resolve(wanted)
        pid = holder(project.root, run)
        if pid is None:
            sys.stdout.write(f"nobody works on {run}; there is nothing to {wish}\n")
            raise typer.Exit(Exit.NOT_SO)
        ask(project, run, wish, by=arguments.person())
    sys.stdout.write(f"process {pid} was asked to {wish} {run}; resume with: waypost resume {run}\n")


def review(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN | VERDICT ITEM",
            help="A run, to list what waits in it; or accept, reject or answer, with the item and an answer's text.",
            autocompletion=arguments.run_names,
            show_default=False,
        ),
    ] = None,
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="Why; the agent reads it.")] = "",
    run: arguments.RunOption = None,
    everything: Annotated[bool, typer.Option("--all", help="List decided items as well.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """List or decide what waits for a person.

    The run goes on meanwhile, and the agent reads what was decided.
    """
    said = words or []
    with arguments.project_here() as project:
        if said and said[0] in VERDICTS:
            _decide(project, project.resolve(run), said, text)
        elif len(said) > 1:
            raise CommandError("say `waypost review RUN`, or `waypost review accept|reject|answer ITEM`")
        else:
            _list(project, project.resolve(said[0] if said else run), everything, as_json)


def _decide(project: Project, run: str, words: list[str], text: str) -> None:
    from waypost.runs.control import decide
    from waypost.runs.view import load_view

    verdict, *rest = words
    if verdict == "answer" and len(rest) == 2:
        rest, text = rest[:1], rest[1]
    if len(rest) != 1 or (verdict == "answer" and not text.strip()):
        wanted = "an item and a text in quotes" if verdict == "answer" else "one item"
        raise CommandError(f"`review {verdict}` wants {wanted}; `waypost review` lists the items")
    items = load_view(project.log, run).review
    if rest[0] not in items:
        names = ", ".join(one_line(name) for name in items) or "none"
        raise CommandError(f"{run} has no item {one_line(rest[0])} for review; it has: {names}")
    decide(project, run, rest[0], verdict, text, arguments.person())
    sys.stdout.write(f"{one_line(rest[0])}: {verdict}\n")


def _list(project: Project, run: str, everything: bool, as_json: bool) -> None:
    from waypost.runs.view import load_view

    view = load_view(project.log, run)
    items = tuple(view.review.values()) if everything else view.waiting
    if as_json:
        sys.stdout.write(json.dumps({"run": run, "items": [_as_json(item) for item in items]}) + "\n")
    elif not items:
        sys.stdout.write(f"nothing in {run} waits for you\n")
    else:
        body = [(item.item, item.text, item.topic, item.milestone, item.verdict or "waits") for item in items]
        sys.stdout.write("\n".join(rows(("ITEM", "WHAT", "TOPIC", "FOR", "VERDICT"), body)) + "\n")


def _as_json(item: ReviewItem) -> dict[str, str]:
    return {name: getattr(item, name) for name in ("item", "milestone", "topic", "text", "verdict", "answer")}


def rewind(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN] CHECKPOINT", help="The run, the newest if left out, and a checkpoint's number.",
                       autocompletion=arguments.run_names, show_default=False),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would go back.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last rewind back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:  # fmt: skip
    """Take files, conversation and plan back to a checkpoint."""
    from waypost.runs import rewinding

    said = words or []
    with arguments.project_here() as project:
        if undo:
            if len(said) > 1:
                raise CommandError("`rewind --undo` takes back the last rewind and wants no checkpoint")
            run = project.resolve(said[0] if said else None)
            rewinding.undo(project, run)
            sys.stdout.write(f"the last rewind of {run} is undone; go on with: waypost resume {run}\n")
            return
        wanted, number = _run_and(said, "a checkpoint's number", "waypost rewind 12 (`waypost checkpoints` lists them)")
        run = project.resolve(wanted)
        _rewind(project, run, _checkpoint_number(number), preview=preview, yes=yes)


def _checkpoint_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise CommandError(f"{one_line(text)} is not a checkpoint's number; `waypost checkpoints` lists them")
    return int(text)


def _rewind(project: Project, run: str, number: int, *, preview: bool, yes: bool) -> None:
    from waypost.runs import rewinding

    if preview or not yes:
        _show_preview(rewinding.preview(project, run, number), number)
    if preview:
        return
    if not yes:
        if not arguments.is_answerable():
            raise CommandError("nobody can be asked; add --yes to rewind, or --preview to look only")
        typer.confirm("rewind?", abort=True)
    rewinding.rewind(project, run, number)
    sys.stdout.write(f"{run} is at checkpoint {number}; go on with: waypost resume {run}, "
                     f"or take it back: waypost rewind {run} --undo\n")  # fmt: skip


def _show_preview(preview: Preview, number: int) -> None:
    sys.stdout.write(f"to checkpoint {number}: {count(len(preview.files), 'file')} would change, "
                     f"{count(preview.hidden_steps, 'step')} would be hidden (not lost)\n")  # fmt: skip
    for change in preview.files:
        lines = "" if change.added is None else f"  +{change.added} -{change.removed}"
        sys.stdout.write(f"  {one_line(change.status)} {one_line(change.path)}{lines}\n")
    for line in preview.milestones:
        sys.stdout.write(f"  {one_line(line)}\n")
