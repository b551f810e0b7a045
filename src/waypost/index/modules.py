"""Which files an import's module may mean."""

from __future__ import annotations

import functools
import re

_INDEXES = frozenset({"__init__", "index", "mod", "lib", "main"})
"""File names that stand for their folder."""
_SEPARATORS = re.compile(r"[/\\:.]+")
_ENDING = re.compile(
    r"\.(?:py|pyi|[cm]?[jt]sx?|java|kts?|go|rs|c|h|cc|cpp|cxx|hh|hpp|hxx|cs|rb|php|sh|bash|css|lua|zig|swift)$"
)


@functools.lru_cache(maxsize=100_000)
def parts_of_path(path: str) -> tuple[str, ...]:
    """A file's place as module parts: `src/shop/__init__.py` is `("src", "shop")`."""
    parts = [part for part in _ENDING.sub("", path).split("/") if part]
    if parts and parts[-1] in _INDEXES:
        parts.pop()
    return tuple(parts)


@functools.lru_cache(maxsize=100_000)
def parts_of_module(module: str, path: str) -> tuple[str, ...]:
    """A module as parts, relative ones seen from the file that imports them.

    `.part`, `..part` are Python's, `./part`, `../part` others'; `crate::`, `super::`, `self::` Rust's.
    """
    folder = list(path.split("/")[:-1])
    if module.startswith(("./", "../")):
        return _climbed(folder, _ENDING.sub("", module).split("/"))
    if module.startswith("."):
        depth = len(module) - len(module.lstrip("."))
        kept = folder[: len(folder) - depth + 1] if depth <= len(folder) + 1 else []
        return (*kept, *[part for part in module.lstrip(".").split(".") if part])
    plain = _ENDING.sub("", module)
    parts = [part for part in _SEPARATORS.split(plain) if part and part not in {"crate", "self", "super", "@", "~"}]
    if parts and parts[-1] in _INDEXES:
        parts.pop()
    return tuple(parts)


def _climbed(folder: list[str], steps: list[str]) -> tuple[str, ...]:
    at = list(folder)
    for step in steps:
        if step == "..":
            if at:
                at.pop()
        elif step not in {".", ""}:
            at.append(step)
    if at and at[-1] in _INDEXES:
        at.pop()
    return tuple(at)


@functools.lru_cache(maxsize=200_000)
def is_module(module: str, importer: str, path: str) -> bool:
    """Whether the module that `importer` names may be the file at `path`: its place ends with the module's parts."""
    wanted, place = parts_of_module(module, importer), parts_of_path(path)
    return bool(wanted) and place[-len(wanted) :] == wanted


@functools.lru_cache(maxsize=200_000)
def is_package(module: str, importer: str, path: str) -> bool:
    """Whether `path` lies right in the folder that a package is: the folder ends with its parts, or they with it."""
    wanted, folder = parts_of_module(module, importer), tuple(part for part in path.split("/")[:-1] if part)
    return bool(wanted and folder) and (folder[-len(wanted) :] == wanted or wanted[-len(folder) :] == folder)


@functools.lru_cache(maxsize=200_000)
def is_within(module: str, importer: str, path: str) -> bool:
    """Whether `path` lies in the package that the module's first part names, so that it may come through it."""
    wanted, place = parts_of_module(module, importer), parts_of_path(path)
    if not wanted:
        return False
    if module.startswith("."):
        return place[: len(wanted) - 1] == wanted[:-1]
    return wanted[0] in place
