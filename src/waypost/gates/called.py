"""What of the tree the gates' commands run: scripts, Makefile targets, package scripts, and what these run."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from waypost.documents.model import Gate
from waypost.gates import makefiles
from waypost.gates.comparison import text_of
from waypost.gates.protected import is_test
from waypost.workspace.trees import Tree

DEPTH = 3
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_TOKEN = re.compile(r"[\w./@+\-]+")
_FOLDER = re.compile(r"(?:\bcd|\bpushd|--prefix|--cwd|-C)[ =]+([\w./\-]+)")
_MODULE = re.compile(r"-m\s+([\w.]+)")
_MAKE = re.compile(r"(?:^|[\s;&|(])(?:g?make|\$\(MAKE\)|\$\{MAKE\})((?:[ \t]+[\w./=\-+$(){}%]+)*)")
_SCRIPT = re.compile(r"\b(?:npm|pnpm|yarn|bun)(?: +run(?:-script)?)? +(?:--\S+ +)*([\w:.\-]+)")
_SCRIPT_LIKE = re.compile(r"(?:^|/)[^/.]+$|\.(?:sh|bash|zsh|py|[cm]?js|ts|rb|pl|mk|bats|ps1|cfg|ini|toml|ya?ml|json)$")
_FOLLOWED = re.compile(r"(?:^|/)[^/.]+$|\.(?:sh|bash|zsh|mk|bats)$")


@dataclass(slots=True)
class Called:
    """`files` are paths of the tree; `targets` are Makefile targets by the Makefile's folder; `scripts` npm's."""

    files: set[str] = field(default_factory=set)
    targets: dict[str, set[str]] = field(default_factory=dict)
    scripts: set[str] = field(default_factory=set)


def called(gates: Sequence[Gate], *trees: Tree) -> Called:
    """Everything in any of the trees that a gate's command or oracle reaches."""
    found = Called()
    for tree in trees:
        for gate in gates:
            for command in (gate.command, gate.oracle or ""):
                _follow(tree, command, found, DEPTH)
    return found


def makefile(tree: Tree, folder: str) -> str | None:
    """The Makefile that make would read in a folder: the first of its three names."""
    paths = (posixpath.join(folder, name) for name in MAKEFILES)
    return next((path for path in paths if path in tree.entries), None)


def _follow(tree: Tree, command: str, found: Called, depth: int) -> None:
    if not depth:
        return
    folders = ["", *(_clean(folder) for folder in _FOLDER.findall(command))]
    for path in _files(tree, command, folders):
        if path not in found.files:
            found.files.add(path)
            text = text_of(tree, path) if _FOLLOWED.search(path) else None
            _follow(tree, text or "", found, depth - 1)
    for folder in folders:
        for target in _targets(command):
            _follow_make(tree, folder, target, found, depth)
        for name in _SCRIPT.findall(command):
            _follow_script(tree, folder, name, found, depth)


def _files(tree: Tree, command: str, folders: Iterable[str]) -> Iterator[str]:
    modules = [name.replace(".", "/") for name in _MODULE.findall(command)]
    candidates = [*_TOKEN.findall(command), *(f"{one}{end}" for one in modules for end in (".py", "/__main__.py"))]
    for candidate in candidates:
        for folder in folders:
            path = _clean(posixpath.join(folder, candidate))
            if path in tree.entries and _SCRIPT_LIKE.search(path) and not is_test(path):
                yield path


def _targets(command: str) -> list[str]:
    wanted: list[str] = []
    for arguments in _MAKE.findall(command):
        words = [word for word in arguments.split() if not word.startswith("-") and "=" not in word]
        wanted += words or [""]
    return wanted


def _follow_make(tree: Tree, folder: str, target: str, found: Called, depth: int) -> None:
    path = makefile(tree, folder)
    known = found.targets.setdefault(folder, set())
    if path is None:
        return
    known.add(target)
    parts = makefiles.parse(text_of(tree, path) or "")
    found.files.update(name for name in parts.included if name in tree.entries)
    recipes = "\n".join(text for name, text in parts.facts([target]).items() if not name.startswith("directives"))
    _follow(tree, recipes, found, depth - 1)


def _follow_script(tree: Tree, folder: str, name: str, found: Called, depth: int) -> None:
    path = posixpath.join(folder, "package.json")
    text = text_of(tree, path)
    try:
        scripts = json.loads(text or "{}").get("scripts", {})
    except (ValueError, AttributeError):
        return
    for key in (f"pre{name}", name, f"post{name}"):
        if isinstance(scripts, dict) and isinstance(scripts.get(key), str) and key not in found.scripts:
            found.scripts.add(key)
            _follow(tree, scripts[key], found, depth - 1)


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return "" if cleaned == "." else cleaned
