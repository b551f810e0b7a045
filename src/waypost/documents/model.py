"""What the four documents say, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal

from waypost.documents.errors import Diagnostic, PlanCycle, Severity

__all__ = [
    "AllowedHost", "Budget", "Criterion", "Deliverable", "Diagnostic", "Document", "Documents", "Environment", "Gate",
    "GateKind", "Milestone", "Plan", "Quarantined", "Role", "Severity", "Target",
]  # fmt: skip

Role = Literal["target", "plan", "runbook", "record"]


class GateKind(StrEnum):
    """How a gate is judged: run to its end, started and probed, by a person, or only with a credential."""

    CHECK = "check"
    SERVICE = "service"
    MANUAL = "manual"
    ENV = "env"


@dataclass(frozen=True, slots=True)
class Gate:
    """A pinned command that the runtime runs. `timeout` is in seconds.

    `ready` is the address that a service answers at (None: it stays up for 3 s), `variable` the credential
    that an `env` gate needs, `protect` the path patterns that the agent may not edit, `junit` the file that
    the command writes. `oracle` is a second command that asks the built program from outside its process.
    `held_out` is a folder outside the repository, shown to the gate alone as $WAYPOST_HELD_OUT.
    """

    name: str
    kind: GateKind
    command: str
    line: int
    timeout: float = 600.0
    ready: str | None = None
    min_tests: int | None = None
    protect: tuple[str, ...] = ()
    variable: str | None = None
    junit: str | None = None
    oracle: str | None = None
    held_out: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion. `box` is the byte offset of the character between `[` and `]` in the raw file."""

    id: str
    text: str
    gates: tuple[str, ...]
    manual: bool
    ticked: bool
    line: int
    box: int | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a milestone may use. `wall` is in seconds, `cost` in dollars, `diff` in changed lines."""

    repair: int | None = None
    steps: int | None = None
    tokens: int | None = None
    cost: Decimal | None = None
    wall: float | None = None
    diff: int | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """The unit of verified progress. An empty `scope` means that no path is named; `text` is its Markdown."""

    id: str
    title: str
    line: int
    ticked: bool
    box: int | None
    status: str | None
    depends: tuple[str, ...]
    covers: tuple[str, ...]
    scope: tuple[str, ...]
    budget: Budget
    criteria: tuple[Criterion, ...]
    gates: tuple[Gate, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A test that a human knows to be flaky: `test` is its id or a pattern, `until` the last day, as 2026-12-31."""

    test: str
    until: str
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Plan:
    """PLAN.md. `checklist` runs at every milestone; `notes` holds the risks and architecture notes."""

    title: str
    checklist: tuple[Gate, ...]
    milestones: tuple[Milestone, ...]
    notes: str
    quarantine: tuple[Quarantined, ...] = ()

    def milestone(self, milestone_id: str) -> Milestone:
        """The milestone of that id; KeyError if there is none."""
        for milestone in self.milestones:
            if milestone.id == milestone_id:
                return milestone
        raise KeyError(milestone_id)

    def gate(self, milestone: str, name: str) -> Gate:
        """The gate that a criterion of `milestone` means by `name`; KeyError if there is none.

        Its own gates come first, then the checklist's, then those of earlier milestones, the nearest first.
        """
        position = self.milestones.index(self.milestone(milestone))
        scopes = [self.milestones[position].gates, self.checklist]
        scopes += [earlier.gates for earlier in reversed(self.milestones[:position])]
        for gates in scopes:
            for gate in gates:
                if gate.name == name:
                    return gate
        raise KeyError(name)

    def order(self) -> tuple[Milestone, ...]:
        """Every milestone after all that it depends on, else in the document's order. Raises PlanCycle."""
        waiting, done, ordered = list(self.milestones), set[str](), list[Milestone]()
        while waiting:
            ready = next((one for one in waiting if done.issuperset(one.depends)), None)
            if ready is None:
                circle = ", ".join(one.id for one in waiting)
                raise PlanCycle(f"no order exists for {circle}; mend their `Depends on:` lines")
            waiting.remove(ready)
            done.add(ready.id)
            ordered.append(ready)
        return tuple(ordered)


@dataclass(frozen=True, slots=True)
class Deliverable:
    """One thing that the target asks for, under an id that is never used again."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Environment:
    """Where gates run: what PROMPT.md's `Environment` names. `setup_timeout` is in seconds.

    `tools` are programs whose version and bytes are part of the environment's fingerprint. `hosts` are those that the
    set-up may reach, perhaps none; None for all that the machine reaches.
    """

    interpreter: str | None = None
    setup: str | None = None
    setup_timeout: float = 600.0
    lock_files: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    tools: tuple[str, ...] = ()
    hosts: tuple[AllowedHost, ...] | None = None


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host and port that commands may reach, from PROMPT.md's `Permissions`.

    `name` is in lower case and ASCII, perhaps with `*.` before it for every host below. `private` opens it
    though its address is one of a private network. `secret` names the variable whose value the proxy adds to
    requests as `header`, after `prefix`.
    """

    name: str
    port: int = 443
    private: bool = False
    secret: str | None = None
    header: str = "Authorization"
    prefix: str = "Bearer"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """PROMPT.md: what "done" means. `permissions` are those in free words; `text` is the whole file."""

    title: str
    deliverables: tuple[Deliverable, ...]
    environment: Environment
    permissions: tuple[str, ...]
    text: str
    hosts: tuple[AllowedHost, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it lies on the disk; `raw` is empty for a record that is not written yet."""

    name: Role
    path: Path
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Documents:
    """The four documents of one run, read and free of errors."""

    folder: Path
    target: Target
    plan: Plan
    files: tuple[Document, ...]

    def document(self, name: Role) -> Document:
        """The file behind one of the four; KeyError if it is not among them."""
        for document in self.files:
            if document.name == name:
                return document
        raise KeyError(name)
