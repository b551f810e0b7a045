"""The literals that Python's tests give to a call together with the one that they expect of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from waypost.gates.comparison import text_of
from waypost.gates.names import bound, last, parsed, walk
from waypost.gates.protected import is_test
from waypost.workspace.trees import Tree, fetch

Pair = tuple[str, str]
"""A key and its answer, as `repr` shows them."""

_RUN = re.compile(r"[^\W_]+")


def asked_by(tree: Tree, wanted: Iterable[Pair]) -> set[Pair]:
    """Which pairs a tree's Python tests ask for; files without the letters of any wanted pair are not parsed."""
    probes = {(_probe(key), _probe(answer)) for key, answer in wanted}
    paths = [path for path in tree.entries if path.endswith(".py") and is_test(path)]
    fetch(tree, paths)
    found: set[Pair] = set()
    for path in paths:
        text = text_of(tree, path) or ""
        plain = text.replace("_", "")
        if any(key in plain and answer in plain for key, answer in probes):
            found.update(_asked(parsed(text)))
    return found


def _probe(shown: str) -> str:
    """The longest piece of a literal that stands in a text in whatever way the literal is written there."""
    return max(_RUN.findall(re.sub(r"\\.", " ", shown).replace("_", " ")), key=len, default="")


def _asked(module: ast.Module | None) -> Iterator[Pair]:
    nodes = walk(module) if module else []
    names = dict(bound([one for one in nodes if isinstance(one, ast.stmt)]))
    for node in nodes:
        yield from _asked_in(node, names)


def _asked_in(node: ast.AST, names: Mapping[str, ast.expr]) -> Iterator[Pair]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
        for subject, expected in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            meant = names.get(subject.id, subject) if isinstance(subject, ast.Name) else subject
            yield from _of_call(meant, expected)
    elif isinstance(node, ast.Call) and last(node).startswith("assert") and len(node.args) > 1:
        yield from _of_call(node.args[0], node.args[1])
        yield from _of_call(node.args[1], node.args[0])
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        *inputs, expected = node.elts
        for first, second in ((inputs, expected), (node.elts[1:], node.elts[0])):
            yield from ((key, answer) for key in _joined_or_each(first) if (answer := literal(second)))


def _of_call(subject: ast.expr, expected: ast.expr) -> Iterator[Pair]:
    answer = literal(expected)
    if not answer:
        return
    for call in (inner for inner in walk(subject) if isinstance(inner, ast.Call)):
        yield from (
            (key, answer) for key in _joined_or_each([*call.args, *(keyword.value for keyword in call.keywords)])
        )


def _joined_or_each(parts: Sequence[ast.expr]) -> Iterator[str]:
    yield from (key for part in parts if (key := literal(part)))
    if len(parts) > 1 and (key := joined(parts)):
        yield key
        yield f"({key})"


def joined(parts: Iterable[ast.expr]) -> str:
    """Several literals as one key; empty unless all are literals."""
    texts = [literal(part) for part in parts]
    return ", ".join(texts) if all(texts) else ""


def literal(node: ast.AST | None) -> str:
    """A literal as `repr` shows it; empty for anything else, and for truth values and nothing."""
    if isinstance(node, ast.Constant):
        return "" if node.value is None or node.value is ... or isinstance(node.value, bool) else repr(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return "-" + repr(node.operand.value)
    if isinstance(node, ast.Tuple | ast.List):
        inner = joined(node.elts) if node.elts else ""
        return f"({inner})" if inner else ""
    if (
        isinstance(node, ast.Call)
        and last(node) in {"Decimal", "Fraction", "float", "int", "str", "bytes"}
        and len(node.args) == 1
    ):
        return literal(node.args[0])
    return ""
