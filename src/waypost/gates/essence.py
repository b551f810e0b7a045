"""The few thousand characters that a repairing agent needs out of a failed gate's ten thousand lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from waypost.gates.census import Case, Census
from waypost.gates.diagnostics import describe, find_diagnostics
from waypost.gates.failures import Failure, failed_tests, is_failed_test, place_in, traces, without_foreign_frames
from waypost.gates.text import plain_lines

_LONGEST_MESSAGE = 240
_MOST_TAIL_LINES = 25
_FEWEST_TAIL_LINES = 4
_SHORT = 0.4
"""Up to this part of the limit, the output itself says it best."""


def essence(
    output: bytes | str,
    exit: int | None,  # noqa: A002 - the field's own name
    census: Census | None = None,
    limit_chars: int = 4_000,
    checkout: Path | None = None,
) -> str:
    """Failed tests with messages, complaints counted, the first and the last trace, the output's end.

    Deterministic; at most `limit_chars` characters. Paths in `checkout` are made relative to it.
    """
    lines = without_foreign_frames(collapse(plain_lines(output, checkout)))
    cases = [case for case in census.cases if case.outcome in {"failed", "error"}] if census else []
    if not cases and sum(len(line) + 1 for line in lines) < limit_chars * _SHORT:
        return fit_tail(f"The whole output{_exit(exit)}:", lines, limit_chars)
    sections: list[str] = []

    def add(heading: str, items: Sequence[str], share: float) -> None:
        left = limit_chars - sum(len(section) + 2 for section in sections)
        if text := fit(heading, items, int(left * share)):
            sections.append(text)

    tests = _from_cases(cases, checkout) or [_failure_line(failure) for failure in failed_tests(lines)]
    add(f"Failed tests ({len(tests)}):", [f"- {test}" for test in tests], 0.35)
    diagnostics = find_diagnostics(lines)
    heading, complaints = describe(diagnostics)
    add(heading, [f"- {complaint}" for complaint in complaints], 0.5)
    blocks = _blocks(cases, lines, checkout)
    if diagnostics:
        blocks = [block for block in blocks if len(block) > 1]
    if blocks:
        add("First error:" if len(blocks) > 1 else "Error:", blocks[0], 0.6)
    if len(blocks) > 1:
        add(f"Last error (of {len(blocks)}):", blocks[-1], 0.6)
    room = limit_chars - sum(len(section) + 2 for section in sections)
    ending = fit_tail(f"The output's end{_exit(exit)}:", _untold(lines, blocks), room)
    return "\n\n".join([*sections, ending] if ending else sections)


def fit(heading: str, items: Sequence[str], room: int) -> str:
    """The heading and as many items as have room; of the others, the number. Empty if not one has room."""
    note = "… {} more lines"
    used, kept = len(heading), list[str]()
    for item in items:
        rest = len(items) - len(kept) - 1
        needed = used + len(item) + 1 + (len(note) + 6 if rest else 0)
        if needed > room:
            break
        kept.append(item)
        used += len(item) + 1
    if not kept:
        return ""
    left_out = len(items) - len(kept)
    return "\n".join([heading, *kept, *([note.format(left_out)] if left_out else [])])


def fit_tail(heading: str, lines: Sequence[str], room: int) -> str:
    """The heading and as many of the last lines as have room; empty if there is nothing to show."""
    used, kept = len(heading), list[str]()
    for line in reversed(lines):
        if used + len(line) + 1 > room:
            break
        kept.append(line)
        used += len(line) + 1
    return "\n".join([heading, *reversed(kept)]) if any(line.strip() for line in kept) else ""


def collapse(lines: Sequence[str]) -> list[str]:
    """The lines with runs of equal ones told once with their number, and without blank lines at both ends."""
    told: list[tuple[str, int]] = []
    for line in lines:
        if told and told[-1][0] == line:
            told[-1] = (line, told[-1][1] + 1)
        else:
            told.append((line, 1))
    texts = [f"{line}  (×{times})" if times > 1 and line else line for line, times in told]
    written = [number for number, text in enumerate(texts) if text]
    return texts[written[0] : written[-1] + 1] if written else []


def _from_cases(cases: Sequence[Case], checkout: Path | None) -> list[str]:
    return [_failure_line(Failure(case.id, case.message), place_in(_detail(case, checkout))) for case in cases]


def _failure_line(failure: Failure, place: str = "") -> str:
    message = " ".join(failure.message.split())
    message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    return f"{failure.id}{f' ({place})' if place else ''}{f': {message}' if message else ''}"


def _blocks(cases: Sequence[Case], lines: Sequence[str], checkout: Path | None) -> list[list[str]]:
    """The traces: those of the report where it has some, else those in the output."""
    told = [[case.id, *without_foreign_frames(_detail(case, checkout))] for case in cases if case.detail]
    return told or traces(lines)


def _detail(case: Case, checkout: Path | None) -> list[str]:
    return collapse(plain_lines(case.detail, checkout))


def _untold(lines: Sequence[str], blocks: Sequence[Sequence[str]]) -> Sequence[str]:
    """The last lines, from where nothing of them stands in the sections above; a few at least."""
    told = {line for block in [*blocks[:1], *blocks[-1:]] for line in block if line.strip()}
    earliest, latest = max(0, len(lines) - _MOST_TAIL_LINES), max(0, len(lines) - _FEWEST_TAIL_LINES)
    for number in range(latest, earliest, -1):
        line = lines[number - 1]
        if line in told or is_failed_test(line) or find_diagnostics([line]):
            return lines[number:]
    return lines[earliest:]


def _exit(exit_code: int | None) -> str:
    return "" if exit_code is None else f" (exit {exit_code})"
