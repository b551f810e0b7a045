"""Code that tests replace: for one test, or for all of a file when it is imported."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from waypost.gates.comparison import Comparison
from waypost.gates.measure import Suite, Test
from waypost.gates.names import FUNCTIONS
from waypost.gates.protected import is_test
from waypost.gates.python_tests import autouse, imports, patched
from waypost.gates.tricks import is_harmless
from waypost.gates.verdict import Finding
from waypost.workspace.trees import Tree

_ROOTS = ("", "src/", "lib/")
_GRAVE = frozenset({"builtins", "pytest", "_pytest", "unittest", "operator", "pluggy"})


def is_own(tree: Tree, name: str) -> bool:
    """Whether a dotted name is of this tree's code under test."""
    parts = name.split(".")
    stems = ("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    paths = (f"{root}{stem}{end}" for stem in stems for root in _ROOTS for end in (".py", "/__init__.py"))
    return any(path in tree.entries and not is_test(path) for path in paths)


def mocked(comparison: Comparison, path: str, old: Test | None, new: Test) -> Iterator[Finding]:
    """What a test newly replaces: refused if that is code under test and the test was there before, else told."""
    names = sorted(new.mocks - (old.mocks if old else frozenset()))
    own = [name for name in names if is_own(comparison.after, name)]
    if own:
        text = f"line {new.line}: {new.name} replaces {', '.join(own)}, which is code under test"
        yield Finding("mocked", path, text, old is not None)
    elif names and old:
        yield Finding("mocked", path, f"line {new.line}: {new.name} replaces {', '.join(names)}", False)


def mocked_newly(comparison: Comparison, path: str, old: Suite, new: Suite) -> Iterator[Finding]:
    """What new tests of a file replace."""
    for name, test in new.tests.items():
        if name not in old.tests:
            yield from mocked(comparison, path, None, test)


def replaced_for_all(comparison: Comparison, path: str) -> Iterator[Finding]:
    """What a file of tests newly replaces when it is imported, or for each of its tests unasked."""
    module, old = comparison.parsed(comparison.new(path) or ""), comparison.parsed(comparison.old(path) or "")
    was = Counter(name for _, name, _ in _deeds(old)) if old else Counter[str]()
    for line, name, at_import in _deeds(module) if module else ():
        was[name] -= 1
        if was[name] >= 0:
            continue
        own, grave = is_own(comparison.after, name), name.split(".")[0] in _GRAVE or name.startswith("sys.modules.")
        if at_import and not is_harmless(name):
            yield Finding("hooked", path, f"line {line} replaces {name} when it is imported", True)
        elif own or grave:
            refuses = grave or comparison.old(path) is not None
            yield Finding("hooked", path, f"line {line} replaces {name} for every test of the file", refuses)


def _deeds(module: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Line, name, and whether it happens when the module is imported."""
    known = imports(module)
    for statement in autouse(module):
        for name in patched([statement], known):
            yield statement.lineno, name, not isinstance(statement, FUNCTIONS)
