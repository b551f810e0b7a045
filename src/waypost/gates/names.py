"""Names and constants in Python's syntax tree, as the checks on tests and on source need them."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEEPEST = 120
"""Levels of a syntax tree; ordinary programs have 20 to 40."""
_BELOW = "nodes_below"
_CONSTANT_NODES = (
    ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.List, ast.Dict, ast.Set,
)  # fmt: skip
_SURROUNDINGS = frozenset({
    "environ", "getenv", "platform", "version_info", "argv", "modules", "which", "find_spec", "gettrace", "hostname",
    "gethostname", "getuid", "geteuid", "exists", "is_file", "is_dir", "isatty", "cpu_count", "time", "random", "CI",
})  # fmt: skip


def parsed(text: str) -> ast.Module | None:
    """A module's tree; None where this interpreter can't read it, or where it is nested too deeply to be walked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return module if _is_shallow(module) else None


def _is_shallow(module: ast.Module) -> bool:
    """Whether what walks a tree by recursion, as `ast.unparse` does, is safe; keeps the nodes for `walk`."""
    found: list[ast.AST] = [module]
    start = depth = 0
    while start < len(found):
        if depth == DEEPEST:
            return False
        level, start, depth = found[start:], len(found), depth + 1
        found += [below for node in level for below in _below(node)]
    setattr(module, _BELOW, tuple(found))
    return True


def _below(node: ast.AST) -> Iterator[ast.AST]:
    for name in node._fields:
        value = getattr(node, name, None)
        if value.__class__ is list:
            yield from (one for one in value if isinstance(one, ast.AST))
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            yield value


def walk(top: ast.AST) -> list[ast.AST]:
    """A node and all below it, the nearest first, but for the marks of loading and storing: `ast.walk`, quicker.

    The nodes of modules and functions are kept with them, as these are asked for again and again.
    """
    kept = isinstance(top, ast.Module | ast.FunctionDef)
    if kept and (known := vars(top).get(_BELOW)):
        return list(known)
    found = [top]
    for node in found:
        found.extend(_below(node))
    if kept:
        setattr(top, _BELOW, tuple(found))
    return found


def dotted(node: ast.AST | None) -> str:
    """`a.b.c` for a name or attribute, without the arguments of calls in it; empty for anything else."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def last(node: ast.AST | None) -> str:
    """The last part of a dotted name."""
    return dotted(node).rpartition(".")[2]


def folded(node: ast.AST | None, names: Mapping[str, ast.expr] | None = None) -> str | None:
    """The text that an expression of strings comes to; None where it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name) and names and node.id in names:
        return folded(names[node.id])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left, names), folded(node.right, names)
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.JoinedStr):
        parts = [folded(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in node.values]
        return "".join(part if part is not None else "*" for part in parts)
    return None


def is_constant(node: ast.AST, names: Mapping[str, ast.expr]) -> bool:
    """Whether nothing outside the expression has a say in it; `names` are those that hold constants."""
    return all(
        isinstance(inner, _CONSTANT_NODES) or (isinstance(inner, ast.Name) and inner.id in names)
        for inner in walk(node)
    )


def is_surrounding(node: ast.AST) -> bool:
    """Whether an expression asks for the machine or the moment and not for what is tested."""
    return any(
        (isinstance(inner, ast.Attribute) and inner.attr in _SURROUNDINGS)
        or (isinstance(inner, ast.Name) and inner.id in _SURROUNDINGS)
        for inner in walk(node)
    )


def bound(statements: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The names that these statements, and none below, give a value to."""
    for statement in statements:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.value


def constants(statements: list[ast.stmt]) -> dict[str, ast.expr]:
    """The names that hold one immutable constant and are given no other value."""
    found = dict(bound(statements))
    times = Counter(name for name, _ in bound(statements))
    fixed = {name: value for name, value in found.items() if times[name] == 1 and _is_fixed(value)}
    for node in (node for statement in statements for node in walk(statement)) if fixed else ():
        if isinstance(node, ast.AugAssign | ast.For) and isinstance(node.target, ast.Name):
            fixed.pop(node.target.id, None)
        elif isinstance(node, ast.Nonlocal | ast.Global):
            for name in node.names:
                fixed.pop(name, None)
    return fixed


def _is_fixed(value: ast.expr) -> bool:
    return is_constant(value, {}) and not any(isinstance(node, ast.List | ast.Dict | ast.Set) for node in walk(value))
