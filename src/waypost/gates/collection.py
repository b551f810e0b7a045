"""The tests that stand in a checkout's files, found by reading them; nothing of the checkout is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from waypost.gates.testimony import Session

LARGEST_FILE = 4 << 20
_NOT_TESTS = ("fixture", "nottest")


def uncollected(session: Session, checkout: Path) -> tuple[str, ...]:
    """Ids of tests that stand in files of which some test was collected, and that the runner did not collect.

    Only what stands there unconditionally is looked at: functions and classes at a file's top, and methods.
    A file that was given by the id of one of its tests is left out, as is one that chooses its tests itself.
    """
    root, base = Path(session.root or checkout), checkout.resolve()
    named = {word.partition("::")[0] for word in session.arguments if "::" in word}
    known: dict[str, set[str]] = {}
    for name in session.collected:
        known.setdefault(name.partition("::")[0], set()).add(name.partition("[")[0])
    missing: list[str] = []
    for file, ids in known.items():
        path = (root / file).resolve()
        if any(file.endswith(word) or word.endswith(file) for word in named) or not path.is_relative_to(base):
            continue
        missing += [name for name in _in_file(path, file, session) if name not in ids]
    return tuple(missing)


def _in_file(path: Path, name: str, session: Session) -> list[str]:
    if path.suffix != ".py" or not path.is_file() or path.stat().st_size > LARGEST_FILE:
        return []
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):  # newer grammar than ours; the runner has its own opinion
        return []
    return list(standing(tree, name, session.functions, session.classes))


def standing(tree: ast.Module, file: str, functions: Sequence[str], classes: Sequence[str]) -> Iterator[str]:
    """The ids, without parameters, of the tests that stand in a parsed file; `functions` and `classes` are
    pytest's patterns (`python_functions`, `python_classes`)."""
    if any(_name(node) in {"load_tests", "pytest_generate_tests"} or _turns_off(node) for node in tree.body):
        return
    tables = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _in_class(node, f"{file}::{node.name}", tables, functions, classes)
        elif _is_test(node, functions):
            yield f"{file}::{_name(node)}"


def _in_class(
    node: ast.ClassDef, name: str, tables: dict[str, ast.ClassDef], functions: Sequence[str], classes: Sequence[str]
) -> Iterator[str]:
    of_unittest = _is_unittest(node, tables, 0)
    if node.keywords or any(_name(part) == "__init__" or _turns_off(part) for part in node.body):
        return
    if not of_unittest and (not _matches(node.name, classes) or _abstract(node)):
        return
    for part in node.body:
        if _is_test(part, ("test",) if of_unittest else functions):
            yield f"{name}::{_name(part)}"
        elif isinstance(part, ast.ClassDef) and not of_unittest:
            yield from _in_class(part, f"{name}::{part.name}", tables, functions, classes)


def _is_test(node: ast.stmt, patterns: Sequence[str]) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or not _matches(node.name, patterns):
        return False
    words = [ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list]
    return not any(word in _NOT_TESTS or word in {"property", "abstractmethod", "overload"} for word in words)


def _is_unittest(node: ast.ClassDef, tables: dict[str, ast.ClassDef], depth: int) -> bool:
    for base in node.bases:
        name = ast.unparse(base).rpartition(".")[2]
        if name in {"TestCase", "IsolatedAsyncioTestCase"}:
            return True
        if name in tables and depth < 8 and _is_unittest(tables[name], tables, depth + 1):
            return True
    return False


def _abstract(node: ast.ClassDef) -> bool:
    """Whether the class is one of a family whose members are chosen elsewhere: its bases are not known here."""
    return any(ast.unparse(base).rpartition(".")[2] != "object" for base in node.bases)


def _turns_off(node: ast.stmt) -> bool:
    """`__test__ = ...`, by which a file or class says itself whether it holds tests."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == "__test__" for target in targets)


def _name(node: ast.stmt) -> str:
    return node.name if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else ""


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(
        fnmatch(name, pattern) if set("*?[") & set(pattern) else name.startswith(pattern) for pattern in patterns
    )
