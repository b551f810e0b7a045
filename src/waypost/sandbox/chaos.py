"""A sandbox that injects faults into another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from signal import SIGKILL

from waypost.sandbox.sandbox import Command, Outcome, Sandbox, SpawnError
from waypost.sandbox.walls import Level


class Fault(StrEnum):
    """What goes wrong with a command."""

    NONE = "none"
    SPAWN_FAILS = "spawn fails"  # nothing runs
    KILLED = "killed"  # it runs, and its end is told as a SIGKILL
    OUTPUT_CUT = "output cut"  # it runs, and the second half of its output is lost
    TIMED_OUT = "timed out"  # it runs, and is said to have taken too long


class ChaosSandbox:
    """Runs commands in `inner`, with one fault of `faults` for each in turn, and with none after the last."""

    def __init__(self, inner: Sandbox, faults: Iterable[Fault]) -> None:
        self._inner = inner
        self._faults = iter(faults)

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return self._inner.level

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run."""
        fault = next(self._faults, Fault.NONE)
        if fault is Fault.SPAWN_FAILS:
            raise SpawnError(f"{command.argv[0]}: not started: injected fault")
        outcome = await self._inner.run(command, on_started)
        half = len(outcome.output) // 2
        match fault:
            case Fault.KILLED:
                return replace(outcome, exit=None, signal=int(SIGKILL), output=outcome.output[:half])
            case Fault.OUTPUT_CUT:
                lost = len(outcome.output) - half
                return replace(outcome, output=outcome.output[:half], dropped=outcome.dropped + lost, cut_at=half)
            case Fault.TIMED_OUT:
                return replace(outcome, exit=None, signal=int(SIGKILL), timed_out=True)
        return outcome
