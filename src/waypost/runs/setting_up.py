"""Set-ups run behind walls: they start what an agent may have written, and they mostly have a network."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.documents.model import AllowedHost, Documents
from waypost.environment.registries import CACHES, furnish, local_sources
from waypost.environment.seal import remove
from waypost.environment.steps import Step, StepEnded
from waypost.runs.fences import setup_walls
from waypost.runs.project import Project
from waypost.sandbox.sandbox import Command, Outcome, Sandbox
from waypost.sandbox.walls import Level, SharedNetwork

if TYPE_CHECKING:
    from waypost.sandbox.egress import Asked

SCRATCH = "scratch"
OUTPUT = 16 << 20
"""Bytes of a step's output that are kept."""
OPEN = "its set-up has this machine's whole network; PROMPT.md's Environment can list hosts: `- Network: HOST:PORT`"
NOT_HELD = "the hosts of PROMPT.md's Environment can't be held at this level of sandbox, so the set-up had no network"


@dataclass(frozen=True, slots=True)
class Setting:
    """Runs the steps of builds; `mark` is that of their processes. Where no sandbox is had they run plainly."""

    project: Project
    documents: Documents
    sandbox: Sandbox
    mark: str

    @property
    def hosts(self) -> tuple[AllowedHost, ...] | None:
        """What a set-up may reach; None for all that the machine reaches."""
        return self.documents.target.environment.hosts

    async def run(self, step: Step) -> StepEnded:
        """See environment.steps.Runner. Raises SandboxError where nothing could be run at all."""
        if self.sandbox.level is Level.NONE:
            return _told(await self.sandbox.run(self._command(step)))
        scratch = step.folder.parent / SCRATCH
        remove(scratch)
        try:
            return await self._walled(step, scratch)
        finally:
            remove(scratch)

    async def _walled(self, step: Step, scratch: Path) -> StepEnded:
        for name in ("home", "tmp"):
            (scratch / name).mkdir(parents=True)
        user = Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)
        own = furnish(scratch / "home", user) | {"TMPDIR": str(scratch / "tmp")} | _tools_of(user)
        variables = {name: value for name, value in step.variables.items() if name not in CACHES} | own
        approved = dict(self.documents.target.environment.variables)
        asked = _Asked()
        async with self._network(asked) as network:
            walls = setup_walls(
                self.project,
                self.documents,
                step,
                scratch=scratch,
                registries=local_sources(user, step.variables, approved.values()),
                network=network,
                host_network=self.hosts is None,
            )
            command = replace(self._command(step), variables=variables, walls=walls)
            ended = _told(await self.sandbox.run(command))
        notes = [*asked.lines, *([NOT_HELD] if self.hosts and network is None else [])]
        told = "".join(f"waypost: {line}\n" for line in notes).encode()
        return replace(ended, output=_lines(ended.output) + told)

    def _command(self, step: Step) -> Command:
        return Command(step.argv, step.checkout, step.variables, step.timeout, OUTPUT, mark=self.mark)

    @asynccontextmanager
    async def _network(self, asked: _Asked) -> AsyncIterator[SharedNetwork | None]:
        """The network of listed hosts alone, where the level has networks of its own."""
        if not self.hosts or self.sandbox.level is not Level.BUBBLEWRAP:
            yield None
            return
        from waypost.sandbox.network import open_network

        names = [host.secret for host in self.hosts if host.secret]
        secrets = {name: os.environ[name] for name in names if os.environ.get(name)}
        async with open_network(self.sandbox.level, hosts=self.hosts, secrets=secrets, on_asked=asked.tell) as network:
            yield network


@dataclass(slots=True)
class _Asked:
    """The connections of one step, as lines for its log."""

    lines: list[str] = field(default_factory=list)

    def tell(self, asked: Asked) -> None:
        """Notes a connection."""
        why = f" ({asked.reason})" if asked.reason else ""
        self.lines.append(f"network: {asked.host}:{asked.port} {asked.verdict}{why}")


def _tools_of(user: Path) -> dict[str, str]:
    """Tools that find their versions from the home folder still look into the user's, which is read-only."""
    named = {"RUSTUP_HOME": ".rustup", "PYENV_ROOT": ".pyenv", "NVM_DIR": ".nvm"}
    return {name: str(user / folder) for name, folder in named.items() if (user / folder).is_dir()}


def _told(outcome: Outcome) -> StepEnded:
    """How a step ended, in words."""
    output = outcome.output
    if outcome.dropped:
        cut = f"\n… {outcome.dropped:,} bytes left out …\n".encode()
        output = output[: outcome.cut_at] + cut + output[outcome.cut_at :]
    if outcome.timed_out:
        return StepEnded(output, timed_out=True)
    if outcome.limit:
        return StepEnded(output, f"was ended by a limit: {outcome.limit}")
    if outcome.signal is not None:
        return StepEnded(output, f"was ended by signal {outcome.signal}")
    if outcome.exit != 0:
        return StepEnded(output, f"failed with exit code {outcome.exit}")
    return StepEnded(output)


def _lines(output: bytes) -> bytes:
    return output if not output or output.endswith(b"\n") else output + b"\n"
