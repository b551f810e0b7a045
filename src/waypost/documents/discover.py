"""A repository's own commands: how it is tested, linted, typed and built, as its files say."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from waypost.documents.unending import never_ends

LOCK_FILES = (
    "requirements.lock", "requirements.txt", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock",
    "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "Cargo.lock", "go.sum", "Gemfile.lock",
)  # fmt: skip
RUNNERS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"))
SCRIPTS = {
    "tests": ("test", "test:unit", "tests"),
    "lint": ("lint", "check"),
    "types": ("typecheck", "type-check", "types", "tsc"),
    "build": ("build", "compile"),
}
# What `npm init` writes for a package without tests.
NO_TESTS = "no test specified"


@dataclass(frozen=True, slots=True)
class Command:
    """A command that can be a gate; `source` is the file that it was read from."""

    name: str
    command: str
    source: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a repository says of itself; each kind may be empty."""

    tests: tuple[Command, ...] = ()
    lint: tuple[Command, ...] = ()
    types: tuple[Command, ...] = ()
    build: tuple[Command, ...] = ()
    interpreter: str | None = None
    lock_files: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[Command, ...]:
        """All of them, in the order in which gates run best: cheap and telling first."""
        return (*self.lint, *self.types, *self.build, *self.tests)


def discover(root: Path) -> Findings:
    """Reads the repository's own files; runs nothing. A file that can't be read says nothing."""
    found: dict[str, list[Command]] = {"tests": [], "lint": [], "types": [], "build": []}
    for read in (_python, _node, _go, _cargo):
        for kind, command in read(root):
            found[kind].append(command)
    # A Makefile mostly wraps the same tools, so it counts for what nothing else told.
    for kind, command in _make(root):
        if not found[kind]:
            found[kind].append(command)
    interpreter = root / ".venv" / "bin" / "python"
    return Findings(
        tests=_distinct(found["tests"], "tests"),
        lint=_distinct(found["lint"], "lint"),
        types=_distinct(found["types"], "types"),
        build=_distinct(found["build"], "build"),
        interpreter=str(interpreter) if interpreter.is_file() else None,
        lock_files=tuple(name for name in LOCK_FILES if (root / name).is_file()),
    )


def _distinct(commands: list[Command], name: str) -> tuple[Command, ...]:
    """The commands, each named for its kind; further ones get a number."""
    texts = list(dict.fromkeys((one.command, one.source) for one in commands))
    return tuple(
        Command(name if number == 1 else f"{name}-{number}", text, source)
        for number, (text, source) in enumerate(texts, 1)
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError:
        return {}


def _table(data: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in names:
        inner = data.get(name)
        data = inner if isinstance(inner, dict) else {}
    return data


def _python(root: Path) -> list[tuple[str, Command]]:
    project = _toml(root / "pyproject.toml")
    tool = _table(project, "tool")
    other = _sections(root / "setup.cfg") | _sections(root / "tox.ini")
    found: list[tuple[str, Command]] = []
    if source := _pytest_source(root, tool, other):
        found.append(("tests", Command("tests", "python -m pytest -q", source)))
    elif source := _unittest_source(root):
        found.append(("tests", Command("tests", "python -m unittest discover -q", source)))
    if "ruff" in tool or (root / "ruff.toml").is_file():
        source = "pyproject.toml" if "ruff" in tool else "ruff.toml"
        found.append(("lint", Command("lint", "python -m ruff check .", source)))
    elif "flake8" in other or (root / ".flake8").is_file():
        found.append(("lint", Command("lint", "python -m flake8", other.get("flake8", ".flake8"))))
    if "mypy" in tool or "mypy" in other or (root / "mypy.ini").is_file():
        settings = _table(tool, "mypy")
        named = "files" in settings or "packages" in settings
        source = "pyproject.toml" if "mypy" in tool else other.get("mypy", "mypy.ini")
        found.append(("types", Command("types", "python -m mypy" + ("" if named else " ."), source)))
    return found


def _sections(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_read(path))
    except configparser.Error:
        return {}
    return {name.removeprefix("tool:"): path.name for name in parser.sections()}


def _pytest_source(root: Path, tool: Mapping[str, object], other: Mapping[str, str]) -> str | None:
    if "pytest" in tool:
        return "pyproject.toml"
    if "pytest" in other:
        return other["pytest"]
    for name in ("pytest.ini", "conftest.py", "tests/conftest.py"):
        if (root / name).is_file():
            return name
    for folder in ("tests", "test"):
        files = sorted((root / folder).glob("**/test_*.py"))
        if any(re.search(r"^(?:import pytest|from pytest|def test_)", _read(file), re.MULTILINE) for file in files):
            return f"{folder}/"
    return None


def _unittest_source(root: Path) -> str | None:
    return next((f"{name}/" for name in ("tests", "test") if any((root / name).glob("**/test*.py"))), None)


def _node(root: Path) -> list[tuple[str, Command]]:
    try:
        data = json.loads(_read(root / "package.json") or "{}")
    except (json.JSONDecodeError, RecursionError):
        return []
    scripts = _table(data, "scripts") if isinstance(data, dict) else {}
    runner = next((name for lock, name in RUNNERS if (root / lock).is_file()), "npm")
    found: list[tuple[str, Command]] = []
    for kind, names in SCRIPTS.items():
        name = next((one for one in names if _ends(scripts.get(one))), None)
        if name:
            found.append((kind, Command(kind, f"{runner} run {shlex.quote(name)}", "package.json")))
    return found


def _ends(script: object) -> bool:
    return isinstance(script, str) and bool(script) and NO_TESTS not in script and not never_ends(script)


def _go(root: Path) -> list[tuple[str, Command]]:
    if not (root / "go.mod").is_file():
        return []
    commands = (("tests", "go test ./..."), ("lint", "go vet ./..."), ("build", "go build ./..."))
    return [(kind, Command(kind, command, "go.mod")) for kind, command in commands]


def _cargo(root: Path) -> list[tuple[str, Command]]:
    if not (root / "Cargo.toml").is_file():
        return []
    commands = (("tests", "cargo test --quiet"), ("build", "cargo build --quiet"))
    return [(kind, Command(kind, command, "Cargo.toml")) for kind, command in commands]


def _make(root: Path) -> list[tuple[str, Command]]:
    path = next((root / name for name in ("GNUmakefile", "makefile", "Makefile") if (root / name).is_file()), None)
    targets = set(re.findall(r"^([A-Za-z][\w-]*)[ \t]*::?(?!=)", _read(path), re.MULTILINE)) if path else set[str]()
    found: list[tuple[str, Command]] = []
    for kind, names in (("tests", ("test", "tests", "check")), ("lint", ("lint",)), ("types", ("types", "typecheck"))):
        name = next((one for one in names if one in targets), None)
        if name and path:
            found.append((kind, Command(kind, f"make {name}", path.name)))
    return found
