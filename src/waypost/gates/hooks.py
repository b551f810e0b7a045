"""What a conftest does to tests unasked: hooks, left-out files, patches. Fixtures that tests ask for are welcome."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from waypost.gates.comparison import Comparison
from waypost.gates.names import FUNCTIONS, bound, last, walk
from waypost.gates.python_tests import autouse, imports, patched
from waypost.gates.verdict import Finding

HARMLESS = frozenset(
    {"pytest_addoption", "pytest_report_header", "pytest_terminal_summary", "pytest_make_parametrize_id"}
)
_REGISTERS = frozenset(
    {
        "addinivalue_line",
        "getoption",
        "getini",
        "addoption",
        "add_option",
        "getgroup",
        "register_profile",
        "load_profile",
        "filterwarnings",
        "simplefilter",
        "register_assert_rewrite",
    }
)
_CHOOSING = frozenset({"collect_ignore", "collect_ignore_glob"})


def weakened_hooks(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Refusing findings on a new or changed conftest, for what it did not do before."""
    text, before = comparison.new(path), comparison.old(path) or ""
    module, old = comparison.parsed(text or ""), comparison.parsed(before)
    if text is not None and module is None:
        yield Finding("unread", path, "could not be compared: it can't be parsed", True)
        return
    was = Counter(text for _, text in deeds(old)) if old else Counter[str]()
    for line, text in deeds(module) if module else ():
        was[text] -= 1
        if was[text] < 0:
            yield Finding("hooked", path, f"line {line} {text}", True)


def deeds(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and description of all that acts on tests that did not ask for it."""
    for statement in walk(module):
        if isinstance(statement, FUNCTIONS) and _is_hook(statement):
            # Its text is part of what is compared: a changed hook is a new one.
            yield statement.lineno, f"has the hook {statement.name} ({_fingerprint(statement)})"
    for name, value in bound(module.body):
        if name in _CHOOSING:
            yield value.lineno, f"leaves tests out: {name} = {ast.unparse(value)[:60]}"
        elif name == "pytest_plugins":
            yield value.lineno, f"loads plugins: {ast.unparse(value)[:60]}"
    known = imports(module)
    for statement in autouse(module):
        yield from ((statement.lineno, f"replaces {name} for every test") for name in patched([statement], known))
        yield from _skips(statement)
    for statement in module.body:
        # A fixture by a name that tests already use acts on them as well.
        if isinstance(statement, FUNCTIONS) and _is_fixture(statement):
            yield from (
                (statement.lineno, f"replaces {name} in the fixture {statement.name}")
                for name in patched([statement], known)
                if _is_grave(name)
            )


def _skips(statement: ast.stmt) -> Iterator[tuple[int, str]]:
    for node in walk(statement):
        if isinstance(node, ast.Call) and last(node) in {
            "skip",
            "xfail",
            "exit",
            "importorskip",
            "_exit",
            "add_marker",
        }:
            yield node.lineno, f"leaves tests out: {ast.unparse(node)[:60]}"


def _is_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(last(one) == "fixture" for one in function.decorator_list)


def _is_hook(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if not function.name.startswith("pytest_") or _is_fixture(function):
        return False
    return function.name not in HARMLESS and not _only_registers(function)


def _is_grave(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in {"builtins", "pytest", "_pytest", "unittest", "operator", "sys"}


def _only_registers(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = [last(node) for node in walk(function) if isinstance(node, ast.Call)]
    stores = any(
        isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store) for node in walk(function)
    )
    return function.name in {"pytest_configure", "pytest_sessionstart"} and not stores and set(calls) <= _REGISTERS


def _fingerprint(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return " ".join(ast.unparse(function.body[-1]).split())[:50]
