"""What a change did to the files that make a test mean something: what is put back, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from waypost.gates.verdict import Finding
from waypost.workspace.trees import Entry

INTEGRITY = "integrity"
"""The name of the verdict on a change's integrity; no gate of a plan may have it."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the milestones under way may change: path patterns; `None` where no milestone names a scope.

    Without a scope tests may be added and changed, never weakened. A pattern that names one file exactly is a
    human's word that the expectations in it may change.
    """

    scope: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was found. `restore` are the files that gates must see as they were: None for one that was not there."""

    findings: tuple[Finding, ...] = ()
    restore: Mapping[str, Entry | None] = field(default_factory=dict)
