"""What compilers, type checkers and linters complain of, found in their output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SEVERITY = r"(?P<severity>fatal error|error|warning)"
_CODE = r"(?P<code>[A-Z]{1,6}\d{1,5})"
_PLACE = r"(?P<place>[^\s:()][^:()\n]*:\d+(?::\d+)?)"
_FORMS = (
    # gcc, clang, mypy, javac, swiftc: a.c:2:45: error: expected ';'
    re.compile(rf"^{_PLACE}: {_SEVERITY}: (?P<text>.+)$"),
    # tsc, pyright: a.ts:3:5 - error TS2322: Type 'x' is not assignable
    re.compile(rf"^\s*{_PLACE} - {_SEVERITY}:? (?P<text>.+)$"),
    # tsc without colours, MSBuild: a.ts(3,5): error TS2322: Type 'x' is not assignable
    re.compile(rf"^\s*(?P<place>[^\s:()][^:()\n]*\(\d+(?:,\d+)?\)): {_SEVERITY} (?P<text>.+)$"),
    # ruff, flake8, pylint, shellcheck: t.py:1:8: F401 `os` imported but unused
    re.compile(rf"^{_PLACE}: (?P<text>{_CODE}\b.+)$"),
    # the go compiler and go vet: ./x.go:3:5: undefined: y
    re.compile(r"^(?:vet: )?(?P<place>[^\s:]+\.go:\d+:\d+): (?P<text>.+)$"),
)
# rustc and ruff's full form: the message, and on the next line its place.
_MESSAGE = re.compile(rf"^(?:{_SEVERITY}(?:\[\w+\])?: (?P<text>.+)|(?P<coded>{_CODE} .+))$")
_ARROW = re.compile(r"^\s*--> (?P<place>\S.*:\d+:\d+)$")
# eslint: the file stands alone above its complaints.
_ESLINT_FILE = re.compile(r"^(?P<file>[^\s:]+\.[A-Za-z]{1,5})$")
_ESLINT = re.compile(rf"^\s+(?P<at>\d+:\d+)\s+{_SEVERITY}\s+(?P<text>\S.*)$")
_MOST_PLACES = 4


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One complaint; `place` is `path:line` or `path:line:column` as the tool writes it."""

    place: str
    severity: str
    text: str


def find_diagnostics(lines: Sequence[str]) -> list[Diagnostic]:
    """The complaints in an output's plain lines, each once, in the order in which they came."""
    found: dict[Diagnostic, None] = {}
    file = ""
    for number, line in enumerate(lines):
        if heading := _ESLINT_FILE.match(line):
            file = heading["file"]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        diagnostic = _one_line(line) or _two_lines(line, following) or _below(file, line)
        if diagnostic is not None:
            found[diagnostic] = None
    return list(found)


def describe(diagnostics: Sequence[Diagnostic]) -> tuple[str, list[str]]:
    """A heading with counts, and a line for each different complaint with the places where it was made.

    Errors come first; of warnings beside errors only the number is told, as they stop nothing.
    """
    errors = [item for item in diagnostics if item.severity == "error"]
    warnings = [item for item in diagnostics if item.severity == "warning"]
    numbers = [_number(len(errors), "error")] if errors else []
    numbers += [_number(len(warnings), "warning")] if warnings else []
    places: dict[tuple[str, str], list[str]] = {}
    for item in errors or warnings:
        places.setdefault((item.severity, item.text), []).append(item.place)
    return f"Diagnostics ({', '.join(numbers)}):", [_line(*key, value) for key, value in places.items()]


def _one_line(line: str) -> Diagnostic | None:
    for form in _FORMS:
        if found := form.match(line):
            return Diagnostic(found["place"], _severity(found.groupdict().get("severity")), found["text"])
    return None


def _two_lines(line: str, following: str) -> Diagnostic | None:
    arrow = _ARROW.match(following)
    message = _MESSAGE.match(line) if arrow else None
    if arrow is None or message is None:
        return None
    return Diagnostic(arrow["place"], _severity(message["severity"]), message["text"] or message["coded"])


def _below(file: str, line: str) -> Diagnostic | None:
    found = _ESLINT.match(line) if file else None
    if found is None:
        return None
    return Diagnostic(f"{file}:{found['at']}", _severity(found["severity"]), re.sub(r"\s{2,}", "  ", found["text"]))


def _severity(word: str | None) -> str:
    return "warning" if word == "warning" else "error"


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _line(severity: str, text: str, places: Sequence[str]) -> str:
    if len(places) == 1:
        return f"{places[0]}: {severity}: {text}"
    more = f", … {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return f"{severity}: {text} (×{len(places)}: {', '.join(places[:_MOST_PLACES])}{more})"
