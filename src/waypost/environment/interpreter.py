"""The Python that commands find: what it is and where its packages lie, without running what an agent installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from waypost.environment.files import Mark, mark, sha256_of

PATIENCE = 10.0
ASK = (
    "import json, platform, site, sys; "
    "print(json.dumps([platform.python_implementation(), platform.python_version(), "
    "sys.executable, [site.getusersitepackages(), *site.getsitepackages()]]))"
)
SHARES = re.compile(r"^include-system-site-packages *= *true", re.MULTILINE | re.IGNORECASE)
Answer = tuple[str, str, str, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python by what it is, wherever it lies. `sha256` is that of the real binary."""

    implementation: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter, and the folders that it imports packages from, the first ones first."""

    interpreter: Interpreter
    folders: tuple[Path, ...]


def python_of(folder: Path, base: str, variables: Mapping[str, str]) -> Python | None:
    """The Python of a virtual environment that was made from `base`; None where that does not answer.

    The environment's own binary is hashed and never started: a set-up may have put another one there.
    """
    asked = _ask(base, variables)
    if asked is None:
        return None
    implementation, version, _, shared = asked
    binary = folder / "bin" / "python3"
    own = sorted(folder.glob("lib/*/site-packages"))
    config = folder / "pyvenv.cfg"
    does_share = config.is_file() and SHARES.search(config.read_text(errors="replace")) is not None
    folders = (*own, *(shared if does_share else ()))
    return Python(Interpreter(implementation, version, sha256_of(binary.resolve())), folders)


def python_on_path(variables: Mapping[str, str]) -> Python | None:
    """The Python that `python3` starts with these variables; None where there is none."""
    found = shutil.which("python3", path=variables.get("PATH", ""))
    if found is None:
        return None
    folder = Path(found).parent.parent
    if (folder / "pyvenv.cfg").is_file():
        return python_of(folder, found, variables)
    asked = _ask(found, variables)
    if asked is None:
        return None
    implementation, version, binary, folders = asked  # what is on PATH may be a script that chooses a Python
    return Python(Interpreter(implementation, version, sha256_of(Path(binary).resolve())), folders)


def _ask(binary: str, variables: Mapping[str, str]) -> Answer | None:
    """Implementation, version, binary, and folders of packages: the user's own, then the machine's."""
    found = mark(Path(binary).resolve())
    return _answer(binary, found, variables.get("HOME", "/")) if found else None


@lru_cache(maxsize=64)
def _answer(binary: str, _found: Mark, home: str) -> Answer | None:
    """Starts it once, isolated (-I) and without packages (-S): nothing that lies among them runs."""
    try:
        asked = subprocess.run(
            [binary, "-I", "-S", "-c", ASK],
            env={"HOME": home, "LC_ALL": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        implementation, version, executable, folders = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):  # it is no Python, or a broken one
        return None
    return implementation, version, executable, tuple(Path(each) for each in folders if Path(each).is_dir())
