"""What an environment is, as one value and one SHA-256: two machines that are set up alike agree on it."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.environment.build import BuiltEnvironment, EnvironmentSpec
from waypost.environment.errors import BadFingerprint
from waypost.environment.interpreter import Interpreter, Python, python_of, python_on_path
from waypost.environment.locks import lock_hashes
from waypost.environment.packages import Package, node_packages, python_packages, startup_files
from waypost.environment.tools import NamedTool, named_tools
from waypost.events.canonical import canonical, sha256

FORMAT = 1
VARIABLES = ("LANG", "LC_ALL", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TZ")
NODE_SETUP = re.compile(r"\b(?:node|npm|npx|yarn|pnpm|corepack)\b")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An environment without paths, names of people and times.

    Pairs are sorted by name: `startup` and `lock_files` hold SHA-256, `system` and `variables` values; what is named
    and not there is left out. `damage` is what a deep look found: it is no part of the digest, and an undamaged
    environment has none.
    """

    interpreter: Interpreter | None
    packages: tuple[Package, ...]
    startup: Pairs
    lock_files: Pairs
    tools: tuple[NamedTool, ...]
    system: Pairs
    variables: Pairs
    damage: tuple[str, ...] = ()

    @property
    def content(self) -> bytes:
        """Canonical JSON, from which `from_json` makes an equal value (but for the damage)."""
        return canonical(self.as_json())

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return sha256(self.content)

    def as_json(self) -> dict[str, Any]:
        """The value as JSON has it."""
        python = self.interpreter
        return {
            "format": FORMAT,
            "interpreter": [python.implementation, python.version, python.sha256] if python else None,
            "packages": [[p.kind, p.name, p.version, p.sha256, p.editable] for p in self.packages],
            "startup": [list(pair) for pair in self.startup],
            "lock_files": [list(pair) for pair in self.lock_files],
            "tools": [[tool.name, tool.version, tool.sha256] for tool in self.tools],
            "system": [list(pair) for pair in self.system],
            "variables": [list(pair) for pair in self.variables],
        }

    @classmethod
    def from_json(cls, told: Any) -> Fingerprint:
        """The fingerprint of such JSON. Raises BadFingerprint."""
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise BadFingerprint(f"it is no fingerprint of format {FORMAT}; capture the environment anew")
        try:
            python = told["interpreter"]
            return cls(
                interpreter=Interpreter(*_texts(python, 3)) if python is not None else None,
                packages=tuple(_package(row) for row in told["packages"]),
                startup=_pairs(told["startup"]),
                lock_files=_pairs(told["lock_files"]),
                tools=tuple(NamedTool(*_texts(row, 3)) for row in told["tools"]),
                system=_pairs(told["system"]),
                variables=_pairs(told["variables"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise BadFingerprint(f"it does not read as a fingerprint ({problem}); capture it anew") from problem


def fingerprint(spec: EnvironmentSpec, checkout: Path, built: BuiltEnvironment, *, deep: bool = False) -> Fingerprint:
    """The fingerprint of a built environment, with the lock files of `checkout`.

    Where the target names nothing it is that of the python3 and the node which commands find. Nothing that lies in
    the environment is started. `deep` hashes each installed file, which takes seconds.
    """
    python = _python(spec, built)
    folders = python.folders if python else ()
    nodes = node_packages(built.folder) if built.folder else ()
    packages = (*python_packages(folders), *nodes)
    tools = named_tools(_tool_names(spec, built), built.variables, built.folder, packages)
    damage: tuple[str, ...] = ()
    if deep:
        from waypost.environment.deep import damaged

        damage = damaged(folders)
    return Fingerprint(
        interpreter=python.interpreter if python else None,
        packages=tuple(_safe_package(package) for package in packages),
        startup=_safe(startup_files(folders)),
        lock_files=_safe(pair for pair in lock_hashes(checkout, spec.lock_files) if pair[1]),
        tools=tuple(tool for tool in tools if tool.sha256),
        system=system(),
        variables=_safe(_chosen(spec, built.variables)),
        damage=damage,
    )


def system() -> Pairs:
    """The operating system without its kernel's build, which says nothing of what programs do."""
    if sys.platform == "darwin":
        release, libc = platform.mac_ver()[0], ""
    else:
        release, libc = _distribution(), _libc()
    named = os.uname()
    found = {"libc": libc, "machine": named.machine, "release": release, "system": named.sysname}
    return tuple((name, value) for name, value in sorted(found.items()) if value)


def _distribution() -> str:
    try:
        told = platform.freedesktop_os_release()
    except OSError:  # a distribution that does not say what it is
        return ""
    return f"{told.get('ID', '')} {told.get('VERSION_ID', '')}".strip()


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # another libc, which has no name for this
        return ""


def _python(spec: EnvironmentSpec, built: BuiltEnvironment) -> Python | None:
    if built.folder is not None and spec.wants_python:
        return python_of(built.folder, built.interpreter, built.variables)
    return python_on_path(built.variables) if spec.is_empty else None


def _tool_names(spec: EnvironmentSpec, built: BuiltEnvironment) -> tuple[str, ...]:
    """The named ones, and node where a set-up calls it or where all that is on PATH counts."""
    import shutil

    is_for_node = spec.setup is not None and NODE_SETUP.search(spec.setup) is not None
    is_there = shutil.which("node", path=built.variables.get("PATH", "")) is not None
    return (*spec.tools, *(("node",) if is_for_node or (spec.is_empty and is_there) else ()))


def _chosen(spec: EnvironmentSpec, variables: Mapping[str, str]) -> Pairs:
    names = sorted({*VARIABLES, *spec.variables})
    return tuple((name, variables[name]) for name in names if name in variables)


def _safe(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return tuple((_text(name), _text(value)) for name, value in pairs)


def _safe_package(package: Package) -> Package:
    name, version, digest = _text(package.name), _text(package.version), _text(package.sha256)
    return Package(name, version, digest, package.kind, package.editable)


def _text(text: str) -> str:
    """File names may hold bytes that are no text; canonical JSON may not."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _package(row: Any) -> Package:
    kind, name, version, digest, editable = row
    if kind not in {"python", "node"} or not isinstance(editable, bool):
        raise ValueError(f"{row!r} is no package")
    name, version, digest = _texts([name, version, digest], 3)
    return Package(name, version, digest, kind, editable)


def _pairs(rows: Any) -> Pairs:
    return tuple((name, value) for name, value in (_texts(row, 2) for row in rows))


def _texts(row: Any, count: int) -> list[str]:
    if not isinstance(row, list) or len(row) != count or not all(isinstance(text, str) for text in row):
        raise ValueError(f"{row!r} is not {count} texts")
    return row
