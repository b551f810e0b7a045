"""What is installed: Python distributions by their RECORD, npm packages by the lock file of their folder.

Python's form is PyPA's "Recording installed projects" (PEP 376, PEP 627).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from waypost.environment.files import REMEMBERED, Mark, mark

NPM_RECORD = ".package-lock.json"
# What pip and uv note of an installation and not of what was installed: addresses, paths, times.
NOTES = ("/RECORD", "/direct_url.json", "/INSTALLER", "/REQUESTED", "/uv_cache.json", "/uv_build.json")
STARTUP = re.compile(r"[^/]+\.pth|(?:sitecustomize|usercustomize)(?:\.[^/]+)?|_virtualenv\.py")
FIELD = re.compile(r"^(Name|Version): *(.*?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package. `kind` is python or node; `sha256` is over what it installed, or npm's integrity."""

    name: str
    version: str
    sha256: str
    kind: str = "python"
    editable: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """A package, and which of the files that Python reads at its start are the package's own."""

    package: Package
    startup: frozenset[str] = frozenset()


def python_packages(folders: Sequence[Path]) -> tuple[Package, ...]:
    """The distributions in these folders; of two by one name the first counts, as in an import."""
    return tuple(sorted((each.package for each in _installed(folders).values()), key=lambda package: package.name))


def startup_files(folders: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """Name and SHA-256 of what Python runs at each start and no package installed: `.pth` files, sitecustomize.

    Folders that a `.pth` names are left out of its hash, for they differ from machine to machine.
    """
    owned = frozenset[str]().union(*(each.startup for each in _installed(folders).values()))
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if STARTUP.fullmatch(path.name) and path.name not in owned:
                found.setdefault(path.name, _startup_sha256(path))
    return tuple(sorted(found.items()))


def node_packages(folder: Path) -> tuple[Package, ...]:
    """The packages in a folder's node_modules, as npm's own record of it names them (its lock file otherwise).

    A package below another one is named `outer/node_modules/inner`.
    """
    records = (folder / "node_modules" / NPM_RECORD, folder / "package-lock.json", folder / "npm-shrinkwrap.json")
    for record in records if (folder / "node_modules").is_dir() else ():
        found = mark(record)
        if found is not None and record.is_file():
            return _node_packages(str(record), found)
    return ()


def record_lines(text: str) -> Iterator[tuple[str, str]]:
    """Path and hash (`sha256=…`, or empty) of each file in a RECORD."""
    for line in text.splitlines():
        path, _, rest = line.rpartition(",")[0].rpartition(",")
        if path:
            yield (path[1:-1].replace('""', '"') if path.startswith('"') else path), rest


def metadata_folders(folders: Sequence[Path]) -> Iterator[Path]:
    """The `.dist-info` and `.egg-info` of each distribution, in the order of the import path."""
    for folder in folders:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if path.suffix in {".dist-info", ".egg-info"})


def _installed(folders: Sequence[Path]) -> dict[str, Installed]:
    found: dict[str, Installed] = {}
    for path in metadata_folders(folders):
        record = next((file for file in _records(path) if file.is_file()), None)
        seen = mark(record) if record is not None else None
        if record is not None and seen is not None:
            one = _read(str(path), str(record), seen)
            found.setdefault(one.package.name, one)
    return found


def _records(path: Path) -> Iterable[Path]:
    """Where a distribution says what it is; older ones have no RECORD, and Debian's often none at all."""
    return (path / "RECORD", path / "METADATA", path / "installed-files.txt", path / "PKG-INFO", path)


@lru_cache(maxsize=REMEMBERED)
def _read(path: str, record: str, _seen: Mark) -> Installed:
    folder, file = Path(path), Path(record)
    name, version = _name_and_version(folder)
    text = file.read_text("utf-8", errors="replace")
    if file.name != "RECORD":
        return Installed(Package(name, version, hashlib.sha256(text.encode()).hexdigest()))
    lines = list(record_lines(text))
    editable = _is_editable(folder)
    essence = "\n".join(sorted(_essence(path, "" if editable else digest) for path, digest in lines))
    startup = frozenset(path for path, _ in lines if STARTUP.fullmatch(path))
    package = Package(name, version, hashlib.sha256(essence.strip().encode()).hexdigest(), editable=editable)
    return Installed(package, startup)


def _essence(path: str, digest: str) -> str:
    """What of a RECORD's line is the same on every machine: a script's first line names the environment's folder."""
    if path.endswith(".pyc") or path.endswith(NOTES):
        return ""
    if path.startswith("/"):
        return path.rpartition("/")[2]
    return path if path.startswith("../") else f"{path},{digest}"


def _name_and_version(folder: Path) -> tuple[str, str]:
    """By the folder's name, as the standard has it; by the metadata where that says nothing."""
    name, dash, version = folder.stem.rpartition("-")
    if folder.suffix == ".dist-info" and dash:
        return _normalized(name), version
    file = folder / "PKG-INFO" if folder.is_dir() else folder
    text = file.read_text("utf-8", errors="replace").partition("\n\n")[0] if file.is_file() else ""
    fields = dict(reversed(FIELD.findall(text)))
    return _normalized(fields.get("Name", folder.stem)), fields.get("Version", "")


def _normalized(name: str) -> str:
    """PEP 503: one spelling of a name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_editable(folder: Path) -> bool:
    """PEP 610: whether the distribution is a pointer to its source."""
    file = folder / "direct_url.json"
    told = _json(file) if file.is_file() else None
    info = told.get("dir_info") if isinstance(told, dict) else None
    return isinstance(info, dict) and info.get("editable") is True


def _startup_sha256(path: Path) -> str:
    if not path.is_file():
        return "not a file"
    lines = path.read_text("utf-8", errors="replace").splitlines()
    if path.suffix == ".pth":
        lines = ["<folder>" if line.startswith("/") else line for line in lines]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@lru_cache(maxsize=64)
def _node_packages(record: str, _seen: Mark) -> tuple[Package, ...]:
    told = _json(Path(record))
    packages = told.get("packages") if isinstance(told, dict) else None
    if not isinstance(packages, dict):
        return (Package(NPM_RECORD, "unreadable", "", "node"),)
    found = []
    for path, about in packages.items():
        _, inside, name = path.partition("node_modules/")
        if inside and isinstance(about, dict):
            version, integrity = str(about.get("version", "")), str(about.get("integrity", ""))
            found.append(Package(name, version, integrity, "node", editable=about.get("link") is True))
    return tuple(sorted(found, key=lambda package: package.name))


def _json(file: Path) -> Any:
    """What a file says that anybody may have written; None where it says nothing that can be read."""
    try:
        return json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError):
        return None
