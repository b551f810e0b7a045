"""PLAN.md: which form it is in, and all that it says."""

from __future__ import annotations

from waypost.documents import strict
from waypost.documents.errors import Report
from waypost.documents.fence import claims_gate
from waypost.documents.headings import FORM, report_disguised
from waypost.documents.model import Gate, Milestone, Plan
from waypost.documents.quarantine import read_quarantine
from waypost.documents.source import Fence, Source, read
from waypost.documents.splice import can_hold_status, milestone_ids

NOTES = ("risk", "architecture")


def parse_plan(raw: bytes, report: Report) -> Plan:
    """Reads PLAN.md; everything that can't be read is reported with its line and the mend.

    A plan with any `gate=` fence is in the strict form; otherwise one with plain labels is in the plain form.
    """
    source = read(raw, report)
    claims = any(isinstance(block, Fence) and not block.quoted and claims_gate(block) for block in source.blocks)
    checklist, milestones = (None if claims else _read_plain(source, report)) or _read_strict(source, report)
    for section in source.sections():
        if milestone_ids(section.heading) and not can_hold_status(source, section):
            line = section.heading.line
            report.error(line, "no `Status:` line can be put under the heading", "leave an empty line below it")
    if not milestones and not report.has_errors:
        report.error(1, "the plan has no milestone", f"add a heading {FORM}")
    return Plan(title(source), checklist, milestones, _notes(source), read_quarantine(source, report))


def _read_strict(source: Source, report: Report) -> tuple[tuple[Gate, ...], tuple[Milestone, ...]]:
    checklist = strict.read_checklist(source, report)
    milestones = strict.read_milestones(source, report)
    report_disguised(source, report)
    known = {gate.line for gate in checklist}.union(gate.line for one in milestones for gate in one.gates)
    _report_stray_gates(source, known, report)
    return checklist, milestones


def _read_plain(source: Source, report: Report) -> tuple[tuple[Gate, ...], tuple[Milestone, ...]] | None:
    # Imported here: most plans are strict, and a run's start counts in milliseconds.
    from waypost.documents import plain

    if not plain.is_plain(source):
        return None
    checklist = plain.read_checklist(source, report)
    return checklist, plain.read_milestones(source, checklist, report)


def title(source: Source) -> str:
    """The text of the first heading of level 1; empty without one."""
    return next((one.heading.text for one in source.sections() if one.heading.level == 1), "")


def _notes(source: Source) -> str:
    parts: list[str] = []
    end = 0
    for section in source.sections():
        heading = section.heading
        if heading.level == 2 and heading.line > end and any(word in heading.text.casefold() for word in NOTES):
            parts.append(source.text(heading.line, section.last).rstrip("\n"))
            end = section.last
    return "\n\n".join(parts)


def _report_stray_gates(source: Source, known: set[int], report: Report) -> None:
    """Gates of milestones whose heading is broken were never read; those that belong nowhere are told."""
    told = {found.line for found in report.found}
    places = [s for s in source.sections() if s.heading.line in told]
    for block in source.blocks:
        if not isinstance(block, Fence) or block.quoted or not claims_gate(block):
            continue
        inside = any(place.heading.line < block.line <= place.last for place in places)
        if block.line not in known | told and not inside:
            mend = "put it under a milestone or under `## Verification checklist`"
            report.error(block.line, "the gate belongs to no milestone", mend)


def gates_in_reach(plan: Plan, position: int) -> dict[str, Gate]:
    """The gates that a criterion of the milestone at `position` may name."""
    found = {gate.name: gate for one in plan.milestones[:position] for gate in one.gates}
    found |= {gate.name: gate for gate in plan.checklist}
    return found | {gate.name: gate for gate in plan.milestones[position].gates}
