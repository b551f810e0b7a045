"""unittest's own runner: `python -m unittest -v`. Without -v it names only the tests that failed."""

from __future__ import annotations

import re

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.text import plain_lines

_LINE = re.compile(r"^(?P<name>\w+ \([\w.<>]+\)).*?(?: \.\.\. (?P<word>.*))?$")
_ENDING = re.compile(r"^(?:.* \.\.\. )?(?P<word>ok|FAIL|ERROR|expected failure|unexpected success|skipped\b.*)$")
_BROKEN = re.compile(r"^ERROR: (?P<name>\w+ \([\w.<>]+\))")
_OUTCOMES: dict[str, CaseOutcome] = {
    "ok": "passed",
    "FAIL": "failed",
    "ERROR": "error",
    "expected failure": "xfailed",
    "unexpected success": "failed",
}


def census(output: bytes) -> Census | None:
    """The tests that -v names; None without them. A docstring's line may stand between a name and its outcome."""
    cases: dict[str, Case] = {}
    name = ""
    for line in plain_lines(output):
        if broken := _BROKEN.match(line):
            cases[broken["name"]] = Case(
                broken["name"], "error" if _was(cases, broken["name"]) != "failed" else "failed"
            )
            continue
        if started := _LINE.match(line):
            name = started["name"]
        if name and (ended := _ENDING.match(line)):
            word = ended["word"]
            cases[name] = Case(name, _OUTCOMES.get(word, "skipped"), _reason(word))
            name = ""
    return count(tuple(cases.values())) if cases else None


def _was(cases: dict[str, Case], name: str) -> str:
    return cases[name].outcome if name in cases else ""


def _reason(word: str) -> str:
    return word.removeprefix("skipped").strip(" '\"") if word.startswith("skipped") else ""
