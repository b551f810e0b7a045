"""Building an environment from what the target names: once for each state of its lock files."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from waypost.environment.clean import base_variables
from waypost.environment.editable import source_roots
from waypost.environment.errors import NoInterpreter, SetupFailed
from waypost.environment.process import run_to_end

MARKER = "waypost-environment.json"
TAIL_LINES = 30
PYTHON_SETUP = re.compile(r"\b(pip3?|python3?|uv|poetry|pytest|tox|nox)\b")
ASK_VERSION = "import sys; print(sys.version.split()[0], sys.executable)"


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """What PROMPT.md's Environment names. Paths of lock files are relative to the checkout.

    `setup` is run by bash; `setup_timeout` is in seconds; `variables` are added to the clean ones.
    """

    interpreter: str | None = None
    setup: str | None = None
    setup_timeout: float = 1800.0
    lock_files: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True where nothing has to be built."""
        return self.interpreter is None and self.setup is None

    @property
    def wants_python(self) -> bool:
        """Whether a virtual environment is made before the set-up runs."""
        return self.interpreter is not None or bool(self.setup and PYTHON_SETUP.search(self.setup))


@dataclass(frozen=True, slots=True)
class BuiltEnvironment:
    """An environment ready for use. Where nothing was named there is no folder and the key is empty.

    `built` is False where it was found in the store; `seconds` is what building took, now or then.
    `source_roots` are folders of the checkout that editable installs import from.
    """

    folder: Path | None
    key: str
    variables: dict[str, str]
    built: bool
    seconds: float
    log_path: Path | None
    source_roots: tuple[str, ...] = ()

    def variables_in(self, checkout: Path) -> dict[str, str]:
        """The variables for one checkout: its own source goes before that of the set-up's checkout."""
        own = [str((checkout / root).resolve()) for root in self.source_roots]
        named = [path for path in (self.variables.get("PYTHONPATH"),) if path]
        if not own:
            return dict(self.variables)
        return {**self.variables, "PYTHONPATH": os.pathsep.join([*own, *named])}


def build(
    spec: EnvironmentSpec,
    checkout: Path,
    store: Path,
    on_line: Callable[[str], None] = lambda _: None,
) -> BuiltEnvironment:
    """Finds the environment in the store, or builds it there with its set-up run in `checkout`.

    Two who build the same one wait for each other; one that was cut short is built anew. `on_line` gets
    each line that the set-up writes. Raises NoInterpreter or SetupFailed.
    """
    if spec.is_empty:
        return BuiltEnvironment(None, "", base_variables(extra=spec.variables), False, 0.0, None)
    interpreter, version = _interpreter(spec) if spec.wants_python else ("", "")
    key = _key(spec, checkout, (interpreter, version))
    store.mkdir(parents=True, exist_ok=True)
    folder, log_path = store.resolve() / key, store.resolve() / f"{key}.log"
    with _only_one(store / f"{key}.lock"):
        marker = folder / MARKER
        if built := not marker.exists():
            _build(spec, interpreter, checkout, folder, log_path, on_line)
        facts = json.loads(marker.read_text())
    variables = _variables(spec, folder)
    roots = tuple(facts["source_roots"])
    return BuiltEnvironment(folder, key, variables, built, facts["seconds"], log_path, roots)


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


def _key(spec: EnvironmentSpec, checkout: Path, interpreter: tuple[str, str]) -> str:
    """SHA-256 over all that the result depends on; a lock file that is missing counts as such."""
    locks = []
    for name in spec.lock_files:
        file = checkout / name
        locks.append([name, hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None])
    parts = [list(interpreter), spec.setup, locks, sorted(spec.variables.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _build(
    spec: EnvironmentSpec,
    interpreter: str,
    checkout: Path,
    folder: Path,
    log_path: Path,
    on_line: Callable[[str], None],
) -> None:
    """Builds in place, for a virtual environment can't be moved; the marker is written last."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    commands = [[interpreter, "-m", "venv", str(folder)]] if spec.wants_python else []
    if spec.setup:
        commands.append(["bash", "-o", "pipefail", "-e", "-c", spec.setup])
    variables = _variables(spec, folder)
    with log_path.open("wb") as log:
        for command in commands:
            left = spec.setup_timeout - (time.monotonic() - started)
            ended = run_to_end(command, checkout, variables, left, log, on_line)
            if ended is None:
                raise _failed(f"took longer than {spec.setup_timeout:g} s and was ended", log_path)
            if ended:
                raise _failed(f"failed with exit code {ended}", log_path)
    facts = {
        "seconds": round(time.monotonic() - started, 3),
        "source_roots": source_roots(folder, checkout),
        "interpreter": interpreter,
    }
    draft = folder / f"{MARKER}.draft"
    draft.write_text(json.dumps(facts))
    draft.replace(folder / MARKER)


def _failed(reason: str, log_path: Path) -> SetupFailed:
    lines = log_path.read_text(errors="replace").splitlines()
    return SetupFailed(reason, tuple(lines[-TAIL_LINES:]), log_path)


def _variables(spec: EnvironmentSpec, folder: Path) -> dict[str, str]:
    """The clean variables, with the environment's programs first. Its folder is WAYPOST_ENVIRONMENT."""
    clean = base_variables(extra=spec.variables)
    programs = [str(folder / "bin"), str(folder / "node_modules" / ".bin"), clean["PATH"]]
    clean |= {"WAYPOST_ENVIRONMENT": str(folder), "PATH": os.pathsep.join(programs)}
    return {**clean, "VIRTUAL_ENV": str(folder)} if spec.wants_python else clean


@contextmanager
def _only_one(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
