"""Running a milestone's gates in one clean checkout."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from waypost.documents.model import Gate, GateKind
from waypost.gates.judge import Scene, judge, settle
from waypost.gates.junit import BadReport, remove_stale
from waypost.gates.service import Service
from waypost.gates.verdict import Verdict
from waypost.sandbox.sandbox import Command, Sandbox, SandboxError, shell

Told = TypeVar("Told")
Listener = Callable[[Told], Awaitable[None] | None]


async def run_gates(  # noqa: PLR0913 - each argument is one thing that a gate stands on; a bag would only hide them
    gates: Sequence[Gate],
    *,
    checkout: Path,
    tree: str,
    sandbox: Sandbox,
    variables: Mapping[str, str],
    mark: Callable[[str], str],
    secrets: Mapping[str, str],
    on_started: Listener[Gate],
    on_ended: Listener[Verdict],
) -> tuple[Verdict, ...]:
    """The gates' verdicts, in the order of `gates`; whatever a command does, it ends in one.

    Services are started first and stay up while the checks run, one after another; a red gate stops none
    of the others. `variables` is the commands' whole environment, `secrets` holds the credentials of which
    an `env` gate gets the one that it names, and `mark` gives for a gate's name the mark of its processes.
    The listeners hear of each gate that really starts and of each verdict, and may be coroutines; what
    they raise ends the round, and no process is left. Raises ShellMissing where there is no bash: that is
    nothing that a repair of the tree could mend.
    """
    round_of_gates = _Round(checkout, tree, sandbox, variables, mark, secrets)
    verdicts: dict[Gate, Verdict] = {}
    services: dict[Gate, Service] = {}

    async def ended(gate: Gate, verdict: Verdict) -> None:
        verdicts[gate] = verdict
        await _tell(on_ended, verdict)

    try:
        for gate in (gate for gate in gates if gate.kind is GateKind.SERVICE):
            await _tell(on_started, gate)
            services[gate] = round_of_gates.service(gate)
            if failed := await services[gate].start():
                await ended(gate, failed)
        for gate in (gate for gate in gates if gate.kind is not GateKind.SERVICE):
            verdict = round_of_gates.without_running(gate)
            if verdict is None:
                await _tell(on_started, gate)
                verdict = await round_of_gates.check(gate)
            await ended(gate, verdict)
        for gate in (gate for gate in reversed(services) if gate not in verdicts):
            await ended(gate, await services[gate].end())
    finally:
        for service in services.values():
            await service.abandon()
    return tuple(verdicts[gate] for gate in gates)


@dataclass(frozen=True, slots=True)
class _Round:
    """What the gates of one verification share."""

    checkout: Path
    tree: str
    sandbox: Sandbox
    variables: Mapping[str, str]
    mark: Callable[[str], str]
    secrets: Mapping[str, str]

    def without_running(self, gate: Gate) -> Verdict | None:
        """The verdict on a gate for which there is nothing to run, or nothing to run it with."""
        if gate.kind is GateKind.MANUAL:
            return settle(gate, "waiting", "waits for a human", self._scene(gate))
        if gate.kind is GateKind.ENV and not self._secrets(gate):
            return settle(gate, "skipped", f"skipped: no {gate.variable} in the environment", self._scene(gate))
        if not self.checkout.is_dir():
            return settle(gate, "red", "the checkout is gone: a gate before this one removed it", self._scene(gate))
        return None

    def service(self, gate: Gate) -> Service:
        """The gate's service, not yet started."""
        return Service(gate, self._command(gate), self.sandbox, self._scene(gate))

    async def check(self, gate: Gate) -> Verdict:
        """Runs a gate's command to its end."""
        scene, command = self._scene(gate), self._command(gate)
        try:
            if gate.junit is not None:
                remove_stale(self.checkout, gate.junit)
            outcome = await self.sandbox.run(command)
        except (SandboxError, BadReport) as error:
            return settle(gate, "red", str(error), scene)
        return judge(gate, outcome, scene)

    def _command(self, gate: Gate) -> Command:
        return Command(
            argv=_argv(gate.command),
            folder=self.checkout,
            variables={**self.variables, **self._secrets(gate)},
            timeout=gate.timeout,
            mark=self.mark(gate.name),
        )

    def _scene(self, gate: Gate) -> Scene:
        return Scene(self.checkout, self.tree, self._secrets(gate))

    def _secrets(self, gate: Gate) -> dict[str, str]:
        """The one credential that the gate names, if it is there and not empty."""
        value = self.secrets.get(gate.variable, "") if gate.kind is GateKind.ENV and gate.variable else ""
        return {gate.variable: value} if gate.variable and value else {}


def _argv(text: str) -> tuple[str, ...]:
    """The shell's argv, with -e: in a command of several lines a red one must not be hidden by a green one."""
    argv = shell(text)
    at = argv.index("-c")
    return (*argv[:at], "-e", *argv[at:])


async def _tell(listener: Listener[Told], value: Told) -> None:
    heard = listener(value)
    if inspect.isawaitable(heard):
        await heard
