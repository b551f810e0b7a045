"""What a gate's run came to: a value, with its reason in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from waypost.gates.census import Census

Light = Literal["green", "red", "skipped", "waiting"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a verdict names about a change or a run of tests, in a line of `text` without the path.

    `kind` is one word by which findings are counted and explained (docs/gates.md has the table). A finding
    that `refuses` turns the verdict red; the others are only told. `path` is empty where no file is meant.
    """

    kind: str
    path: str
    text: str
    refuses: bool

    @property
    def line(self) -> str:
        """The finding as people read it."""
        return f"{self.path}: {self.text}" if self.path else self.text


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's verdict on a tree.

    `reason` says why in one line. `exit` is None where the command did not run, or did not end by itself.
    `output` is what the command wrote, head and tail of it where it is long. `essence` is what a
    repairing agent needs of it; empty unless red. `tests` counts skipped ones too, `failed` counts
    failures and errors; all three are None where nobody counted. `census` holds the tests by id where they
    are known, `before` those of the last green commit. `findings` are what the ratchets and the witness
    have to say; one that refuses makes the verdict red. `flaky` are ids of tests that were red once and green
    once on this very tree. `sandbox` is the level that the command ran at. `only_baseline` says of a red verdict
    that all its red tests were red on the last green commit too: nothing is newly red. `reruns` are the later
    verdicts on the same tree, and those on the last green commit, that this one rests on. `timed_out` says that
    the command hung, and was ended.
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
    command: str = ""
    census: Census | None = None
    before: Census | None = None
    findings: tuple[Finding, ...] = ()
    flaky: tuple[str, ...] = ()
    sandbox: str = ""
    only_baseline: bool = False
    reruns: tuple[Verdict, ...] = ()
    timed_out: bool = False

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which it can't be green."""
        return tuple(finding for finding in self.findings if finding.refuses)
