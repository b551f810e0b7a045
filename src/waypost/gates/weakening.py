"""Tests that demand less than on the last green commit, whatever the means.

Two versions of a test are measured alike and compared, so what was odd before is not held against the change.
A test counts as moved where one of its name stands in another changed file, as renamed or merged where another
test asserts all that it did. What it expects may change only in a file that a scope names exactly.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from waypost.gates import other_tests, python_tests
from waypost.gates.comparison import Comparison
from waypost.gates.measure import EMPTY, EXACT, PARTIAL, Suite, Test
from waypost.gates.names import parsed, walk
from waypost.gates.protected import is_expectation, is_test
from waypost.gates.replacing import mocked, mocked_newly, replaced_for_all
from waypost.gates.verdict import Finding

_ADDITIVE = re.compile(r"\.(?:snap|ambr)$")
_CONVERSIONS = frozenset({"int", "str", "float", "list", "tuple", "dict", "set", "sorted", "bytes", "Path"})
_INLINE = re.compile(r"#\[(?:\w+::)*test\b")


@dataclass(frozen=True, slots=True)
class _Pair:
    """A file's tests before and after."""

    path: str
    old: Suite
    new: Suite
    is_gone: bool


def weakened(comparison: Comparison, paths: Iterable[str]) -> Iterator[Finding]:
    """Findings on these changed files of tests and on what they compare with."""
    code = [path for path in paths if is_test(path) or _has_inline_tests(comparison, path)]
    pairs = [pair for path in code if (pair := _pair(comparison, path))]
    everywhere: dict[str, list[Test]] = {}
    for pair in pairs:
        for test in pair.new.tests.values():
            everywhere.setdefault(test.name.rpartition("::")[2], []).append(test)
    for pair in pairs:
        yield from _suite(comparison, pair, everywhere)
    for path in code:
        yield from _unreadable(comparison, path)
        if path.endswith(".py") and not path.endswith("conftest.py"):
            yield from replaced_for_all(comparison, path)
    for path in comparison.changes:
        if is_expectation(path) and not is_test(path):
            yield from _golden(comparison, path)


def suites(comparison: Comparison, path: str, old: str, new: str) -> tuple[Suite, Suite]:
    """A file's tests before and after, read alike: by syntax if both can be. What did not change is left out."""
    if path.endswith((".py", ".pyi")):
        before, after = comparison.parsed(old), comparison.parsed(new)
        if before is not None and after is not None:
            same = python_tests.unchanged(before, old, after, new)
            return python_tests.suite(before, same), python_tests.suite(after, same)
    spoken = other_tests.dialect(path)
    return (other_tests.suite(old, spoken), other_tests.suite(new, spoken)) if spoken else (EMPTY, EMPTY)


def _pair(comparison: Comparison, path: str) -> _Pair | None:
    old, new = comparison.old(path), comparison.new(path)
    if old is None and new is None:
        return None
    before, after = suites(comparison, path, old or "", new or "")
    return _Pair(path, before, after, old is not None and path not in comparison.after.entries)


def _unreadable(comparison: Comparison, path: str) -> Iterator[Finding]:
    old, new = comparison.changes.get(path, (None, None))
    if old is not None and new is not None and (comparison.old(path) is None or comparison.new(path) is None):
        yield Finding("unread", path, "could not be compared: it is no text, too large, or no plain file", True)


def _suite(comparison: Comparison, pair: _Pair, everywhere: Mapping[str, list[Test]]) -> Iterator[Finding]:
    may_expect = comparison.names(pair.path)
    for name, old in pair.old.tests.items():
        new = pair.new.tests.get(name) or _elsewhere(old, everywhere)
        if new is None:
            yield from _gone(pair, old)
        else:
            yield from (
                Finding(kind, pair.path, f"{_at(new)} {text}", refuses)
                for kind, text, refuses in compare(old, _with_split(old, new, pair), may_expect)
            )
            yield from mocked(comparison, pair.path, old, new)
    yield from mocked_newly(comparison, pair.path, pair.old, pair.new)
    if comparison.old(pair.path) is not None:
        for reason in (Counter(pair.new.hidden) - Counter(pair.old.hidden)).elements():
            yield Finding("skipped", pair.path, f"tests are left out: {reason}", True)


def _with_split(old: Test, new: Test, pair: _Pair) -> Test:
    """The test together with what new tests of its file have taken over from it, word for word."""
    missing = _sides(old) - _sides(new)
    for name, other in pair.new.tests.items():
        if name in pair.old.tests or other.marks or other.dead or not missing:
            continue
        taken = [check for check in other.checks if missing[check.subject, check.expected] > 0]
        if taken:
            missing -= _sides(replace(other, checks=tuple(taken)))
            new = replace(new, checks=(*new.checks, *taken), literals=new.literals | other.literals)
    return new


def _sides(test: Test) -> Counter[tuple[str, str]]:
    return Counter((check.subject, check.expected) for check in test.checks)


def _elsewhere(old: Test, everywhere: Mapping[str, list[Test]]) -> Test | None:
    """A test of the same name in another changed file that demands as much."""
    same = everywhere.get(old.name.rpartition("::")[2], ())
    return next((test for test in same if test.count() >= old.count() and old.literals <= test.literals), None)


def _gone(pair: _Pair, old: Test) -> Iterator[Finding]:
    candidates = [test for name, test in pair.new.tests.items() if name not in pair.old.tests]
    if not pair.is_gone and _is_covered(old, candidates or list(pair.new.tests.values()), bool(candidates)):
        return
    where = "with its file" if pair.is_gone else "from its file"
    count = f" with {len(old.checks)} assertions" if old.checks else ""
    yield Finding("gone", pair.path, f"{old.name} is gone {where}{count}", True)


