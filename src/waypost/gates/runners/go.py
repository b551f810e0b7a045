"""go: `go test -v` and `go test -json`. Without -v it names only the tests that failed."""

from __future__ import annotations

import json
import re

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.text import plain_lines

_LINE = re.compile(r"^\s*--- (?P<word>PASS|FAIL|SKIP): (?P<name>\S+)(?: \([\d.]+s\))?$")
_PACKAGE = re.compile(r"^(?:ok|FAIL|---)\s+(?P<package>\S+)\s+(?:[\d.]+s\b|\(cached\)|\[)")
_OUTCOMES: dict[str, CaseOutcome] = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


def census(output: bytes) -> Census | None:
    """The tests by `package.Test`; None where none that passed is named, as then the others are not known."""
    found = _from_json(output) or _from_lines(output)
    return found if found and any(case.outcome == "passed" for case in found.cases) else None


def _from_lines(output: bytes) -> Census | None:
    cases: list[Case] = []
    waiting: list[Case] = []
    for line in plain_lines(output):
        if found := _LINE.match(line):
            waiting.append(Case(found["name"], _OUTCOMES[found["word"]]))
        elif package := _PACKAGE.match(line):
            cases += [Case(f"{package['package']}.{case.id}", case.outcome) for case in waiting]
            waiting = []
    return count((*cases, *waiting)) if cases or waiting else None


def _from_json(output: bytes) -> Census | None:
    cases: dict[str, Case] = {}
    for line in output.split(b"\n"):
        if not line.startswith(b"{"):
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and told.get("Test") and str(told.get("Action")).upper() in _OUTCOMES:
            name = f"{told.get('Package', '')}.{told['Test']}"
            cases[name] = Case(name, _OUTCOMES[str(told["Action"]).upper()])
    return count(tuple(cases.values())) if cases else None
