"""Building an environment from what the target names: once for each state of its lock files."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from waypost.environment.clean import base_variables, without_passwords
from waypost.environment.editable import source_roots
from waypost.environment.errors import NoInterpreter, SetupFailed
from waypost.environment.key import key_of
from waypost.environment.seal import remove, seal
from waypost.environment.spec import EnvironmentSpec
from waypost.environment.steps import Runner, Step

__all__ = ["BuiltEnvironment", "EnvironmentSpec", "build", "stored"]

MARKER = "waypost-environment.json"
INSIDE = "tree"
TAIL_LINES = 30
ASK_VERSION = "import sys; print(sys.version.split()[0], sys.executable)"
BETWEEN_LOOKS = 0.05
"""Seconds."""


@dataclass(frozen=True, slots=True)
class BuiltEnvironment:
    """An environment ready for use. Where nothing was named there is no folder and the key is empty.

    `built` is False where it was found in the store; `seconds` is what building took, now or then.
    `source_roots` are folders of the checkout that editable installs import from; `interpreter` is what a virtual
    environment was made from; `warnings` are for a person.
    """

    folder: Path | None
    key: str
    variables: dict[str, str]
    built: bool
    seconds: float
    log_path: Path | None
    source_roots: tuple[str, ...] = ()
    interpreter: str = ""
    warnings: tuple[str, ...] = ()

    def variables_in(self, checkout: Path, home: Path | None = None) -> dict[str, str]:
        """The variables for one checkout: its own source goes before that of the set-up's checkout.

        `home` replaces the user's home folder: an empty one of the command's own has no start-up files in it.
        """
        own = [str((checkout / root).resolve()) for root in self.source_roots]
        named = [path for path in (self.variables.get("PYTHONPATH"),) if path]
        paths = {"PYTHONPATH": os.pathsep.join([*own, *named])} if own else {}
        return {**self.variables, **paths, **({"HOME": str(home)} if home else {})}


async def build(spec: EnvironmentSpec, checkout: Path, store: Path, run: Runner) -> BuiltEnvironment:
    """Finds the environment in the store, or builds it there: `run` runs its commands in `checkout`.

    Two who build the same one wait for each other; one that was cut short is built anew. Raises NoInterpreter or
    SetupFailed, and what `run` raises.
    """
    if spec.is_empty:
        return _nothing(spec)
    interpreter, version = _interpreter(spec) if spec.wants_python else ("", "")
    key = key_of(spec, checkout, (interpreter, version))
    store.mkdir(parents=True, exist_ok=True)
    folder = store.resolve() / key.text / INSIDE
    async with _only_one(store / f"{key.text}.lock"):
        if is_new := not (folder.is_dir() and _marker_of(folder).exists()):
            await _Building(spec, interpreter, checkout.resolve(), folder, _log_of(folder), run).build()
        return _read(spec, folder, is_new=is_new, warnings=key.warnings)


def stored(spec: EnvironmentSpec, store: Path, key: str) -> BuiltEnvironment | None:
    """The environment of that key where it was built already; nothing is built, and nothing started."""
    if spec.is_empty:
        return _nothing(spec) if not key else None
    folder = store.resolve() / key / INSIDE
    return _read(spec, folder, is_new=False) if key and folder.is_dir() and _marker_of(folder).exists() else None


def _nothing(spec: EnvironmentSpec) -> BuiltEnvironment:
    return BuiltEnvironment(None, "", _for_commands(spec, base_variables(extra=spec.variables)), False, 0.0, None)


def _read(spec: EnvironmentSpec, folder: Path, *, is_new: bool, warnings: tuple[str, ...] = ()) -> BuiltEnvironment:
    facts = json.loads(_marker_of(folder).read_text())
    return BuiltEnvironment(
        folder,
        folder.parent.name,
        _for_commands(spec, _variables(spec, folder)),
        is_new,
        facts["seconds"],
        _log_of(folder),
        tuple(facts["source_roots"]),
        facts["interpreter"],
        warnings,
    )


def _marker_of(folder: Path) -> Path:
    """Says that the folder is whole. It lies above it, where no set-up can write."""
    return folder.parent / MARKER


def _log_of(folder: Path) -> Path:
    return folder.parent.with_name(f"{folder.parent.name}.log")


def _for_commands(spec: EnvironmentSpec, variables: Mapping[str, str]) -> dict[str, str]:
    """A password that reaches the packages is the set-up's; one that the target itself names was approved."""
    return without_passwords(variables, spec.variables)


