"""What is known of the tests of a command that ran: witness, report and output, held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from waypost.documents.model import Gate
from waypost.gates.census import Census
from waypost.gates.collection import uncollected
from waypost.gates.invocation import is_negated, runners
from waypost.gates.junit import BadReport, read_reports
from waypost.gates.runners.registry import read
from waypost.gates.testimony import Testimony, refuse
from waypost.gates.verdict import Finding
from waypost.sandbox.sandbox import Outcome

_NOTHING = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """The tests, what is wrong with the report that the gate promised, and what contradicts itself."""

    census: Census | None
    complaint: str = ""
    findings: tuple[Finding, ...] = ()


def gather(gate: Gate, outcome: Outcome, checkout: Path, told: Testimony | None) -> Evidence:
    """The best census there is: the witness's, else the report's, else what the output shows."""
    report, complaint = _report(gate, checkout)
    witnessed = _witnessed(told, checkout)
    # Ids must be the same in every checkout.
    output = outcome.output.replace(f"{checkout}/".encode(), b"")
    census = witnessed or report or read(gate.command, output)
    findings = tuple(told.findings) if told else ()
    if outcome.timed_out or outcome.limit:  # then it was the runtime that killed the runner
        findings = tuple(finding for finding in findings if finding.kind != "runner-killed")
    if told is not None:
        findings += tuple(_contradictions(gate, outcome, told, witnessed, report, checkout))
    return Evidence(census, complaint, findings)


def failures(census: Census) -> str:
    """`1 of 3 tests failed`."""
    return f"{census.failed} of {number_of(census.tests)} failed"


def number_of(tests: int) -> str:
    """`1 test`, `3 tests`."""
    return f"{tests} test{'' if tests == 1 else 's'}"


def _report(gate: Gate, checkout: Path) -> tuple[Census | None, str]:
    if gate.junit is None:
        return None, ""
    try:
        census = read_reports(checkout, gate.junit)
    except BadReport as error:
        return None, str(error)
    return census, f"{gate.junit} says that {failures(census)}" if census.failed else ""


def _witnessed(told: Testimony | None, checkout: Path) -> Census | None:
    if told is None or not told.sessions:
        return None
    missing = dict.fromkeys(name for session in told.sessions for name in uncollected(session, checkout))
    return told.census(tuple(missing))


def _contradictions(
    gate: Gate, outcome: Outcome, told: Testimony, census: Census | None, report: Census | None, checkout: Path
) -> Iterator[Finding]:
    if census is None:
        if "pytest" in runners(gate.command) and not told.spoke and outcome.exit == 0:
            yield refuse(
                "silent", "the command starts pytest, and no pytest spoke: was it another program of its name?"
            )
        return
    if outcome.exit == 0 and not is_negated(gate.command):
        # That nothing was collected (5) is told in plainer words, where nothing ran at all.
        statuses = [one.status for one in told.sessions if one.status and (one.status != _NOTHING or census.ran)]
        if census.failed:
            yield refuse("exit-forged", f"exit 0 although {failures(census)}")
        elif statuses:
            yield refuse("exit-forged", f"exit 0 although pytest ended with {statuses[0]}")
    if report is not None and _is_the_runners(gate, told, checkout):
        yield from _against_report(gate, census, report)


def _is_the_runners(gate: Gate, told: Testimony, checkout: Path) -> bool:
    """Whether the gate's report is the one that the only pytest in the command was to write."""
    if len(told.sessions) != 1 or not told.sessions[0].report or not gate.junit:
        return False
    session = told.sessions[0]
    return (Path(session.folder) / session.report).resolve() == (checkout / gate.junit).resolve()


def _against_report(gate: Gate, census: Census, report: Census) -> Iterator[Finding]:
    """pytest writes one more case for a test whose teardown breaks too, so errors are left out of the counting."""
    passed, said = census.ran - census.failed, report.ran - report.failed
    if said > passed or report.tests < census.tests or bool(report.failed) != bool(census.failed):
        runner = f"the runner told of {passed} passed and {census.failed} failed"
        yield refuse("report-forged", f"{gate.junit} says {said} passed and {report.failed} failed; {runner}")
