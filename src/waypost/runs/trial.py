"""One trial of a tree: its gates in clean checkouts, with what was tampered with put back, and flakes told apart."""

from __future__ import annotations

import datetime
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from waypost.documents.model import Gate, GateKind, Milestone
from waypost.environment.build import BuiltEnvironment
from waypost.events import kinds
from waypost.gates.census import Census
from waypost.gates.verdict import Verdict
from waypost.runs.evidence import ended_event
from waypost.runs.fences import gate_walls
from waypost.sandbox.walls import SharedNetwork, Walls
from waypost.workspace.checkout import clean_checkout
from waypost.workspace.clone import clean_clone

if TYPE_CHECKING:
    from waypost.runs.session import Bay


Told = TypeVar("Told")
Listener = Callable[[Told], Awaitable[None] | None]


def nobody(_: object) -> None:
    """Hears, and does nothing."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a gate said of the last green commit."""

    verdict: str
    census: Census | None


@dataclass(slots=True)
class Trial:
    """The gates of one tree. `tree` is judged, `shown` is what gates see of it, `green` the last green commit.

    `restored` are the paths in which the two differ. `purpose` is told in every event (see GateStarted).
    """

    bay: Bay
    tree: str
    shown: str
    green: str
    environment: BuiltEnvironment
    purpose: str = "milestone"
    restored: tuple[str, ...] = ()
    before: Mapping[str, Before] = field(default_factory=dict)
    held_out: Mapping[str, Path] = field(default_factory=dict)
    in_clone: bool = False
    fingerprint: str = ""
    """The digest of `environment`, where it is not the run's pinned one."""

    async def run(self, milestone: Milestone, gates: Sequence[Gate]) -> tuple[Verdict, ...]:
        """The gates' verdicts; each is an event. A red one is told from a flake before it is believed."""
        chosen = [gate for gate in gates if gate.kind is not GateKind.MANUAL]
        named = {gate.name: gate for gate in chosen}

        async def started(gate: Gate) -> None:
            began = kinds.GateStarted(
                milestone.id, gate.name, gate.kind, self.tree, told_command(gate), purpose=self.purpose
            )
            self.bay.journal.write(began)

        async def ended(verdict: Verdict) -> None:
            if not self._may_be_flaky(named[verdict.gate], verdict):
                self._write(milestone, named[verdict.gate], verdict)

        verdicts = await self._round(milestone, chosen, self.shown, started=started, ended=ended)
        services = [gate for gate in chosen if gate.kind is GateKind.SERVICE]
        settled = []
        for first in verdicts:
            gate, verdict = named[first.gate], first
            if self._may_be_flaky(gate, first):
                verdict = await self._settled(milestone, gate, services, first)
                self._write(milestone, gate, verdict)
            settled.append(verdict)
        return tuple(settled)

    async def only_tests(self, milestone: Milestone, gate: Gate, tree: str, ids: Collection[str] | None) -> Verdict:
        """What a gate says of another tree, of these tests alone (None: of all); nobody is told."""
        return (await self._round(milestone, [gate], tree, only=ids))[0]

    def _may_be_flaky(self, gate: Gate, verdict: Verdict) -> bool:
        """A red one may be; what was red before the work is looked at again only if the work is blamed for it."""
        is_chance = gate.kind is not GateKind.SERVICE and self.purpose != "baseline" and not verdict.refusals
        return verdict.verdict == "red" and is_chance

    async def _settled(self, milestone: Milestone, gate: Gate, services: Sequence[Gate], first: Verdict) -> Verdict:
        from waypost.gates.flakes import settle_red

        async def again(tree: str, ids: Collection[str]) -> Verdict:
            return (await self._round(milestone, [*services, gate], tree, only=ids or None))[-1]

        return await settle_red(
            first,
            rerun=lambda ids: again(self.shown, ids),
            rerun_before=lambda ids: again(self.green, ids),
            quarantine=self.bay.documents.plan.quarantine,
            today=datetime.datetime.now(datetime.UTC).date().isoformat(),
        )

    async def _round(
        self,
        milestone: Milestone,
        gates: Sequence[Gate],
        tree: str,
        *,
        only: Collection[str] | None = None,
        started: Listener[Gate] = nobody,
        ended: Listener[Verdict] = nobody,
    ) -> tuple[Verdict, ...]:
        from waypost.gates.run import run_gates  # here, as a run's start should not wait for what its end needs

        bay, place = self.bay, self.bay.project.checkouts
        with ExitStack() as checkouts:

            async def fresh() -> Path:
                if self.in_clone:
                    return checkouts.enter_context(clean_clone(bay.project.repository, self.green, place))
                return checkouts.enter_context(clean_checkout(bay.project.repository, tree, self.green, place)).folder

            return await run_gates(
                gates,
                checkout=await fresh(),
                fresh=fresh,
                tree=tree,
                sandbox=bay.sandbox,
                variables=self.environment.variables_in,
                mark=lambda name: f"{bay.run}/gate-{milestone.id}-{tree[:12]}-{name}",
                secrets=os.environ,
                walls=self._walls,
                before={name: item.census for name, item in self.before.items() if item.census and not only},
                held_out=self._held_out(gates),
                network=self._network,
                only=only,
                on_started=started,
                on_ended=ended,
            )

    def _held_out(self, gates: Sequence[Gate]) -> dict[str, Path]:
        named = {gate.name: self.held_out.get(gate.held_out or "") for gate in gates}
        return {name: folder for name, folder in named.items() if folder is not None}

    def _network(self) -> AbstractAsyncContextManager[SharedNetwork]:
        from waypost.sandbox.network import open_network

        return open_network(self.bay.sandbox.level)

    def _walls(self, gate: Gate, checkout: Path) -> Walls:
        held_out = self.held_out.get(gate.held_out or "")
        return gate_walls(self.bay.project, checkout, self.bay.documents, self.environment, held_out)

    def _write(self, milestone: Milestone, gate: Gate, verdict: Verdict) -> None:
        event = ended_event(
            milestone.id,
            verdict,
            purpose=self.purpose,
            tree=self.tree,
            restored=self.restored,
            environment=self.fingerprint or self.bay.fingerprint,
            held_out=gate.held_out is not None,
        )
        self.bay.journal.write(event)


def told_command(gate: Gate) -> str:
    """The command as the log tells it; that of a held-out gate stands in the approved plan alone."""
    return gate.command if gate.oracle is None else f"{gate.command}\n# oracle: {gate.oracle}"
