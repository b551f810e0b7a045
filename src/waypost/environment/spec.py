"""What a target asks of its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PYTHON_SETUP = re.compile(r"\b(pip3?|python3?|uv|poetry|pytest|tox|nox)\b")


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """What PROMPT.md's Environment names. Paths of lock files are relative to the checkout.

    `setup` is run by bash; `setup_timeout` is in seconds; `variables` are added to the clean ones; `tools` are
    programs that count in the fingerprint.
    """

    interpreter: str | None = None
    setup: str | None = None
    setup_timeout: float = 1800.0
    lock_files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True where nothing has to be built."""
        return self.interpreter is None and self.setup is None

    @property
    def wants_python(self) -> bool:
        """Whether a virtual environment is made before the set-up runs."""
        return self.interpreter is not None or bool(self.setup and PYTHON_SETUP.search(self.setup))
