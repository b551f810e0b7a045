"""Running a milestone's gates in one clean checkout."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from waypost.documents.model import Gate, GateKind
from waypost.gates.census import Census
from waypost.gates.service import Service
from waypost.gates.stage import Stage
from waypost.gates.verdict import Verdict
from waypost.sandbox.sandbox import Sandbox
from waypost.sandbox.walls import SharedNetwork, Walls

Told = TypeVar("Told")
Listener = Callable[[Told], Awaitable[None] | None]


async def run_gates(  # noqa: PLR0913 - each argument is one thing that a gate stands on; a bag would only hide them
    gates: Sequence[Gate],
    *,
    checkout: Path,
    tree: str,
    sandbox: Sandbox,
    variables: Callable[[Path], Mapping[str, str]],
    mark: Callable[[str], str],
    secrets: Mapping[str, str],
    on_started: Listener[Gate],
    on_ended: Listener[Verdict],
    walls: Callable[[Gate, Path], Walls] | None = None,
    before: Mapping[str, Census] | None = None,
    held_out: Mapping[str, Path] | None = None,
    network: Callable[[], AbstractAsyncContextManager[SharedNetwork]] | None = None,
    only: Collection[str] | None = None,
    fresh: Callable[[], Awaitable[Path]] | None = None,
) -> tuple[Verdict, ...]:
    """The gates' verdicts, in the order of `gates`; whatever a command does, it ends in one.

    Services are started first and stay up while the checks run, one after another; a red gate stops none
    of the others. `variables` gives the commands' whole environment for a checkout, `secrets` holds the
    credentials of which an `env` gate gets the one that it names, and `mark` gives for a gate's name the mark of
    its processes. The listeners hear of each gate that really starts and of each verdict, and may be coroutines;
    what they raise ends the round, and no process is left.

    For `walls`, `before`, `held_out` and `only` see Stage. If there is a service and there are walls, all commands
    share what `network` opens. `fresh` gives the checkout as it was, before each check that follows another.

    Raises ShellMissing where there is no bash: that is nothing that a repair of the tree could mend.
    """
    stage = Stage(checkout, tree, sandbox, variables, mark, secrets, walls, before or {}, held_out or {}, only)
    verdicts: dict[Gate, Verdict] = {}
    services: dict[Gate, Service] = {}

    async def ended(gate: Gate, verdict: Verdict) -> None:
        verdicts[gate] = verdict
        await _tell(on_ended, verdict)

    async with AsyncExitStack() as stack:
        if network is not None and walls is not None and any(gate.kind is GateKind.SERVICE for gate in gates):
            stage = replace(stage, network=await stack.enter_async_context(network()))
        stack.push_async_callback(_abandon, services)  # last in, first out: they end before their network does
        for gate in (gate for gate in gates if gate.kind is GateKind.SERVICE):
            await _tell(on_started, gate)
            services[gate] = stage.service(gate)
            if failed := await services[gate].start():
                await ended(gate, failed)
        has_run = False
        for gate in (gate for gate in gates if gate.kind is not GateKind.SERVICE):
            if has_run and fresh is not None:
                stage, has_run = replace(stage, checkout=await fresh()), False
            verdict = stage.without_running(gate)
            if verdict is None:
                await _tell(on_started, gate)
                verdict, has_run = await stage.check(gate), True
            await ended(gate, verdict)
        for gate in (gate for gate in reversed(services) if gate not in verdicts):
            await ended(gate, await services[gate].end())
    return tuple(verdicts[gate] for gate in gates)


async def _abandon(services: Mapping[Gate, Service]) -> None:
    for service in services.values():
        await service.abandon()


async def _tell(listener: Listener[Told], value: Told) -> None:
    heard = listener(value)
    if inspect.isawaitable(heard):
        await heard
