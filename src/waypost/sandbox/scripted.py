"""A sandbox that runs nothing and answers from a script, for tests of the floors above and for dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from waypost.sandbox.sandbox import Command, Outcome, SandboxError
from waypost.sandbox.walls import Level

_PID = 4_194_305
"""Above Linux' highest process id: a mistaken signal finds nobody."""


class NotInScriptError(SandboxError):
    """A command came for which the script has no answer."""


def answer(output: str = "", code: int = 0) -> Outcome:
    """An outcome that ended by itself."""
    return Outcome(exit=code, signal=None, timed_out=False, seconds=0.0, output=output.encode())


class ScriptedSandbox:
    """Answers by a command's text, which is the last of its argv; `commands` holds all that came."""

    def __init__(self, answers: Mapping[str, Outcome] | Callable[[Command], Outcome | None]) -> None:
        self._answers = answers
        self.commands: list[Command] = []

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.NONE

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run. Raises NotInScriptError."""
        self.commands.append(command)
        text = command.argv[-1]
        given = self._answers(command) if callable(self._answers) else self._answers.get(text)
        if given is None:
            raise NotInScriptError(f"the script has no answer for {text!r}; add one under this very text")
        if on_started is not None:
            on_started(_PID)
        return given