def _is_covered(old: Test, candidates: Sequence[Test], are_new: bool) -> bool:
    """Whether tests that stand in its place assert all that the old one did, or expect all that it expected."""
    if any(test.marks or test.dead for test in candidates if are_new) or not old.checks:
        return are_new and not old.checks and any(test.calls >= old.calls for test in candidates)
    wanted = _sides(old)
    held = Counter((check.subject, check.expected) for test in candidates for check in test.checks)
    if are_new and not wanted - held:
        return True
    expected = frozenset[str]().union(*(test.literals for test in candidates))
    return bool(old.literals) and old.literals <= expected and sum(test.count(EXACT) for test in candidates) > 0


def compare(old: Test, new: Test, may_expect: bool) -> Iterator[tuple[str, str, bool]]:
    """Kind, text and refusal of each way in which the new version of a test demands less than the old."""
    reasons = [f"line {line} {reason}" for line, reason in new.dead]
    if len(new.dead) > len(old.dead):
        yield "toothless", "; ".join(reasons[:3]), True
    if added := list((Counter(new.marks) - Counter(old.marks)).elements()):
        yield "skipped", f"is left out by {', '.join(added)}", True
    if new.count() * max(1, new.rounds // old.rounds) < old.count():
        yield "fewer", f"lost {old.count() - new.count()} of {old.count()} assertions", True
    elif len(new.dead) <= len(old.dead) and (weaker := _weaker(old, new)):
        yield "weaker", weaker, True
    if old.cases and new.cases < old.cases:
        yield "fewer", f"lost {old.cases - new.cases} of {old.cases} cases", True
    if not old.checks and old.calls and not new.calls:
        yield "fewer", "calls nothing any more", True
    if names := new.overwritten - old.overwritten:
        yield "overwritten", f"gives another value to {', '.join(sorted(names))}, which it is given", True
    if added := sorted(new.decorators - old.decorators):
        yield "skipped", f"has the new decorator {', '.join(added)}", True
    if not may_expect:
        yield from _expectations(old, new)


def _weaker(old: Test, new: Test) -> str:
    for strength, word in ((EXACT, "exact"), (PARTIAL, "telling")):
        lost = old.count(strength) - new.count(strength) * max(1, new.rounds // old.rounds)
        if lost > 0:
            return f"has {lost} {'assertion less that is' if lost == 1 else 'assertions less that are'} {word}"
    was = {check.subject: check.accepts for check in old.checks}
    for check in new.checks:
        if check.subject and check.accepts > was.get(check.subject, check.accepts):
            return f"accepts {check.accepts} values for {check.subject[:60]} where it accepted {was[check.subject]}"
    return ""


def _expectations(old: Test, new: Test) -> Iterator[tuple[str, str, bool]]:
    lost = sorted(old.literals - new.literals)
    was = _by_subject(old)
    differing = [
        subject
        for subject, expected in _by_subject(new).items()
        if subject in was and not was[subject] <= expected and not _says_the_same(was[subject], expected, new)
    ]
    if differing:
        subject = differing[0]
        text = f"expects {_few(_by_subject(new)[subject])} of {subject[:60]}, where it expected {_few(was[subject])}"
        yield "expectation", text, True
    elif lost and new.checks:
        yield "expectation", f"no longer expects {_few(lost)}", True


def _says_the_same(old: Iterable[str], new: Iterable[str], test: Test) -> bool:
    """Whether expressions keep all names and constants; what is added are the test's parameters and conversions."""
    (was, constants), (now, kept) = _parts(old), _parts(new)
    if not was:
        return False
    free = test.parameters | _CONVERSIONS
    return was <= now and now - was <= free and constants - kept <= (test.literals if now & test.parameters else set())


def _parts(texts: Iterable[str]) -> tuple[set[str], set[str]]:
    """The names and the constants in expressions."""
    nodes = [node for text in texts if (module := parsed(text)) for node in walk(module)]
    constants = {repr(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return {node.id for node in nodes if isinstance(node, ast.Name)}, constants


def _by_subject(test: Test) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for check in test.checks:
        if check.subject and check.expected:
            found[check.subject] = found.get(check.subject, frozenset()) | {check.expected}
    return found


def _few(texts: Iterable[str]) -> str:
    shown = [text[:40] for text in sorted(texts)]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _at(test: Test) -> str:
    return f"line {test.line}: {test.name}"


def _has_inline_tests(comparison: Comparison, path: str) -> bool:
    return path.endswith(".rs") and bool(_INLINE.search(comparison.old(path) or ""))


def _golden(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Data that tests compare with: it may be added, and moved; changed only where a scope names the file."""
    old, new = comparison.changes[path]
    if old is None or comparison.names(path):
        return
    if new is None:
        if old.id not in {entry.id for entry in comparison.after.entries.values()}:
            yield Finding("golden", path, "holds what tests expect, and is gone", True)
    elif old.id != new.id and not _only_grown(comparison, path):
        yield Finding(
            "golden", path, "holds what tests expect, and was changed; name the file in a scope to allow it", True
        )


def _only_grown(comparison: Comparison, path: str) -> bool:
    if not _ADDITIVE.search(path):
        return False
    rest = iter((comparison.new(path) or "").split("\n"))
    return all(line in rest for line in (comparison.old(path) or "").split("\n") if line.strip())
