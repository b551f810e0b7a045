"""A service gate: started before the checks, asked until it is ready, up while they run, then stopped."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from waypost.documents.model import Gate
from waypost.gates.judge import Scene, seconds, settle
from waypost.gates.probe import Address, Answer, BadAddress, Connect, address, ask, direct, is_taken
from waypost.gates.verdict import Light, Verdict
from waypost.sandbox.sandbox import Command, Outcome, Sandbox, SandboxError

STAYS_UP = 3.0
"""Seconds after which a service without `ready=` counts as up."""
FOR_EVER = 7 * 24 * 3600.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_GRACE = 3.0


class Service:
    """One service through its life: `start`, then `end`; `abandon` whatever happened in between.

    It is asked through `connect`, as is whether something else already answers at its address.
    """

    def __init__(self, gate: Gate, command: Command, sandbox: Sandbox, scene: Scene, connect: Connect = direct) -> None:
        self._gate = gate
        self._stopping = asyncio.Event()
        self._command = replace(command, timeout=FOR_EVER, stop=self._stopping)
        self._sandbox = sandbox
        self._scene = scene
        self._connect = connect
        self._begun = 0.0
        self._ready_after = 0.0
        self._running: asyncio.Task[Outcome] | None = None

    async def start(self) -> Verdict | None:
        """Starts it and waits until it is ready; a red verdict if it does not come to that."""
        try:
            place = address(self._gate.ready) if self._gate.ready is not None else None
        except BadAddress as error:
            return settle(self._gate, "red", str(error), self._scene)
        if place is not None and await is_taken(place, connect=self._connect):
            return settle(self._gate, "red", f"something else already answers at {self._gate.ready}", self._scene)
        self._begun = time.monotonic()
        running = asyncio.create_task(self._sandbox.run(self._command))
        self._running = running
        problem = await (self._becomes_ready(running, place) if place else _stays_up(running))
        self._ready_after = time.monotonic() - self._begun
        if running.done():
            return self._ended_by_itself(running)
        return self._verdict("red", problem, await self._stop(running)) if problem else None

    async def end(self) -> Verdict:
        """Stops it after the checks: green if it was up until now."""
        running = self._running
        if running is None:
            return settle(self._gate, "red", "never started", self._scene)
        if running.done():
            return self._ended_by_itself(running, " before the checks had ended")
        up = "still up" if self._gate.ready is None else "ready"
        reason = f"{up} after {seconds(self._ready_after)}, and up until the checks had ended"
        return self._verdict("green", reason, await self._stop(running))

    async def abandon(self) -> None:
        """Ends it at once if it still runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _becomes_ready(self, running: asyncio.Task[Outcome], place: Address) -> str:
        """Empty when it is ready or has ended; else why it is not ready."""
        deadline, pause, answer = self._begun + self._gate.timeout, _SHORTEST_PAUSE, Answer(False, "not asked")
        while (left := deadline - time.monotonic()) > 0:
            answer = await self._unless_ended(running, place, left) or answer
            if running.done() or answer.ready:
                return ""
            await asyncio.wait({running}, timeout=min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return f"not ready after {seconds(self._gate.timeout)}: {self._gate.ready} ({answer.detail})"

    async def _unless_ended(self, running: asyncio.Task[Outcome], place: Address, within: float) -> Answer | None:
        """An answer, however long it takes; None if the service ends meanwhile."""
        asked = asyncio.create_task(ask(place, within, self._connect))
        try:
            await asyncio.wait({asked, running}, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else None
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    async def _stop(self, running: asyncio.Task[Outcome]) -> Outcome | None:
        """Asks it to end, then makes it; in this way, unlike by cancelling, its output is kept."""
        self._stopping.set()
        await asyncio.wait({running}, timeout=2 * _GRACE)
        if not running.done():
            await self.abandon()
        return None if running.cancelled() or running.exception() else running.result()

    def _verdict(self, light: Light, reason: str, outcome: Outcome | None) -> Verdict:
        """A verdict on a service that we stopped: how it ended says nothing."""
        stopped = replace(outcome, exit=None, signal=None) if outcome else None
        return settle(self._gate, light, reason, self._scene, stopped)

    def _ended_by_itself(self, running: asyncio.Task[Outcome], when: str = "") -> Verdict:
        try:
            outcome = running.result()
        except SandboxError as error:
            return settle(self._gate, "red", str(error), self._scene)
        how = f"signal {outcome.signal}" if outcome.exit is None else f"exit {outcome.exit}"
        mend = "; it must stay in the foreground" if outcome.left_running else ""
        reason = f"the service ended by itself after {seconds(outcome.seconds)}{when} ({how}){mend}"
        return settle(self._gate, "red", reason, self._scene, outcome)


async def _stays_up(running: asyncio.Task[Outcome]) -> str:
    await asyncio.wait({running}, timeout=STAYS_UP)
    return ""
