"""PLAN.md's `Quarantine`: tests that a human knows to be flaky, each until a day."""

from __future__ import annotations

import datetime
import re

from waypost.documents.errors import Report
from waypost.documents.fence import near
from waypost.documents.model import Quarantined
from waypost.documents.source import Source, Text

ENTRY = re.compile(
    r"`?(?P<test>[^`\s]+)`?\s+until\s+`?(?P<until>[^\s`:]+)`?(?:(?:\s*:|\s+[(–—-])\s*(?P<reason>.*?)\)?)?\.?$"
)
FORM = "write - `tests/test_net.py::test_retry` until 2026-12-31: why"


def read_quarantine(source: Source, report: Report) -> tuple[Quarantined, ...]:
    """The tests under `## Quarantine`. A bullet that can't be read, or whose day has no such form, is reported."""
    found: dict[str, Quarantined] = {}
    for section in source.sections():
        word = section.heading.text.strip("*_ \t").casefold()
        if word != "quarantine":
            if section.heading.level == 2 and near(word, ("quarantine",), 0.85):
                report.error(section.heading.line, f'the section "{section.heading.text}" is not known',
                             'did you mean "Quarantine"?')  # fmt: skip
            continue
        for block in section.blocks:
            if isinstance(block, Text) and block.bullet and not block.quoted and block.depth == 1:
                entry = _entry(block, report)
                if entry and entry.test in found:
                    report.error(block.line, f"{entry.test} is in quarantine twice", "keep one")
                elif entry:
                    found[entry.test] = entry
    return tuple(found.values())


def _entry(block: Text, report: Report) -> Quarantined | None:
    match = ENTRY.match(block.text.strip())
    if match is None:
        report.error(block.line, "a test in quarantine names no last day", FORM)
        return None
    try:
        datetime.date.fromisoformat(match["until"])
    except ValueError:
        report.error(block.line, f'"{match["until"]}" is no day', FORM)
        return None
    return Quarantined(match["test"], match["until"], (match["reason"] or "").strip(), block.line)
