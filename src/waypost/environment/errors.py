"""What can go wrong with an environment, each with the mend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class BuildError(Exception):
    """The environment could not be made; the text says what, where and the mend."""


class NoInterpreter(BuildError):
    """The interpreter that the target names is not on this machine."""


@dataclass
class SetupFailed(BuildError):
    """The set-up command was red or took too long; `tail` are the last lines that it wrote."""

    reason: str
    tail: tuple[str, ...]
    log_path: Path

    def __str__(self) -> str:
        lines = "\n".join(f"  {line}" for line in self.tail)
        return f"the environment's set-up {self.reason}; all that it wrote is in {self.log_path}\n{lines}"


class BadFingerprint(BuildError):
    """What was read is no fingerprint; the text says why and the mend."""


class BadEnvironmentLock(BuildError):
    """An env.lock.json that was edited by hand, cut, or is another program's."""
