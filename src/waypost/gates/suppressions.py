"""Words that tell a checker to look away: how many more there are than before, by kind. Told, never refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from waypost.gates.comparison import Comparison
from waypost.gates.verdict import Finding

WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        ("noqa", r"#\s*(?:ruff:\s*|flake8:\s*)?noqa\b"),
        ("type: ignore", r"#\s*type:\s*ignore\b"),
        ("pyright: ignore", r"#\s*(?:pyright|mypy|pyre)(?::\s*|-)(?:ignore|basic|fixme|disable)"),
        ("pragma: no cover", r"#\s*pragma:\s*no\s*(?:cover|branch|mutate)"),
        ("pylint: disable", r"#\s*pylint:\s*(?:disable|skip-file)"),
        ("fmt: off", r"#\s*(?:fmt|yapf|isort|black):\s*(?:off|skip|disable)"),
        ("nosec", r"#\s*(?:nosec|nosemgrep|noinspection)\b"),
        ("eslint-disable", r"(?://|/\*)\s*(?:eslint|tslint|biome|oxlint|stylelint)[-:](?:disable|ignore)"),
        ("@ts-ignore", r"@ts-(?:ignore|expect-error|nocheck)"),
        ("istanbul ignore", r"/\*\s*(?:istanbul|c8|v8)\s+ignore|prettier-ignore"),
        ("nolint", r"//\s*(?:nolint|lint:ignore)\b|#nosec"),
        ("allow attribute", r"#!?\[\s*(?:allow|expect)\b|#\[rustfmt::skip\]|#\[(?:coverage\(off|no_coverage)"),
        ("SuppressWarnings", r"@Suppress(?:Warnings)?\b|//\s*NOSONAR|//\s*NOLINT"),
        ("rubocop:disable", r"#\s*rubocop:\s*(?:disable|todo)|:nocov:"),
        ("shellcheck disable", r"#\s*shellcheck\s+disable"),
    )
)


def suppressed(comparison: Comparison) -> Iterator[Finding]:
    """One finding for each kind of new suppression in each changed file."""
    for path, old, new in comparison.texts():
        for word, pattern in WORDS:
            count = len(pattern.findall(new)) - len(pattern.findall(old))
            if count > 0:
                line = _first_new(pattern, old, new)
                yield Finding("suppression", path, f"{count} new `{word}`, the first in line {line}", False)


def _first_new(pattern: re.Pattern[str], old: str, new: str) -> int:
    known = set(old.split("\n"))
    lines = [(number, text) for number, text in enumerate(new.split("\n"), 1) if pattern.search(text)]
    return next((number for number, text in lines if text not in known), lines[0][0])
