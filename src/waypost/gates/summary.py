"""Counts from the summary lines that test runners print; for gates whose command writes no report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from waypost.gates.census import Census

_PYTEST = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+, )*\d+ [a-z]+|no tests ran) in \d[\d.]*s(?: \([\d:, a-z]+\))?(?: =+)?$")
_NUMBERED = re.compile(r"(\d+) ([a-z]+)")
_UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in \d")
_UNITTEST_END = re.compile(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$")
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;")
_GO = re.compile(r"^\s*--- (PASS|FAIL|SKIP): \S")
_GO_PACKAGE = re.compile(r"^(?:ok|FAIL|\?)\s+\S+\s+(?:\S+s\b|\(cached\)|\[)")
_GO_EMPTY = re.compile(r"\[no test(?:s to run| files)\]")
_NODE = re.compile(r"^(?:#|ℹ) (tests|pass|fail|cancelled|skipped|todo) (\d+)$")
_JEST = re.compile(r"^Tests:\s+(.*\b\d+ total)$")
_VITEST = re.compile(r"^\s*Tests\s+(.*)\((\d+)\)$")


def counts(lines: Sequence[str]) -> Census | None:
    """The tests that an output's summary lines count, over all runners and runs in it; None without any."""
    found = [part for runner in _RUNNERS for part in runner(lines)]
    if not found:
        return None
    return Census(
        tests=sum(part.tests for part in found),
        failures=sum(part.failures for part in found),
        errors=sum(part.errors for part in found),
        skipped=sum(part.skipped for part in found),
    )


def _census(passed: int, failures: int, errors: int = 0, skipped: int = 0) -> Census:
    return Census(passed + failures + errors + skipped, failures, errors, skipped)


def _numbers(text: str) -> dict[str, int]:
    return {word: int(number) for number, word in _NUMBERED.findall(text)}


def _pytest(lines: Sequence[str]) -> Iterable[Census]:
    known = {
        "passed",
        "failed",
        "error",
        "errors",
        "skipped",
        "xfailed",
        "xpassed",
        "deselected",
        "warning",
        "warnings",
    }
    for line in lines:
        if not (found := _PYTEST.match(line)):
            continue
        word = _numbers(found[1])
        if word.keys() & known or found[1] == "no tests ran":
            yield _census(
                word.get("passed", 0) + word.get("xpassed", 0),
                word.get("failed", 0),
                word.get("error", 0) + word.get("errors", 0),
                word.get("skipped", 0) + word.get("xfailed", 0),
            )


def _unittest(lines: Sequence[str]) -> Iterable[Census]:
    ran: int | None = None
    for line in lines:
        if found := _UNITTEST_RAN.match(line):
            ran = int(found[1])
        elif ran is not None and (found := _UNITTEST_END.match(line)):
            word = {name: int(number) for name, number in re.findall(r"([a-z ]+)=(\d+)", found[1] or "")}
            word = {name.strip(): number for name, number in word.items()}
            failures = word.get("failures", 0) + word.get("unexpected successes", 0)
            skipped = word.get("skipped", 0) + word.get("expected failures", 0)
            # An error while a class is set up counts as an error, though no test of it ran.
            yield Census(max(ran, failures + word.get("errors", 0) + skipped), failures, word.get("errors", 0), skipped)
            ran = None


def _cargo(lines: Sequence[str]) -> Iterable[Census]:
    for line in lines:
        if found := _CARGO.match(line):
            yield _census(int(found[1]), int(found[2]), skipped=int(found[3]))


def _go(lines: Sequence[str]) -> Iterable[Census]:
    packages = [line for line in lines if _GO_PACKAGE.match(line)]
    results = [found[1] for line in lines if (found := _GO.match(line))]
    # Without -v only failures are named: then nothing is known of the others, unless there are none.
    all_named = "PASS" in results or all(_GO_EMPTY.search(line) for line in packages)
    if packages and all_named:
        yield _census(results.count("PASS"), results.count("FAIL"), skipped=results.count("SKIP"))


def _node(lines: Sequence[str]) -> Iterable[Census]:
    word: dict[str, int] = {}
    for line in lines:
        if found := _NODE.match(line):
            word[found[1]] = word.get(found[1], 0) + int(found[2])
    if {"tests", "pass", "fail"} <= word.keys():
        skipped = word.get("skipped", 0) + word.get("todo", 0)
        yield Census(word["tests"], word["fail"], word.get("cancelled", 0), skipped)


def _jest(lines: Sequence[str]) -> Iterable[Census]:
    for line in lines:
        if found := _JEST.match(line):
            word = _numbers(found[1])
            yield Census(word["total"], word.get("failed", 0), 0, word.get("skipped", 0) + word.get("todo", 0))


def _vitest(lines: Sequence[str]) -> Iterable[Census]:
    for line in lines:
        if found := _VITEST.match(line):
            word = _numbers(found[1])
            yield Census(int(found[2]), word.get("failed", 0), 0, word.get("skipped", 0) + word.get("todo", 0))


_RUNNERS: tuple[Callable[[Sequence[str]], Iterable[Census]], ...] = (
    _pytest,
    _unittest,
    _cargo,
    _go,
    _node,
    _jest,
    _vitest,
)
