"""cargo: `cargo test`, which names each test unless it is told to be quiet, and `cargo nextest run`."""

from __future__ import annotations

import re

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.text import plain_lines

_BINARY = re.compile(r"^\s*(?:Running (?:unittests )?(?P<file>\S+)|Doc-tests (?P<doc>\S+))")
_LINE = re.compile(
    r"^test (?P<name>\S.*?)(?: - should panic| - compile(?: fail)?)? \.\.\. (?P<word>ok|FAILED|ignored)\b"
)
_NEXTEST = re.compile(r"^\s+(?P<word>PASS|FAIL|SKIP|TIMEOUT|SIGABRT) \[ *[\d.]*s?\] (?:\([^)]*\) )?(?P<name>\S+ +\S+)$")
_OUTCOMES: dict[str, CaseOutcome] = {"ok": "passed", "PASS": "passed", "ignored": "skipped", "SKIP": "skipped"}


def census(output: bytes) -> Census | None:
    """The tests by `file::path::test`; None where none is named."""
    cases: dict[str, Case] = {}
    place = ""
    for line in plain_lines(output):
        if opened := _BINARY.match(line):
            place = opened["file"] or f"doc {opened['doc']}"
        elif found := _LINE.match(line) or _NEXTEST.match(line):
            name = "::".join(part for part in (place, " ".join(found["name"].split())) if part)
            cases[name] = Case(name, _OUTCOMES.get(found["word"], "failed"))
    return count(tuple(cases.values())) if cases else None
