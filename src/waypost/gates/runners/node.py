"""node's runner (`node --test`) in both of its forms: TAP version 13, and the spec reporter's tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.text import plain_lines

_SUBTEST = re.compile(r"^(?P<indent> *)# Subtest: (?P<name>.+)$")
_POINT = re.compile(
    r"^(?P<indent> *)(?P<not>not )?ok \d+(?: - (?P<name>.*?))?(?: # (?P<word>SKIP|TODO)\b ?(?P<why>.*))?$"
)
_TYPE = re.compile(r"^ *type: '(?P<type>suite|test)'$")
_SPEC = re.compile(
    r"^(?P<indent> *)(?P<mark>[✔✖▶﹣⚠]) (?P<name>.+?)(?: \([\d.]+m?s\))?(?: # (?P<word>SKIP|TODO)\b ?(?P<why>.*))?$"
)
_SUMMARY = re.compile(r"^✖ failing tests:$")


def census(output: bytes) -> Census | None:
    """The tests by `suite > test`; suites themselves are none. None where neither form is seen."""
    lines = plain_lines(output)
    cases = list(_tap(lines)) or list(_spec(lines))
    worst: dict[str, Case] = {}
    for case in cases:
        if case.id not in worst or worst[case.id].outcome == "passed":
            worst[case.id] = case
    return count(tuple(worst.values())) if worst else None


def _tap(lines: Sequence[str]) -> Iterator[Case]:
    path: list[str] = []
    for number, line in enumerate(lines):
        if opened := _SUBTEST.match(line):
            depth = len(opened["indent"]) // 4
            path = [*path[:depth], _unescaped(opened["name"])]
        elif (point := _POINT.match(line)) and point["name"] is not None:
            depth = len(point["indent"]) // 4
            if _is_suite(lines, number):
                continue
            name = " > ".join([*path[:depth], _unescaped(point["name"])])
            yield Case(name, _outcome(bool(point["not"]), point["word"]), point["why"] or "")


def _unescaped(name: str) -> str:
    """A name without what TAP puts before the characters that mean something to it."""
    return re.sub(r"\\([#\\])", r"\1", name)


def _is_suite(lines: Sequence[str], number: int) -> bool:
    """Whether the YAML block below a test point says that it was a suite."""
    for line in lines[number + 1 : number + 8]:
        if found := _TYPE.match(line):
            return found["type"] == "suite"
        if line.strip() == "...":
            return False
    return False


def _spec(lines: Sequence[str]) -> Iterator[Case]:
    path: list[str] = []
    for line in lines:
        if _SUMMARY.match(line):
            return
        found = _SPEC.match(line)
        if found is None:
            continue
        depth = len(found["indent"]) // 2
        if found["mark"] == "▶":
            path = [*path[:depth], found["name"]]
        elif not (len(path) > depth and path[depth] == found["name"]):  # a suite's name again, at its end
            yield Case(" > ".join([*path[:depth], found["name"]]), _spec_outcome(found), found["why"] or "")


def _spec_outcome(found: re.Match[str]) -> CaseOutcome:
    return "skipped" if found["mark"] == "﹣" else _outcome(found["mark"] == "✖", found["word"])


def _outcome(is_not: bool, word: str | None) -> CaseOutcome:
    if word is not None:
        return "skipped"
    return "failed" if is_not else "passed"
