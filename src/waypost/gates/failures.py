"""Which tests failed and where, and the traces of errors, found in an output's plain lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FAILED = (
    re.compile(r"^(?:FAILED|ERROR) (?P<id>\S+?\.py(?:::.+?)?)(?: - (?P<message>.*))?$"),  # pytest
    re.compile(r"^(?:FAIL|ERROR): (?P<id>\w+ \([\w.<>]+\).*)$"),  # unittest
    re.compile(r"^test (?P<id>\S+)(?: - should panic)? \.\.\. FAILED$"),  # cargo
    re.compile(r"^(?P<id>[\w:]+) --- FAILED$"),  # cargo -q
    re.compile(r"^\s*--- FAIL: (?P<id>\S+)"),  # go
    re.compile(r"^\s*not ok \d+ -? ?(?P<id>.+?)(?: # (?!SKIP|TODO).*)?$"),  # TAP, node
    re.compile(r"^\s*✖ (?P<id>.+?)(?: \(\d[\d.]*ms\))?$"),  # node
    re.compile(r"^\s*● (?P<id>.+ › .+)$"),  # jest
    re.compile(r"^\s*FAIL\s+(?P<id>\S+ > .+)$"),  # vitest
)
_NOT_FAILED = re.compile(r"# (?:SKIP|TODO)\b|^\s*✖ failing tests:$")

_MOST_LINES = 40
_RULE = re.compile(r"^(?:_{3,} .+ _{3,}|[=-]{8,}.*)$")
_PYTHON_END = re.compile(r"^\S")
_CHAIN = re.compile(r"^(?:During handling of the above|The above exception was the direct)")
_STACK = re.compile(r"^\s+(?:at |\^|[|+-]|\d+:)|^\s*\d+ +\||^\s{4,}\S|^\s*(?:left|right): |^\s*(?:note|help): ")
_FRAME = re.compile(r"^\s+at ")
_FARTHEST_FRAME = 15
_OPENINGS = (
    (re.compile(r"^_{3,} .+ _{3,}$"), "section"),
    (re.compile(r"^\s*Traceback \(most recent call last\):"), "traceback"),
    (re.compile(r"^\s*not ok \d+ (?!.*# (?:SKIP|TODO)\b)"), "tap"),
    (re.compile(r"^thread '.*panicked at|^panic: |^goroutine \d+|^\s*--- FAIL: "), "paragraph"),
    (
        re.compile(r"^\s*(?:Uncaught )?[\w.]*(?:Error|Exception)\b(?: \[\w+\])?: |^error(?:\[\w+\])?: |^fatal: "),
        "stack",
    ),
    (re.compile(r"^(?:make|ninja|npm|bash|sh)(?:\[\d+\])?: |^npm (?:ERR!|error)"), "stack"),
    (re.compile(r"\b(?i:error|fatal|failed|failure|exception)\b"), "line"),
)
_NOTHING_WRONG = re.compile(r"\b(?:0|no) (?i:errors?|failed|failures?)\b")
_FOREIGN_FRAME = re.compile(
    r"\bnode:internal/|\(node:|/node_modules/|/rustc/|/site-packages/|/lib/python3|^\s*\d+: (?:core|std|__rustc|test)::"
    r"|^\s*\d+: <.*core::"
)

_PYTEST_PLACE = re.compile(r"^(?P<place>[^\s:]+\.\w+:\d+): ")
_PYTHON_PLACE = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+)')
_OTHER_PLACE = re.compile(r"(?P<place>[\w./@-]+\.[A-Za-z]{1,5}:\d+(?::\d+)?)\b")


_MESSAGES = (
    re.compile(r"^\s*error: '?(?!\|-)(?P<message>.+?)'?$"),  # TAP
    re.compile(r"^\s*(?P<message>[\w.]*(?:Error|Exception)\b(?: \[\w+\])?: .*\S)$"),  # Python, JavaScript, Java
    re.compile(r"^\s+(?P<message>\S+_test\.go:\d+: .+)$"),
    re.compile(r"^(?P<message>assertion .*|(?:thread '.*)?panicked at .*)$"),
)
_FARTHEST_MESSAGE = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed."""

    id: str
    message: str = ""


