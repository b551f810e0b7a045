"""Events that say why a verdict can be believed: gates, sandbox, environment, network."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events.blob import Blob
from waypost.events.event import Event, event


@event("gate.started")
@dataclass(frozen=True, slots=True)
class GateStarted(Event):
    """The runtime runs a gate on a tree; `sort` is check, service or env.

    `purpose` is why: milestone, baseline (before the work), flake (the same again), regression (a passed
    milestone's), end (the finished branch) or hand (a person asked).
    """

    milestone: str
    gate: str
    sort: str
    tree: str
    command: str
    purpose: str = "milestone"


@event("gate.ended")
@dataclass(frozen=True, slots=True)
class GateEnded(Event):
    """A gate's verdict: green, red, skipped or waiting, with its evidence.

    `evidence` is canonical JSON: command, tree, the census before and after, findings, restored files, the
    environment's digest and the sandbox's level. `held_out` verdicts are told to no agent.
    """

    milestone: str
    gate: str
    verdict: str
    reason: str
    tree: str
    took: int
    exit: int | None = None
    output: Blob | None = None
    essence: Blob | None = None
    tests: int | None = None
    failed: int | None = None
    skipped: int | None = None
    purpose: str = "milestone"
    evidence: Blob | None = None
    flaky: tuple[str, ...] = ()
    held_out: bool = False


@event("sandbox.chosen")
@dataclass(frozen=True, slots=True)
class SandboxChosen(Event):
    """The level at which this process holds commands, with what its canaries proved and what they could not."""

    level: str
    proved: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@event("environment.captured")
@dataclass(frozen=True, slots=True)
class EnvironmentCaptured(Event):
    """The environment's fingerprint, as canonical JSON; `digest` is its SHA-256, `key` that of its lock files."""

    digest: str
    content: Blob
    key: str = ""
    milestone: str = ""
    reason: str = ""


@event("environment.drifted")
@dataclass(frozen=True, slots=True)
class EnvironmentDrifted(Event):
    """The environment is not the pinned one any more; `lines` is the difference, a line for each thing."""

    milestone: str
    pinned: str
    found: str
    lines: tuple[str, ...]


@event("network.asked")
@dataclass(frozen=True, slots=True)
class NetworkAsked(Event):
    """A command asked the proxy for a connection; `verdict` is opened or refused."""

    milestone: str
    host: str
    port: int
    verdict: str
    reason: str = ""
    sent: int = 0
    received: int = 0


@event("ledger.restarted")
@dataclass(frozen=True, slots=True)
class LedgerRestarted(Event):
    """A human goes on with a log that is not what was signed: `signed` events then, `kept` events now."""

    by: str
    why: str
    signed: int
    kept: int


@event("payload.erased")
@dataclass(frozen=True, slots=True)
class PayloadErased(Event):
    """The tombstone of these events' contents: who had them erased, and why. Their headers stay."""

    events: tuple[int, ...]
    by: str
    why: str
