"""Source that answers the tests' own questions from a list, instead of computing.

A pair is a literal that code asks for and the literal that it answers with: an entry of a dictionary, or a branch
`if x == 1994: return "MCMXCIV"`. The tests have pairs as well: the literals of a call and the one expected of it,
in one assertion or one case of parametrize. A pair is *specific* where neither side could be there by chance: about
10 bits in each, 32 in both (3.3 for a digit, 4 for a character), so `1994`/`"MCMXCIV"` is, and `0`/`"zero"` is not.

Refused is a group of new pairs (the branches of a function, or one dictionary) of which every pair that is specific
is the tests' own, and no pair is anything else than a test asks for. A table that knows more than the tests, as an
honest one does, passes; one of twelve entries and more is told and not refused, as a table may be tested in full; so
is a dictionary whose pairs only new tests have, for its author wrote both. A base case (`0`, `""`) is not specific.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waypost.gates.comparison import Comparison
from waypost.gates.names import FUNCTIONS, walk
from waypost.gates.protected import is_test
from waypost.gates.questions import Pair, asked_by, joined, literal
from waypost.gates.verdict import Finding

LARGE_TABLE = 12
_DIGEST = re.compile(r"^(?=.*\d)(?=.*[a-f])[0-9a-f]{16,}$")
_BITS_EACH, _BITS_BOTH = 10.0, 32.0


@dataclass(frozen=True, slots=True)
class _Group:
    """Pairs that stand together, with their lines."""

    where: str
    is_table: bool
    pairs: tuple[tuple[int, Pair], ...]


def special_cased(comparison: Comparison) -> Iterator[Finding]:
    """Findings on new pairs in changed Python source."""
    sources = [
        path for path in comparison.changes if path.endswith(".py") and not is_test(path) and comparison.new(path)
    ]
    for path in sources:
        yield from _hashed(comparison, path)
    found = [(path, group) for path in sources for group in _groups_in(comparison, comparison.new(path))]
    if not any(is_specific(*pair) for _, group in found for _, pair in group.pairs):
        return
    known = {
        pair
        for path in comparison.changes
        if path.endswith(".py")
        for group in _groups_in(comparison, comparison.old(path))
        for _, pair in group.pairs
    }
    groups = [(path, fresh) for path, group in found if (fresh := _fresh(group, known))]
    pairs = {pair for _, group in groups for _, pair in group.pairs}
    if not any(is_specific(*pair) for pair in pairs):
        return
    asked = asked_by(comparison.before, pairs)
    asked_now = asked | asked_by(comparison.after, pairs)
    for path, group in groups:
        yield from _judge(path, group, asked, asked_now)


def _hashed(comparison: Comparison, path: str) -> Iterator[Finding]:
    """New tables that are asked by a hash: nobody can see what they answer, so they are told."""
    old = comparison.old(path) or ""
    module = comparison.parsed(comparison.new(path) or "")
    for node in walk(module) if module else ():
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            fresh = [key for key in keys if _DIGEST.match(key) and key not in old]
            if fresh:
                text = f"line {node.lineno} has a table by hashes, {fresh[0][:16]} and {len(fresh) - 1} more"
                yield Finding("special", path, text, False)


def _judge(path: str, group: _Group, asked: set[Pair], asked_now: set[Pair]) -> Iterator[Finding]:
    hits = [(line, pair) for line, pair in group.pairs if pair in asked_now]
    telling = [(line, pair) for line, pair in hits if is_specific(*pair)]
    others = [pair for _, pair in group.pairs if pair not in asked_now]
    if not telling or others:
        return
    is_told = group.is_table and (len(group.pairs) >= LARGE_TABLE or not any(pair in asked for _, pair in telling))
    line, (key, answer) = telling[0]
    more = f" and {len(telling) - 1} more" if len(telling) > 1 else ""
    yield Finding(
        "special", path, f"line {line} answers {answer} for {key}{more}, as the tests ask ({group.where})", not is_told
    )


def is_specific(key: str, answer: str) -> bool:
    """Whether a pair of literals, as `repr` shows them, could not stand in a program by chance."""
    bits = (_bits(key), _bits(answer))
    return min(bits) >= _BITS_EACH and sum(bits) >= _BITS_BOTH


def _bits(shown: str) -> float:
    digits = sum(one.isdigit() for one in shown)
    return (
        3.3 * digits
        + 4.0 * sum(one.isalpha() for one in shown)
        + sum(not one.isalnum() for one in shown.strip("'\"()[] "))
    )


def _groups_in(comparison: Comparison, text: str | None) -> Iterator[_Group]:
    module = comparison.parsed(text) if text else None
    return _groups(module) if module else iter(())


def _fresh(group: _Group, known: set[Pair]) -> _Group | None:
    fresh = tuple((line, pair) for line, pair in group.pairs if pair not in known)
    # A table of which a part was there is judged as a whole by its new entries.
    if not fresh or (group.is_table and len(fresh) < len(group.pairs) - len(fresh)):
        return None
    return _Group(group.where, group.is_table, fresh)


def _groups(module: ast.Module) -> Iterator[_Group]:
    for node in walk(module):
        if isinstance(node, ast.Dict):
            pairs = [
                (key.lineno, (literal(key), literal(value)))
                for key, value in zip(node.keys, node.values, strict=True)
                if key
            ]
            held = tuple((line, pair) for line, pair in pairs if all(pair))
            if held and len(held) == len(pairs):
                yield _Group("a table", True, held)
        elif isinstance(node, FUNCTIONS):
            held = tuple(_branches(node))
            if held:
                yield _Group(f"in {node.name}", False, held)


def _branches(function: ast.AST) -> Iterator[tuple[int, Pair]]:
    for node in walk(function):
        if isinstance(node, ast.If):
            for key in _keys(node.test):
                yield from ((node.lineno, (key, answer)) for answer in _answers(node.body))
        elif isinstance(node, ast.IfExp) and (answer := literal(node.body)):
            yield from ((node.lineno, (key, answer)) for key in _keys(node.test))
        elif isinstance(node, ast.match_case) and isinstance(node.pattern, ast.MatchValue | ast.MatchSequence):
            parts = [part for part in walk(node.pattern) if isinstance(part, ast.MatchValue)]
            key = joined([part.value for part in parts])
            yield from ((node.pattern.lineno, (key, answer)) for answer in _answers(node.body) if key)


def _keys(test: ast.expr) -> Iterator[str]:
    if isinstance(test, ast.BoolOp):
        parts = [key for part in test.values for key in _keys(part)]
        yield from [", ".join(parts)] if isinstance(test.op, ast.And) and parts else parts
    elif isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        for side in (test.comparators[0], test.left):
            if key := literal(side):
                yield key
    elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In):
        container = test.comparators[0]
        if isinstance(container, ast.Tuple | ast.List | ast.Set):
            yield from (key for one in container.elts if (key := literal(one)))


def _answers(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if (
            isinstance(statement, ast.Return | ast.Assign)
            and statement.value is not None
            and (answer := literal(statement.value))
        ):
            yield answer
