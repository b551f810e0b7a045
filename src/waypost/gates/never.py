"""What no scope allows: modules in the place of others, links among tests, programs named like tools."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator

from waypost.gates.comparison import Comparison, text_of
from waypost.gates.protected import NEVER, WORDS, fixed_kind, is_expectation, is_test
from waypost.gates.verdict import Finding
from waypost.workspace.trees import LINK, SUBMODULE, Tree

RUNNER_MODULES = frozenset({
    "pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "exceptiongroup", "tomli", "pygments", "colorama",
    "xdist", "execnet", "coverage", "hypothesis", "mock", "nose", "nose2", "tox", "nox", "pip", "setuptools",
    "pkg_resources", "wheel", "pytest_cov", "pytest_asyncio", "pytest_timeout", "pytest_mock", "anyio", "numpy",
    "attr", "attrs", "jest", "vitest", "mocha", "chai",
})  # fmt: skip
HARMLESS = frozenset({"test", "this", "antigravity", "idlelib", "turtledemo", "lib2to3"})
TOOLS = frozenset({
    "python", "python3", "py.test", "pytest", "pip", "pip3", "uv", "tox", "nox", "coverage", "node", "npm", "npx",
    "yarn", "pnpm", "bun", "deno", "jest", "vitest", "mocha", "make", "gmake", "go", "cargo", "rustc", "git", "sh",
    "bash", "env", "diff", "cmp", "test", "true", "false", "timeout", "curl", "java", "mvn", "gradle", "ruby",
    "rspec", "bundle",
})  # fmt: skip
_SUFFIXES = (".py", ".pyi", ".so", ".pyd", ".pyc", ".zip")
_PATHS = re.compile(r"PYTHONPATH=[\"']?([\w./:\-]+)|\bpythonpath\s*=\s*(.+)|--rootdir[= ]([\w./\-]+)")


def forbidden(comparison: Comparison) -> Iterator[Finding]:
    """Refusing findings on what has no honest use in a change, whatever the scope."""
    new_files = {path for path, (old, new) in comparison.changes.items() if old is None and new is not None}
    is_needed = any(path.endswith(_SUFFIXES) for path in new_files)
    roots = import_roots(comparison) if is_needed else frozenset[str]()
    folded = {path.lower(): path for path in comparison.before.entries} if new_files else {}
    for path, (old, new) in comparison.changes.items():
        if fixed_kind(path) in NEVER:
            yield _told(path, str(fixed_kind(path)), old is None, new is None)
        elif new is not None and new.mode in {LINK, SUBMODULE}:
            yield from _link(comparison, path, new.mode)
        elif new is not None and old is None:
            yield from _new_file(path, roots, folded.get(path.lower()), comparison)


def import_roots(comparison: Comparison) -> frozenset[str]:
    """The folders that the interpreter looks into: the top, `src`, those that settings or gates name, and
    each folder of tests that is no package (pytest puts these on the path)."""
    found = {"", "src", "lib"}
    texts = [gate.command for gate in comparison.gates]
    texts += [
        text for name in ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg") if (text := comparison.new(name))
    ]
    for text in texts:
        for match in _PATHS.finditer(text):
            written = next(part for part in match.groups() if part)
            found.update(posixpath.normpath(one) for one in re.findall(r"[\w./\-]+", written))
    for path in comparison.after.entries:
        if path.endswith(".py") and is_test(path):
            found.add(_first_outside(comparison.after, posixpath.dirname(path)))
    return frozenset("" if one == "." else one for one in found)


def _first_outside(tree: Tree, folder: str) -> str:
    while folder and f"{folder}/__init__.py" in tree.entries:
        folder = posixpath.dirname(folder)
    return folder


def _new_file(path: str, roots: frozenset[str], twin: str | None, comparison: Comparison) -> Iterator[Finding]:
    folder, name = posixpath.split(path)
    if twin and twin in comparison.after.entries and (fixed_kind(path) or is_test(path)):
        yield Finding("case", path, f"differs only in case from {twin}", True)
    module = shadowed(path, roots)
    if module and not _was_there(
        comparison.before, folder if name != "__init__.py" else posixpath.dirname(folder), module
    ):
        yield Finding("shadow", path, f"takes the place of the module {module} wherever tests import it", True)
    elif module := _takes_tests_name(comparison, path, roots):
        yield Finding("shadow", path, f"takes the place of the tests' own {module} wherever it is imported", True)
    entry = comparison.after.entries[path]
    is_program = entry.mode == "100755" or (text_of(comparison.after, path) or "").startswith("#!")
    stem = name.removesuffix(".exe").removesuffix(".cmd")
    if stem.lower() in TOOLS and is_program:
        yield Finding("shim", path, f"is a program named like the tool {stem}", True)


def shadowed(path: str, roots: frozenset[str] | None) -> str | None:
    """The standard library's or the runner's module whose place a file takes, if it does; None: in any folder."""
    folder, name = posixpath.split(path)
    if name == "__init__.py":
        folder, module = posixpath.split(folder)
    elif name.endswith(_SUFFIXES):
        module = name.split(".")[0]
    else:
        return None
    is_taken = module in RUNNER_MODULES or (module in sys.stdlib_module_names and module not in HARMLESS)
    return module if is_taken and (roots is None or folder in roots) else None


def _takes_tests_name(comparison: Comparison, path: str, roots: frozenset[str]) -> str | None:
    """The module of the tests, a folder of them or a file in one, whose name a new module in the source has."""
    folder, name = posixpath.split(path)
    folder, module = posixpath.split(folder) if name == "__init__.py" else (folder, name.removesuffix(".py"))
    if (
        (is_test(path) and folder.split("/")[0] not in {"src", "lib"})
        or not name.endswith(".py")
        or folder not in roots
    ):
        return None
    for test in comparison.before.entries:
        parts = test.split("/")
        if not test.endswith(".py") or not is_test(test) or test == path:
            continue
        in_package = parts[0] == module and len(parts) > 1 and not _has_source(comparison.before, module)
        if (in_package and folder) or parts[-1] == f"{module}.py":
            return module
    return None


def _has_source(tree: Tree, folder: str) -> bool:
    return any(one.startswith(folder + "/") and one.endswith(".py") and not is_test(one) for one in tree.entries)


def _was_there(tree: Tree, folder: str, module: str) -> bool:
    place = posixpath.join(folder, module)
    return f"{place}.py" in tree.entries or f"{place}/__init__.py" in tree.entries


def _link(comparison: Comparison, path: str, mode: str) -> Iterator[Finding]:
    word = "a link" if mode == LINK else "a submodule"
    holds_tests = any(one.startswith(path + "/") and is_test(one) for one in comparison.before.entries)
    if is_test(path) or is_expectation(path) or fixed_kind(path) or holds_tests or path in {"tests", "test"}:
        yield Finding("link", path, f"is {word} in the place of a file that tests rest on", True)
        return
    if mode == SUBMODULE:
        yield Finding("link", path, "is a new submodule", False)
        return
    written = comparison.after.read(path).decode(errors="replace")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), written))
    if written.startswith("/") or target == ".." or target.startswith("../"):
        yield Finding("link", path, f"is a link that leads out of the tree, to {written}", True)
    elif is_test(target) or fixed_kind(target) or _holds_tests(comparison.after, target):
        yield Finding("link", path, f"is a link to {target}, which tests rest on", True)


def _holds_tests(tree: Tree, folder: str) -> bool:
    return any(one.startswith(folder + "/") and is_test(one) for one in tree.entries)


def _told(path: str, kind: str, is_new: bool, is_gone: bool) -> Finding:
    word = "is new" if is_new else "is gone" if is_gone else "was changed"
    # Packages and caches that leave the tree take nobody's place any more.
    return Finding(kind, path, f"{word}; it {WORDS[kind]}", not (is_gone and kind in {"installed", "startup"}))
