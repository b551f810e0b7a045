"""Arguments and options that several commands share, and how they are read."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from waypost.cli import words
from waypost.cli.errors import CommandError

if TYPE_CHECKING:
    from waypost.runs.project import Project
    from waypost.runs.settings import Settings

T = TypeVar("T")
MODEL_VARIABLE = "WAYPOST_MODEL"


def run_names(incomplete: str) -> list[str]:
    """Names of the runs here that begin so, newest first; for a shell's completion, so it complains of nothing."""
    from waypost.events.event import EventError
    from waypost.workspace.errors import WorkspaceError

    try:
        with project_here() as project:
            opened = project.log.read(kinds=("run.opened",), newest_first=True)
            return [record.run for record in opened if record.run.startswith(incomplete)]
    except (EventError, WorkspaceError, OSError):
        return []


RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="The run's name, or how it begins; the newest run if left out.",
        autocompletion=run_names,
        show_default=False,
    ),
]
RunOption = Annotated[
    str | None,
    typer.Option("--run", help="The run's name, or how it begins; the newest run if left out.",
                 metavar="RUN", autocompletion=run_names, show_default=False),
]  # fmt: skip
NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="The documents' folder, or its name under .agent/; may be left out where there is only one.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
AsEvents = Annotated[bool, typer.Option("--json", help="One event a line, as JSON.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="Who does the work, such as openai:gpt-5.5.", show_default=False),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Another server with the same protocol.")
]
Window = Annotated[
    str | None, typer.Option("--window", metavar="N", help="Tokens that the model sees at most; 32k if left out.")
]
MaxCost = Annotated[str | None, typer.Option("--max-cost", metavar="$", help="Stop at this cost: 2.50")]
MaxTokens = Annotated[str | None, typer.Option("--max-tokens", metavar="N", help="Stop at so many tokens: 600k, 1.5M")]
MaxSteps = Annotated[str | None, typer.Option("--max-steps", metavar="N", help="Stop after so many steps.")]
MaxTime = Annotated[str | None, typer.Option("--max-time", metavar="TIME", help="Stop after this time: 90m, 1h30m")]

Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe-no-sandbox", help="Run commands without a sandbox where none can be had; every screen says so."
    ),
]


@contextmanager
def project_here(*, create: bool = False) -> Iterator[Project]:
    """The project of the current folder, closed at the end."""
    import waypost.events.kinds  # noqa: F401 - fills the table of kinds by which events are read
    from waypost.runs.project import Project

    project = Project.open(Path.cwd(), create=create)
    try:
        yield project
    finally:
        project.close()


def settings(
    *,
    model: str | None,
    base_url: str | None,
    window: str | None,
    max_cost: str | None,
    max_tokens: str | None,
    max_steps: str | None,
    max_time: str | None,
    unsafe: bool = False,
) -> Settings:
    """The options as values. Raises CommandError that names the option."""
    from waypost.events.kinds import Limits
    from waypost.runs.settings import Settings

    limits = Limits(
        steps=_read("--max-steps", max_steps, words.read_amount),
        tokens=_read("--max-tokens", max_tokens, words.read_amount),
        cost=_read("--max-cost", max_cost, words.read_money),
        wall=_read("--max-time", max_time, words.read_duration),
    )
    size = _read("--window", window, words.read_amount)
    return Settings(model=model, base_url=base_url, window=size, limits=limits, unsafe=unsafe)


def _read(option: str, text: str | None, reader: Callable[[str], T]) -> T | None:
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError as problem:
        raise CommandError(f"{option}: {problem}") from problem


def model_or_default(model: str | None) -> str:
    """The model that was named, here or in the environment. Raises CommandError with examples."""
    name = model or os.environ.get(MODEL_VARIABLE)
    if name:
        return name
    raise CommandError(
        "no model is named; add --model, or set it once in WAYPOST_MODEL. Examples:\n"
        "  --model openai:gpt-5.5            key in OPENAI_API_KEY\n"
        "  --model anthropic:claude-opus-4-8  key in ANTHROPIC_API_KEY\n"
        "  --model ollama:qwen3-coder        a local server, no key\n"
        "  --model openai-chat:NAME --base-url http://127.0.0.1:8000/v1"
    )


def person() -> str:
    """Who sits here, for the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "human"


def is_answerable() -> bool:
    """Whether a question can be asked and answered here."""
    return sys.stdin.isatty() and sys.stdout.isatty()
