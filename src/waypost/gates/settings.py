"""The parts of a settings file that decide what tests run, as text by a name for each part.

The rest of such a file (dependencies, versions, descriptions) is nobody's business here.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

UNREADABLE = "unreadable"
_PYPROJECT = ("pytest", "coverage", "tox", "nox", "pytest-enabler", "nose2", "pytest_env")
_PACKAGE = ("scripts", "jest", "vitest", "mocha", "ava", "nyc", "c8", "babel", "tap", "playwright", "cypress", "config")
_SETUP = re.compile(
    r"^(?:tool:pytest|pytest|coverage.*|tox.*|testenv.*|aliases|nosetests|unittest|flake8:local-plugins)$"
)
_CARGO_LIBRARY = ("test", "harness", "doctest", "autotests", "path")


def facts(path: str, text: str) -> dict[str, str] | None:
    """The protected parts of a file, None where all of it is protected; `unreadable` where it can't be read."""
    reader = _READERS.get(path.rpartition("/")[2].lower())
    if reader is None:
        return None
    try:
        return {name: _shown(value) for name, value in reader(text)}
    except (ValueError, configparser.Error, RecursionError, AttributeError, TypeError) as error:
        return {UNREADABLE: str(error)}


def _pyproject(text: str) -> Iterator[tuple[str, Any]]:
    settings = tomllib.loads(text)
    tools = settings.get("tool", {})
    for tool in _PYPROJECT:
        if tool in tools:
            yield from _flat(f"tool.{tool}", tools[tool], 3)
    plugins = settings.get("project", {}).get("entry-points", {})
    yield from ((f"entry-points.{name}", plugins[name]) for name in plugins if name.startswith("pytest11"))
    poetry = tools.get("poetry", {}).get("plugins", {}).get("pytest11")
    if poetry:
        yield "entry-points.pytest11", poetry
    for key in ("backend-path",):
        if key in settings.get("build-system", {}):
            yield f"build-system.{key}", settings["build-system"][key]


def _setup(text: str) -> Iterator[tuple[str, Any]]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    for section in parser.sections():
        if _SETUP.match(section):
            for key, value in parser.items(section):
                yield f"{section}.{key}", value
        elif section == "options.entry_points" and parser.has_option(section, "pytest11"):
            yield "entry-points.pytest11", parser.get(section, "pytest11")


def _package(text: str) -> Iterator[tuple[str, Any]]:
    settings = json.loads(text)
    for key in _PACKAGE:
        if key in settings:
            yield from _flat(key, settings[key], 1)


def _cargo(text: str) -> Iterator[tuple[str, Any]]:
    settings = tomllib.loads(text)
    for key in ("test", "bench", "profile", "patch", "replace"):
        if key in settings:
            yield key, settings[key]
    for part in ("lib", "package"):
        chosen = {key: settings.get(part, {})[key] for key in _CARGO_LIBRARY if key in settings.get(part, {})}
        if chosen:
            yield part, chosen
    if "build" in settings.get("package", {}):
        yield "package.build", settings["package"]["build"]


def _go(text: str) -> Iterator[tuple[str, Any]]:
    lines = [line.partition("//")[0].strip() for line in text.split("\n")]
    replaced = [line for line in lines if "=>" in line or line.startswith(("exclude ", "toolchain "))]
    if replaced:
        yield "replace", sorted(replaced)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth and isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner, depth - 1)
    else:
        yield name, value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


_READERS: dict[str, Callable[[str], Iterator[tuple[str, Any]]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup,
    "package.json": _package,
    "cargo.toml": _cargo,
    "go.mod": _go,
}
