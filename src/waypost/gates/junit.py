"""Test reports in JUnit's XML, as nearly every test runner writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.errors import GateError

MEBIBYTE = 1 << 20
LARGEST_REPORT = 32 * MEBIBYTE
DEEPEST_ELEMENT = 64
LONGEST_DETAIL = 8_000
LONGEST_ID = 400

_OUTCOMES: dict[str, CaseOutcome] = {"failure": "failed", "error": "error", "skipped": "skipped"}
_GRAVITY: dict[CaseOutcome, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


class BadReport(GateError):
    """A test report is missing, unreadable, too large, or lies outside the checkout."""


def remove_stale(checkout: Path, pattern: str) -> None:
    """Removes reports that stand there before the gate's run, so that none of them can speak for it.

    Raises BadReport.
    """
    for path in _matches(checkout, pattern):
        if path.is_dir() and not path.is_symlink():
            continue
        try:
            path.unlink()
        except OSError as error:
            raise BadReport(f"the old report {pattern} can't be removed: {error.strerror}") from error


def read_reports(checkout: Path, pattern: str) -> Census:
    """The census of the reports at `pattern`: a path relative to the checkout, or a glob for several files.

    Raises BadReport.
    """
    paths = sorted(_matches(checkout, pattern))
    if not paths:
        raise BadReport(f"no report at {pattern}")
    cases: list[Case] = []
    for path in paths:
        name = path.relative_to(checkout).as_posix()
        cases += parse(_content(path, name), name).cases
    return count(tuple(cases))


def parse(report: bytes, name: str = "report") -> Census:
    """The census of one report's bytes; `<testsuites>` and `<testsuite>` may both be its root.

    Document types and entities are refused: no report needs them, and they are how XML bites.
    Raises BadReport.
    """
    if len(report) > LARGEST_REPORT:
        raise BadReport(f"{name} is larger than {LARGEST_REPORT // MEBIBYTE} MiB")
    reader = _Reader(name)
    try:
        reader.parser.Parse(report, True)
    except expat.ExpatError as error:
        raise BadReport(f"{name}:{error.lineno}: no readable XML: {expat.ErrorString(error.code)}") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not know, or refuses
        raise BadReport(f"{name}: no readable XML: {error}") from error
    return count(tuple(reader.cases))


def _matches(checkout: Path, pattern: str) -> list[Path]:
    relative = PurePosixPath(pattern)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise BadReport(f"junit={pattern} leads out of the checkout; give a path relative to it")
    try:
        found = list(checkout.glob(pattern)) if re.search(r"[*?\[]", pattern) else [checkout / pattern]
        found = [path for path in found if path.is_symlink() or path.exists()]
        outside = [path for path in found if not path.parent.resolve().is_relative_to(checkout.resolve())]
    except (ValueError, OSError) as error:
        raise BadReport(f"junit={pattern} can't be looked up: {error}") from error
    if outside:
        raise BadReport(f"junit={pattern} leads out of the checkout through a link")
    return found


def _content(path: Path, name: str) -> bytes:
    if path.is_symlink():
        raise BadReport(f"{name} is a link; a report must be a file that the command wrote")
    if not path.is_file():
        raise BadReport(f"{name} is not a file; for several reports name their files, as in junit=reports/*.xml")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_REPORT + 1)
    except OSError as error:
        raise BadReport(f"{name} can't be read: {error.strerror}") from error


@dataclass(slots=True)
class _Open:
    """The test case that is being read."""

    id: str
    outcome: CaseOutcome = "passed"
    message: str = ""
    detail: list[str] = field(default_factory=list)
    size: int = 0


class _Reader:
    """Takes cases out of the parser's events; only one case is held at a time, and only so much of it."""

    def __init__(self, name: str) -> None:
        self.cases: list[Case] = []
        self._name = name
        self._stack: list[str] = []
        self._case: _Open | None = None
        self._collecting = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> int:
        raise BadReport(f"{self._name}: document types and entities are not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self._stack and tag not in {"testsuites", "testsuite"}:
            raise BadReport(
                f"{self._name}: <{tag[:40]}> is no JUnit report, which begins with <testsuites> or <testsuite>"
            )
        if len(self._stack) >= DEEPEST_ELEMENT:
            raise BadReport(f"{self._name}: nested deeper than {DEEPEST_ELEMENT} elements")
        if tag == "testcase" and self._case is None:
            self._case = _Open(_identity(attributes))
        elif self._case is not None and self._stack[-1] == "testcase" and tag in _OUTCOMES:
            self._judge(self._case, _OUTCOMES[tag], attributes)
        self._stack.append(tag)

    def _judge(self, case: _Open, outcome: CaseOutcome, attributes: dict[str, str]) -> None:
        self._collecting = _GRAVITY[outcome] > _GRAVITY[case.outcome]
        if self._collecting:
            case.outcome = outcome
            case.message = (attributes.get("message") or attributes.get("type") or "")[:LONGEST_DETAIL]
            case.detail.clear()
            case.size = 0

    def _text(self, text: str) -> None:
        case = self._case
        if case is not None and self._collecting and case.size < LONGEST_DETAIL:
            case.detail.append(text[: LONGEST_DETAIL - case.size])
            case.size += len(case.detail[-1])

    def _end(self, _: str) -> None:
        tag = self._stack.pop()
        self._collecting = self._collecting and tag not in _OUTCOMES
        if tag == "testcase" and self._case is not None and "testcase" not in self._stack:
            detail = "".join(self._case.detail).strip()
            message = _first_line(self._case.message) or _first_line(detail)
            self.cases.append(Case(self._case.id, self._case.outcome, message, detail))
            self._case = None


def _identity(attributes: dict[str, str]) -> str:
    parts = [attributes.get("classname") or attributes.get("file") or "", attributes.get("name") or "unnamed"]
    return "::".join(part.strip() for part in parts if part.strip())[:LONGEST_ID]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")
