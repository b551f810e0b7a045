"""Named programs: which version, and which bytes, a command would start."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from waypost.environment.files import Mark, mark, sha256_of
from waypost.environment.packages import Package

PATIENCE = 10.0
QUESTIONS = ("--version", "version", "-version")
VERSION = re.compile(r"\d+(?:\.\d+)+[0-9A-Za-z.+-]*")
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "RUSTUP_HOME", "CARGO_HOME", "JAVA_HOME")


@dataclass(frozen=True, slots=True)
class NamedTool:
    """A program by name. `version` is empty where it tells none, `sha256` where it is not there."""

    name: str
    version: str
    sha256: str


def named_tools(
    names: Iterable[str], variables: Mapping[str, str], folder: Path | None, packages: Iterable[Package]
) -> tuple[NamedTool, ...]:
    """The tools by name, as commands with these variables would find them.

    One in the environment's own `folder` is never started, for a set-up may have put anything there: its version
    is its package's, and its hash leaves out where the folder lies.
    """
    versions = {package.name: package.version for package in packages}
    return tuple(_named(name, variables, folder, versions) for name in sorted(set(names)))


def _named(name: str, variables: Mapping[str, str], folder: Path | None, versions: Mapping[str, str]) -> NamedTool:
    path = shutil.which(name, path=variables.get("PATH", ""))
    if path is None:
        return NamedTool(name, "", "")
    real = Path(path).resolve()
    if folder is not None and Path(path).is_relative_to(folder):
        return NamedTool(name, versions.get(name, ""), _sha256_without(real, folder))
    found = mark(real)
    environ = tuple((key, variables[key]) for key in KEPT if key in variables)
    return NamedTool(name, _version(path, found, environ) if found else "", sha256_of(real))


def _sha256_without(real: Path, folder: Path) -> str:
    if not real.is_relative_to(folder):
        return sha256_of(real)
    if not real.is_file():
        return ""
    return hashlib.sha256(real.read_bytes().replace(os.fsencode(folder), b"")).hexdigest()


@lru_cache(maxsize=64)
def _version(path: str, _found: Mark, environ: tuple[tuple[str, str], ...]) -> str:
    for question in QUESTIONS:
        try:
            asked = subprocess.run(
                [path, question],
                env=dict(environ),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):  # it can't be started, or waits for something
            return ""
        said = VERSION.search(asked.stdout.decode(errors="replace"))
        if asked.returncode == 0 and said:
            return said[0]
    return ""