def failed_tests(lines: Sequence[str]) -> list[Failure]:
    """The failed tests that the usual runners name, each once, with the first line of why where it is told."""
    found: dict[str, Failure] = {}
    sections = {line: number for number, line in enumerate(lines) if line.startswith("---- ")}
    for number, line in enumerate(lines):
        match = _failed(line)
        if match is None:
            continue
        begin = sections.get(f"---- {match['id']} stdout ----", number)  # cargo tells the reasons by themselves
        message = match.groupdict().get("message") or _message(lines, begin)
        if message or match["id"] not in found:
            found[match["id"]] = Failure(match["id"], message)
    return list(found.values())


def is_failed_test(line: str) -> bool:
    """Whether a runner names a failed test on this line."""
    return _failed(line) is not None


def _failed(line: str) -> re.Match[str] | None:
    if _NOT_FAILED.search(line):
        return None
    return next((match for form in _FAILED if (match := form.match(line))), None)


def _message(lines: Sequence[str], begin: int) -> str:
    """Why a test failed, from the lines below its name."""
    for line in lines[begin + 1 : begin + 1 + _FARTHEST_MESSAGE]:
        if _failed(line):
            return ""
        if found := next((match for form in _MESSAGES if (match := form.match(line))), None):
            return found["message"]
    return ""


def place_in(lines: Sequence[str]) -> str:
    """Where in the repository a trace ends: `path:line`; empty if nowhere. Takes paths made relative."""
    python = [f"{found['path']}:{found['line']}" for line in lines if (found := _PYTHON_PLACE.match(line))]
    pytest = [found["place"] for line in lines if (found := _PYTEST_PLACE.match(line))]
    for places in (pytest, python):
        if inside := [place for place in places if _is_inside(place)]:
            return inside[-1]  # Python's innermost frame comes last
    others = (found["place"] for line in lines for found in _OTHER_PLACE.finditer(line) if not _is_foreign(line))
    return next((place for place in others if _is_inside(place)), "")


def traces(lines: Sequence[str]) -> list[list[str]]:
    """The blocks that tell of an error, in the order in which they came, without frames of other people's code.

    Where there are blocks of several lines, single lines that mention an error are left out.
    """
    found: list[list[str]] = []
    number = 0
    while number < len(lines):
        form = _form(lines[number])
        end = _end(lines, number, form) if form else number + 1
        if form:
            found.append(without_foreign_frames(lines[number:end]))
        number = end
    return [block for block in found if len(block) > 1] or found


def _form(line: str) -> str:
    form = next((form for opening, form in _OPENINGS if opening.search(line)), "")
    return "" if form == "line" and _NOTHING_WRONG.search(line) else form


def without_foreign_frames(lines: Sequence[str]) -> list[str]:
    """The lines without the frames of libraries and runtimes, where others are left."""
    kept = [line for line in lines if not _is_foreign(line)]
    return kept if any(line.strip() for line in kept) else list(lines)


def _is_foreign(line: str) -> bool:
    return _FOREIGN_FRAME.search(line) is not None


def _is_inside(place: str) -> bool:
    return not place.startswith(("/", "<", "node:")) and "site-packages/" not in place and "node_modules/" not in place


def _end(lines: Sequence[str], begin: int, form: str) -> int:
    """The index after a block's last line."""
    last = min(len(lines), begin + _MOST_LINES)
    number = begin + 1
    while number < last and not _ends(lines, number, form):
        number += 1
    if form == "stack":
        number = _after_frames(lines, number, last)
    if form in {"traceback", "tap"} and number < last:
        number += 1  # the line that ends it belongs to it
    if form == "traceback" and any(_CHAIN.match(line) for line in lines[number : number + 2]):
        return min(last, _end(lines, number + 2, form))
    return number


def _after_frames(lines: Sequence[str], number: int, last: int) -> int:
    """The index after the stack's frames, if they follow at some distance below a message of several lines."""
    near = range(number, min(last, number + _FARTHEST_FRAME))
    first = next((index for index in near if _FRAME.match(lines[index])), number)
    if any(_failed(lines[index]) for index in range(number, first)):
        return number
    while first < last and _FRAME.match(lines[first]):
        first += 1
    return first


def _ends(lines: Sequence[str], number: int, form: str) -> bool:
    line = lines[number]
    match form:
        case "section":
            return _RULE.match(line) is not None
        case "traceback":
            return _PYTHON_END.match(line) is not None
        case "tap":
            return line.strip() == "..."
        case "paragraph":
            return not line.strip()
        case "stack":
            return _STACK.match(line) is None
        case _:
            return True
