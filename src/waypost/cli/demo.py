"""`waypost demo`."""

from __future__ import annotations

import typer


def demo() -> None:
    """Play a recorded run against a real package.

    Only the model's answers are recorded: worktree, edits and gates are real.
    """
    from waypost.demo.main import main

    raise typer.Exit(main() or 0)
