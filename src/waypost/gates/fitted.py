"""Source made for the numbers that the tests ask about: a list of theirs stands where a rule should.

Where pairs of question and answer can be seen, `special` judges them. Here only the questions are looked at, however
the source holds them: the keys of a table, the branches of a function, a set, a string that is taken apart, a data
file. A number is *specific* where it could not stand there by chance: three significant digits, and none that every
programmer knows (powers of two, calendar, codes of HTTP). Refused is a group of new numbers of which at least
`ENOUGH` are specific and all with two digits or more stand in one file of the tests that was there before. A list
that knows more than the tests, as an honest one does, passes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from waypost.gates.comparison import Comparison, text_of
from waypost.gates.names import FUNCTIONS, walk
from waypost.gates.protected import CODE, fixed_kind, is_expectation, is_test
from waypost.gates.verdict import Finding
from waypost.workspace.trees import Tree, fetch

ENOUGH = 3
_NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?:\.\d+)?")
_DATA = re.compile(r"\.(?:json5?|jsonl|ya?ml|toml|ini|cfg|csv|tsv|txt|dat|xml|properties|lst)$")
_PROSE = re.compile(
    r"(?:^|/)(?:docs?|examples?|bench(?:marks)?)/|\.(?:md|rst|adoc)$|(?:^|/)(?:readme|chang|licen|notice)"
)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)
_KNOWN = frozenset(
    {str(2**power + off) for power in range(7, 65) for off in (-1, 0, 1)}
    | {str(status.value) for status in HTTPStatus if status.value >= 200}
    | {"360", "365", "366", "1440", "8080", "8443", "3306", "5432", "6379", "3.14", "3.1416", "3.14159", "86400"}
)


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers that stand together, each with its line."""

    where: str
    numbers: tuple[tuple[int, str], ...]


def fitted(comparison: Comparison) -> Iterator[Finding]:
    """Refusing findings on new groups of numbers that are the tests' own."""
    paths = [path for path in comparison.changes if _may_hold(path)]
    known = {number for path in paths for number in numbers_in(comparison.old(path) or "")}
    found = [(path, group) for path in paths for group in _new_groups(comparison, path, known)]
    if not found:
        return
    wanted = {number for _, group in found for _, number in group.numbers if is_specific(number)}
    asked = list(_asked(comparison.before, wanted))
    for path, group in found:
        yield from _judge(path, group, asked)


def is_specific(number: str) -> bool:
    """Whether a number could not stand in a program and in its tests by chance."""
    digits = number.replace(".", "").strip("0")
    return len(digits) >= 3 and number not in _KNOWN


def _judge(path: str, group: Group, asked: list[tuple[str, frozenset[str]]]) -> Iterator[Finding]:
    numbers = {number for _, number in group.numbers if len(number) > 1}
    for test, theirs in asked:
        if numbers <= theirs:
            telling = list(dict.fromkeys(number for _, number in group.numbers if is_specific(number)))
            shown = ", ".join(telling[:3])
            more = f" and {len(telling) - 3} more" if len(telling) > 3 else ""
            line = group.numbers[0][0]
            text = f"line {line} lists {shown}{more}, which {test} asks about, and no other ({group.where})"
            yield Finding("special", path, text, True)
            return


def _may_hold(path: str) -> bool:
    lowered = path.lower()
    if is_test(path) or is_expectation(path) or _PROSE.search(lowered) or fixed_kind(path) is not None:
        return False
    return bool(CODE.search(lowered) or _DATA.search(lowered))


def _new_groups(comparison: Comparison, path: str, known: set[str]) -> Iterator[Group]:
    """Groups of a changed file of which enough specific numbers stood in no changed file before."""
    new = comparison.new(path)
    if new is None or len({number for number in numbers_in(new) if is_specific(number)} - known) < ENOUGH:
        return
    for group in _groups(comparison, path, new):
        if len({number for _, number in group.numbers if is_specific(number)} - known) >= ENOUGH:
            yield group


def numbers_in(text: str) -> list[str]:
    """All numbers of a text as they are usually written: no sign, no underscores, no idle zeros."""
    return [_plain(one[0]) for one in _NUMBER.finditer(text)]


def _plain(number: str) -> str:
    number = number.replace("_", "")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"


def _groups(comparison: Comparison, path: str, text: str) -> Iterator[Group]:
    if path.endswith((".py", ".pyi")):
        module = comparison.parsed(text)
        if module is not None:
            yield from _python_groups(module)
        return
    if CODE.search(path.lower()):
        text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    lines = text.split("\n")
    yield Group("the file", tuple((at, number) for at, line in enumerate(lines, 1) for number in numbers_in(line)))


def _python_groups(module: ast.Module) -> Iterator[Group]:
    prose = {id(node.value) for node in walk(module) if isinstance(node, ast.Expr)}
    for node in walk(module):
        if isinstance(node, ast.Dict):
            yield _of([key for key in node.keys if key], "a table")
        elif isinstance(node, ast.Set | ast.List | ast.Tuple):
            yield _of(node.elts, "a list")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield _of([node], "a text")
        elif isinstance(node, FUNCTIONS):
            yield _of(list(_asked_for(node)), f"in {node.name}")


def _asked_for(function: ast.AST) -> Iterator[ast.expr]:
    """What a function's branches compare with."""
    for node in walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.MatchValue):
            yield node.value


def _of(nodes: list[ast.expr], where: str) -> Group:
    found = [
        (inner.lineno, number)
        for node in nodes
        for inner in walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float | str)
        for number in numbers_in(str(inner.value))
    ]
    return Group(where, tuple(found))


def _asked(tree: Tree, wanted: set[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The numbers in each file of the tests that has enough of the wanted ones."""
    paths = [path for path in tree.entries if is_test(path) or is_expectation(path)]
    fetch(tree, paths)
    for path in paths:
        text = text_of(tree, path) or ""
        if sum(number in text.replace("_", "") for number in wanted) >= ENOUGH:
            yield path, frozenset(numbers_in(text))
