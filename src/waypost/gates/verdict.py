"""What a gate's run came to: a value, with its reason in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Light = Literal["green", "red", "skipped", "waiting"]


class GateError(Exception):
    """A gate's evidence or option can't be used; inside a run it becomes a red verdict with this text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's verdict on a tree.

    `reason` says why in one line. `exit` is None where the command did not run, or did not end by itself.
    `output` is what the command wrote, head and tail of it where it is long. `essence` is what a
    repairing agent needs of it; empty unless red. `tests` counts skipped ones too, `failed` counts
    failures and errors; all three are None where nobody counted.
    """

    gate: str
    verdict: Light
    reason: str
    exit: int | None = None
    took_ms: int = 0
    output: bytes = b""
    essence: str = ""
    tests: int | None = None
    failed: int | None = None
    skipped: int | None = None
    tree: str = ""
