"""What the gates said of the last green commit: run beside the agent's work, before they judge it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.documents.model import Gate, GateKind, Milestone
from waypost.events import kinds
from waypost.events.history import last_live, live
from waypost.gates.select import gates_for
from waypost.runs.evidence import census_of, evidence_of
from waypost.runs.trial import Before, Trial, told_command
from waypost.sandbox.walls import Level

if TYPE_CHECKING:
    from waypost.runs.session import Bay


def green_commit(bay: Bay) -> str:
    """The last commit that passed its gates, as the log has it: nobody can move that, as one can move a branch."""
    last = last_live(bay.project.log, bay.run, (kinds.MilestoneCommitted.kind,))
    if last is not None and isinstance(last.event, kinds.MilestoneCommitted):
        return last.event.commit
    opened = bay.project.log.last(bay.run, kinds=(kinds.RunOpened.kind,))
    assert opened is not None
    assert isinstance(opened.event, kinds.RunOpened)
    return opened.event.base


@dataclass(slots=True)
class Baseline:
    """The verdicts on the last green commit, from the log where it has them."""

    bay: Bay
    _running: asyncio.Task[None] | None = None

    def start(self, milestone: Milestone) -> None:
        """Begins to run what is missing, beside the agent's work where its services can't meet the gates'."""
        gates = gates_for(self.bay.documents.plan, milestone)
        is_apart = self.bay.sandbox.level is Level.BUBBLEWRAP or not _services(gates)
        if self._running is None and is_apart and self._missing(gates):
            self._running = asyncio.create_task(self._run(milestone, gates))

    async def before(self, milestone: Milestone, gates: Sequence[Gate]) -> dict[str, Before]:
        """What each gate said before the work, by name; what is missing is run now."""
        if self._running is not None:
            running, self._running = self._running, None
            await running
        if self._missing(gates):
            await self._run(milestone, gates)
        return self._known(gates)

    async def stop(self) -> None:
        """Ends what still runs."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def _run(self, milestone: Milestone, gates: Sequence[Gate]) -> None:
        green = green_commit(self.bay)
        tree = self.bay.project.repository.git.run("rev-parse", f"{green}^{{tree}}").text
        missing = set(self._missing(gates))
        chosen = [gate for gate in gates if gate in missing or gate.kind is GateKind.SERVICE]
        trial = Trial(self.bay, tree, tree, green, self.bay.environment, purpose="baseline", held_out=self.bay.held_out)
        await trial.run(milestone, chosen)

    def _missing(self, gates: Sequence[Gate]) -> list[Gate]:
        known = self._known(gates)
        wanted = [gate for gate in gates if gate.kind in {GateKind.CHECK, GateKind.ENV}]
        return [gate for gate in wanted if gate.name not in known]

    def _known(self, gates: Sequence[Gate]) -> dict[str, Before]:
        trees = self._green_trees()
        return self._found(gates, lambda ended: ended.tree in trees)

    def latest(self, gates: Sequence[Gate]) -> dict[str, Before]:
        """What each gate said last, of whatever tree: what the end of a run is compared with."""
        return self._found(gates, lambda ended: ended.purpose not in {"baseline", "hand"})

    def _found(self, gates: Sequence[Gate], counts: Callable[[kinds.GateEnded], bool]) -> dict[str, Before]:
        wanted = {gate.name: told_command(gate) for gate in gates}
        found: dict[str, Before] = {}
        log = self.bay.project.log
        for record in live(log, self.bay.run, (kinds.GateEnded.kind,)):
            ended = record.event
            if not isinstance(ended, kinds.GateEnded) or ended.gate not in wanted or not counts(ended):
                continue
            if evidence_of(log, ended).get("command") == wanted[ended.gate] and ended.verdict != "skipped":
                found[ended.gate] = Before(ended.verdict, census_of(log, ended))
        return found

    def _green_trees(self) -> set[str]:
        """The last green commit's tree, and the one verified for it: they differ in boxes and reports alone."""
        bay = self.bay
        trees = {bay.project.repository.git.run("rev-parse", f"{green_commit(bay)}^{{tree}}").text}
        committed = last_live(bay.project.log, bay.run, (kinds.MilestoneCommitted.kind,))
        if committed is None or not isinstance(committed.event, kinds.MilestoneCommitted):
            return trees
        verified = [
            record.event.tree
            for record in live(bay.project.log, bay.run, (kinds.GateEnded.kind,))
            if isinstance(record.event, kinds.GateEnded)
            and record.seq < committed.seq
            and (record.event.milestone, record.event.purpose) == (committed.event.milestone, "milestone")
        ]
        return trees | set(verified[-1:])


def _services(gates: Sequence[Gate]) -> bool:
    return any(gate.kind is GateKind.SERVICE for gate in gates)
