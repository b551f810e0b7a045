"""The seam between building an environment and whatever runs its commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a build. It works in `checkout` and writes the environment into `folder`.

    `interpreter` is what a virtual environment is made from, empty without one; `timeout` is in seconds.
    """

    argv: tuple[str, ...]
    checkout: Path
    folder: Path
    interpreter: str
    variables: Mapping[str, str]
    timeout: float


@dataclass(frozen=True, slots=True)
class StepEnded:
    """How a step ended. `reason` is empty where it did what it should, else as in "failed with exit code 1"."""

    output: bytes
    reason: str = ""
    timed_out: bool = False


Runner = Callable[[Step], Awaitable[StepEnded]]
"""Runs a step to its end and leaves no process of it. A set-up runs what an agent may have written."""
