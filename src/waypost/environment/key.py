"""What an environment depends on, as its name in the store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from waypost.environment.files import sha256_of
from waypost.environment.locks import named_in
from waypost.environment.spec import EnvironmentSpec


@dataclass(frozen=True, slots=True)
class Key:
    """A name in the store (SHA-256), and what a person should know of how it came about."""

    text: str
    warnings: tuple[str, ...] = ()


def key_of(spec: EnvironmentSpec, checkout: Path, interpreter: tuple[str, str]) -> Key:
    """The key of path and version of the interpreter, the set-up, its lock files and variables.

    A lock file that is named and missing counts as such. Where none is named, those count that the set-up's text
    names, with a warning: what a script reads can't be told from its name.
    """
    files, warnings = spec.lock_files, tuple[str, ...]()
    if not files and spec.setup:
        files = named_in(spec.setup, checkout)
        warnings = _warnings(files)
    locks = [[name, sha256_of(checkout / name) or None] for name in files]
    parts = [list(interpreter), spec.setup, locks, sorted(spec.variables.items())]
    return Key(hashlib.sha256(json.dumps(parts).encode()).hexdigest(), warnings)


def _warnings(files: tuple[str, ...]) -> tuple[str, ...]:
    if not files:
        return ()
    names = ", ".join(files)
    said = "PROMPT.md's Environment names no lock file; its set-up reads"
    return (f"{said} {names}: write `- Lock files: {names}` there, so that nothing else is guessed",)
