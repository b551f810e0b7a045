"""vitest: the verbose reporter's lines, and what its JSON reporter writes (jest's form)."""

from __future__ import annotations

import re

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.runners.jest import from_json
from waypost.gates.text import plain_lines

_LINE = re.compile(r"^\s+(?P<mark>[✓✔×❯↓✖□]) (?P<name>\S+\.[\w.]+ > .+?)(?: \d+m?s)?$")
_OUTCOMES: dict[str, CaseOutcome] = {"✓": "passed", "✔": "passed", "×": "failed", "✖": "failed"}


def census(output: bytes) -> Census | None:
    """The tests by `file > suite > test`; None where none is named."""
    cases: dict[str, Case] = {}
    for line in plain_lines(output):
        if found := _LINE.match(line):
            cases[found["name"]] = Case(found["name"], _OUTCOMES.get(found["mark"], "skipped"))
    return count(tuple(cases.values())) if cases else from_json(output)
