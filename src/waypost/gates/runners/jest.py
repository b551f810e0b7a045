"""jest: the verbose reporter's tree, and the JSON that `--json` prints."""

from __future__ import annotations

import json
import re
from typing import Any

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.text import plain_lines

_FILE = re.compile(r"^(?:PASS|FAIL) (?P<file>\S+\.[cm]?[jt]sx?)\b")
_LINE = re.compile(r"^(?P<indent> {2,})(?P<mark>[✓✕○✎]) (?:(?:skipped|todo) )?(?P<name>.+?)(?: \([\d.]+ m?s\))?$")
_SUITE = re.compile(r"^(?P<indent> {2,})(?P<name>\S.*)$")
_OUTCOMES: dict[str, CaseOutcome] = {"✓": "passed", "✕": "failed"}
_WORDS: dict[str, CaseOutcome] = {"passed": "passed", "failed": "failed"}


def census(output: bytes) -> Census | None:
    """The tests by `file > suite > test`; None where none is named."""
    cases: dict[str, Case] = {}
    file, path = "", list[str]()
    for line in plain_lines(output):
        if opened := _FILE.match(line):
            file, path = opened["file"], []
        elif file and (found := _LINE.match(line)):
            name = " > ".join([file, *path[: len(found["indent"]) // 2 - 1], found["name"]])
            cases[name] = Case(name, _OUTCOMES.get(found["mark"], "skipped"))
        elif file and (suite := _SUITE.match(line)):
            path = [*path[: len(suite["indent"]) // 2 - 1], suite["name"]]
        else:
            file = file if not line.strip() or line.startswith("  ") else ""
    return count(tuple(cases.values())) if cases else from_json(output)


def from_json(output: bytes) -> Census | None:
    """The tests of jest's `--json` and vitest's `--reporter=json`, wherever in the output its one line stands."""
    for line in output.split(b"\n"):
        if not line.startswith(b'{"num'):
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and (cases := _cases(told)):
            return count(cases)
    return None


def _cases(told: dict[str, Any]) -> tuple[Case, ...]:
    cases: list[Case] = []
    for file in _list(told, "testResults"):
        for test in _list(file, "assertionResults"):
            name = " > ".join(
                [str(file.get("name", "")), *map(str, _list(test, "ancestorTitles")), str(test.get("title"))]
            )
            reasons = [str(text) for text in _list(test, "failureMessages")]
            first = reasons[0].split("\n")[0] if reasons else ""
            cases.append(Case(name, _WORDS.get(str(test.get("status")), "skipped"), first, "\n".join(reasons)))
    return tuple(cases)


def _list(of: object, name: str) -> list[Any]:
    value = of.get(name) if isinstance(of, dict) else None
    return value if isinstance(value, list) else []
