"""What the gates of one verification share, and the way in which one of them is run to its verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from waypost.documents.model import Gate, GateKind
from waypost.gates.census import Census
from waypost.gates.errors import GateError
from waypost.gates.invocation import runners
from waypost.gates.judge import Scene, judge, settle, with_oracle
from waypost.gates.junit import remove_stale
from waypost.gates.probe import direct
from waypost.gates.service import Service
from waypost.gates.testimony import Testimony, refuse
from waypost.gates.verdict import Finding, Verdict
from waypost.gates.witness import Witness, hides_everything, hides_plugin
from waypost.sandbox.sandbox import Command, Outcome, Sandbox, SandboxError, shell
from waypost.sandbox.walls import SharedNetwork, Walls

HELD_OUT = "WAYPOST_HELD_OUT"
_UNWITNESSED = Finding(
    "unwitnessed", "", "the command hides the runtime's plugin from its pytest, which could not be watched", False
)
_KEPT_OUT = refuse(
    "unwitnessed",
    "pytest could not load the runtime's plugin, though nothing in the command hides it; start `python -m pytest`",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """See run_gates, whose arguments these are.

    `walls` gives what a gate's commands may touch. `before` are the censuses of the last green commit by gate.
    `held_out` are the folders of held-out gates by name; each is shown to its gate alone, as $WAYPOST_HELD_OUT.
    `only` restricts the tests of a pytest to these ids; other runners run everything.
    """

    checkout: Path
    tree: str
    sandbox: Sandbox
    variables: Callable[[Path], Mapping[str, str]]
    mark: Callable[[str], str]
    secrets: Mapping[str, str]
    walls: Callable[[Gate, Path], Walls] | None = None
    before: Mapping[str, Census] = field(default_factory=dict)
    held_out: Mapping[str, Path] = field(default_factory=dict)
    only: Collection[str] | None = None
    network: SharedNetwork | None = None

    def without_running(self, gate: Gate) -> Verdict | None:
        """The verdict on a gate for which there is nothing to run, or nothing to run it with."""
        scene = self._scene(gate)
        if gate.kind is GateKind.MANUAL:
            return settle(gate, "waiting", "waits for a human", scene)
        if gate.kind is GateKind.ENV and not self._secrets(gate):
            return settle(gate, "skipped", f"skipped: no {gate.variable} in the environment", scene)
        if not self.checkout.is_dir():
            return settle(gate, "red", "the checkout is gone: a gate before this one removed it", scene)
        if gate.held_out is not None and not self._held_out(gate):
            return settle(gate, "red", f"its held-out folder is not there: {gate.held_out}", scene)
        return None

    def service(self, gate: Gate) -> Service:
        """The gate's service, not yet started."""
        connect = self.network.connect if self.network is not None else direct
        return Service(gate, self._command(gate, gate.command), self.sandbox, self._scene(gate), connect)

    async def check(self, gate: Gate) -> Verdict:
        """Runs a gate's command to its end, and if that is green its oracle."""
        scene = self._scene(gate)
        try:
            verdict = await self._judged(gate, scene)
            if verdict.verdict == "green" and gate.oracle:
                # A process of its own: what the tests did to theirs is gone.
                said = await self.sandbox.run(self._command(gate, gate.oracle))
                verdict = with_oracle(verdict, gate, said, scene)
        except (SandboxError, GateError) as error:
            return settle(gate, "red", str(error), scene)
        return replace(verdict, essence="") if gate.held_out is not None else verdict

    async def _judged(self, gate: Gate, scene: Scene) -> Verdict:
        outcome, told, found_plugin = await self._witnessed(gate)
        if not found_plugin and self._may_be_unwitnessed(gate):
            outcome, told = await self._run(gate, self._command(gate, gate.command)), None
        elif not found_plugin:
            verdict = judge(gate, outcome, scene, told)
            return replace(verdict, findings=(*verdict.findings, _KEPT_OUT))
        elif (
            told is not None and not told.spoke and "pytest" in runners(gate.command) and hides_everything(gate.command)
        ):
            told = None
        verdict = judge(gate, outcome, scene, told)
        return verdict if told is not None else replace(verdict, findings=(*verdict.findings, _UNWITNESSED))

    def _may_be_unwitnessed(self, gate: Gate) -> bool:
        """Whether a pytest that can't find the plugin is the approved command's doing, and not the checkout's."""
        before = self.before.get(gate.name)
        was_so = before is not None and before.tests > 0 and not before.witnessed
        return was_so or "pytest" not in runners(gate.command) or hides_plugin(gate.command)

    async def _witnessed(self, gate: Gate) -> tuple[Outcome, Testimony | None, bool]:
        """How the command ended, what its pytest said, and whether it found the plugin by which it could."""
        witness = Witness(self.only)
        try:
            plain = self._command(gate, witness.text(gate.command))
            walls = plain.walls and replace(plain.walls, visible=(*plain.walls.visible, witness.folder))
            offered = witness.variables(plain.variables)
            command = replace(plain, variables=offered, walls=walls, pass_fds=witness.pass_fds)
            outcome = await self._run(gate, command)
            told = witness.hear()
            lost = bool(outcome.exit) and not told.spoke and witness.could_not_be_loaded(outcome.output)
            return outcome, told, not lost
        finally:
            witness.close()

    async def _run(self, gate: Gate, command: Command) -> Outcome:
        if gate.junit is not None:
            remove_stale(self.checkout, gate.junit)
        return await self.sandbox.run(command)

    def _command(self, gate: Gate, text: str) -> Command:
        variables = {**self.variables(self.checkout), **self._secrets(gate)}
        walls = self.walls(gate, self.checkout) if self.walls else None
        if place := self._held_out(gate):
            variables[HELD_OUT] = str(place)
        if walls is not None:
            visible = (*walls.visible, place) if place else walls.visible
            walls = replace(walls, visible=visible, network=self.network or walls.network)
        return Command(
            argv=_argv(text),
            folder=self.checkout,
            variables=variables,
            timeout=gate.timeout,
            mark=self.mark(gate.name),
            walls=walls,
        )

    def _held_out(self, gate: Gate) -> Path | None:
        place = self.held_out.get(gate.name)
        return place if gate.held_out is not None and place is not None and place.is_dir() else None

    def _scene(self, gate: Gate) -> Scene:
        level = str(self.sandbox.level) if self.walls else ""
        before = self.before.get(gate.name) if self.only is None else None
        return Scene(self.checkout, self.tree, self._secrets(gate), before, level)

    def _secrets(self, gate: Gate) -> dict[str, str]:
        """The one credential that the gate names, if it is there and not empty."""
        value = self.secrets.get(gate.variable, "") if gate.kind is GateKind.ENV and gate.variable else ""
        return {gate.variable: value} if gate.variable and value else {}


def _argv(text: str) -> tuple[str, ...]:
    """The shell's argv, with -e: in a command of several lines a red one must not be hidden by a green one."""
    argv = shell(text)
    at = argv.index("-c")
    return (*argv[:at], "-e", *argv[at:])
