"""Runs commands as they are, with limits but without walls.

What a command starts is found again by session and by environment mark. A process that both leaves the
session and wipes its environment is not: only a process namespace catches that one.
"""

from __future__ import annotations

from collections.abc import Callable

from waypost.sandbox.limits import limited_by_shell
from waypost.sandbox.running import run_to_its_end
from waypost.sandbox.sandbox import Command, Outcome
from waypost.sandbox.starting import Start, program
from waypost.sandbox.walls import Level


class PlainSandbox:
    """Runs each command in a session of its own, on this machine, as this user.

    Of a command's walls only the limits hold here.
    """

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.NONE

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run. Adds about half a millisecond to the bare process."""
        limits = command.walls.limits if command.walls else None
        argv = command.argv
        if limits is not None:
            argv = (*limited_by_shell(limits), program(command), *argv[1:])
        return await run_to_its_end(command, Start(argv, command.variables, limits=limits), on_started)