def _interpreter(spec: EnvironmentSpec) -> tuple[str, str]:
    """Path and version of the interpreter that is asked for, or else of our own."""
    if spec.interpreter is None:
        return sys.executable, sys.version.split()[0]
    found = shutil.which(spec.interpreter, path=base_variables()["PATH"])
    if found is None:
        raise NoInterpreter(
            f"{spec.interpreter}: not found on PATH; install it, or name another in PROMPT.md's Environment"
        )
    asked = subprocess.run([found, "-c", ASK_VERSION], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise NoInterpreter(f"{found}: is no Python interpreter: {asked.stderr.strip()}")
    version, path = asked.stdout.strip().split(" ", 1)
    return path, version


@dataclass(frozen=True, slots=True)
class _Building:
    """One environment that is being built, in place, for a virtual environment can't be moved."""

    spec: EnvironmentSpec
    interpreter: str
    checkout: Path
    folder: Path
    log_path: Path
    run: Runner

    async def build(self) -> None:
        """Runs the commands; the marker is written last."""
        started = time.monotonic()
        _marker_of(self.folder).unlink(missing_ok=True)
        await asyncio.to_thread(remove, self.folder)
        self.folder.mkdir(parents=True)
        with self.log_path.open("wb") as log:
            for command in self._commands():
                await self._step(command, started, log)
        await asyncio.to_thread(self._close, started)

    def _close(self, started: float) -> None:
        facts = {
            "seconds": round(time.monotonic() - started, 3),
            "source_roots": source_roots(self.folder, self.checkout),
            "interpreter": self.interpreter,
        }
        seal(self.folder)
        marker = _marker_of(self.folder)
        draft = marker.with_suffix(".draft")
        draft.write_text(json.dumps(facts))
        draft.replace(marker)

    def _commands(self) -> Iterator[tuple[str, ...]]:
        if self.spec.wants_python:
            yield (self.interpreter, "-m", "venv", str(self.folder))
        if self.spec.setup:
            yield ("bash", "-o", "pipefail", "-e", "-c", self.spec.setup)

    async def _step(self, command: tuple[str, ...], started: float, log: BinaryIO) -> None:
        left = self.spec.setup_timeout - (time.monotonic() - started)
        variables = _variables(self.spec, self.folder)
        step = Step(command, self.checkout, self.folder, self.interpreter, variables, max(left, 0.1))
        ended = await self.run(step)
        log.write(ended.output)
        log.flush()
        if ended.timed_out:
            raise _failed(f"took longer than {self.spec.setup_timeout:g} s and was ended", self.log_path)
        if ended.reason:
            raise _failed(ended.reason, self.log_path)


def _failed(reason: str, log_path: Path) -> SetupFailed:
    lines = log_path.read_text(errors="replace").splitlines()
    return SetupFailed(reason, tuple(lines[-TAIL_LINES:]), log_path)


def _variables(spec: EnvironmentSpec, folder: Path) -> dict[str, str]:
    """The clean variables, with the environment's programs first. Its folder is WAYPOST_ENVIRONMENT."""
    clean = base_variables(extra=spec.variables)
    programs = [str(folder / "bin"), str(folder / "node_modules" / ".bin"), clean["PATH"]]
    clean |= {"WAYPOST_ENVIRONMENT": str(folder), "PATH": os.pathsep.join(programs)}
    return {**clean, "VIRTUAL_ENV": str(folder)} if spec.wants_python else clean


@asynccontextmanager
async def _only_one(file: Path) -> AsyncIterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            if _locked(descriptor):
                break
            await asyncio.sleep(BETWEEN_LOOKS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
