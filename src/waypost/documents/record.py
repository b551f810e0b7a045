"""DOCUMENTATION.md's generated parts, rendered from plain data. Nothing here knows where the data comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.documents.escape import cell, fenced, inline


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One milestone's line in the status table; `tokens` and `cost` come as they are to be shown."""

    milestone: str
    title: str
    state: str
    gates: str = ""
    tokens: str = ""
    cost: str = ""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate's verdict in a report; `took` is in seconds."""

    name: str
    verdict: str
    took: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision: where it was taken, what, why, and what was turned down."""

    at: str
    decision: str
    reason: str = ""
    rejected: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A checkpoint report. `at` is a time or a place in the log, as it is to be shown; `output` is a log's end."""

    milestone: str
    title: str
    state: str
    at: str = ""
    gates: Sequence[GateRow] = ()
    changed: Sequence[str] = ()
    decisions: Sequence[str] = ()
    problems: Sequence[str] = ()
    next: str = ""
    output: str = ""


def new_record(title: str) -> bytes:
    """A record with nothing in it yet: a title and room for a person's own words."""
    text = (
        f"# {inline(title)}: documentation\n\n"
        "Between the markers the runtime writes; all other text is yours and stays as it is.\n\n"
        "## Notes\n"
    )
    return text.encode("utf-8", "replace")


def status_table(rows: Sequence[StatusRow]) -> str:
    """The block `status`: one line a milestone."""
    head = ["Milestone", "Title", "State", "Gates", "Tokens", "Cost"]
    values = [[row.milestone, row.title, row.state, row.gates, row.tokens, row.cost] for row in rows]
    return "## Status\n\n" + _table(head, values) if rows else "## Status\n\nNothing has begun."


def report_entry(entry: Entry) -> str:
    """One checkpoint report, for the block `reports`."""
    at = f", {inline(entry.at)}" if entry.at else ""
    parts = [f"### {inline(entry.milestone)} - {inline(entry.title)}: {inline(entry.state)}{at}"]
    if entry.gates:
        rows = [[gate.name, gate.verdict, _took(gate.took), gate.detail] for gate in entry.gates]
        parts.append(_table(["Gate", "Verdict", "Took", "Detail"], rows))
    parts += [_bullets("Changed", entry.changed), _bullets("Decisions", entry.decisions)]
    parts.append(_bullets("Problems", entry.problems))
    if entry.output.strip():
        parts.append(fenced(entry.output))
    if entry.next:
        parts.append(f"Next: {inline(entry.next)}")
    return "\n\n".join(part for part in parts if part)


def reports_block(entries: Sequence[str]) -> str:
    """The block `reports`: entries of report_entry, as given."""
    return "\n\n".join(["## Checkpoint reports", *(entries or ["None yet."])])


def decisions_block(rows: Sequence[DecisionRow]) -> str:
    """The block `decisions`: one bullet each, with the reason and what was turned down."""
    return "\n".join(["## Decisions", "", *([_decision(row) for row in rows] or ["None yet."])])


def list_block(heading: str, lines: Sequence[str]) -> str:
    """A block of plain bullets: `surprises`, `amendments`, `issues`."""
    return "\n".join([f"## {inline(heading)}", "", *([f"- {inline(line)}" for line in lines] or ["None yet."])])


def _decision(row: DecisionRow) -> str:
    place = f"{inline(row.at)}: " if row.at else ""
    reason = f"; why: {inline(row.reason)}" if row.reason else ""
    rejected = f"; turned down: {inline(', '.join(row.rejected))}" if row.rejected else ""
    return f"- {place}{inline(row.decision)}{reason}{rejected}"


def _bullets(label: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{label}:", "", *(f"- {inline(line)}" for line in lines)]) if lines else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table without the columns that no row fills."""
    kept = [place for place in range(len(head)) if place < 2 or any(row[place] for row in rows)]
    lines = [[head[place] for place in kept], ["---" for _ in kept]]
    lines += [[cell(row[place]) for place in kept] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"
