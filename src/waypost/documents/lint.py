"""Reading the four documents together, and what only shows when they are side by side."""

from __future__ import annotations

import re
from pathlib import Path

from waypost.documents.blocks import check_blocks
from waypost.documents.errors import Diagnostic, DocumentsInvalid, PlanCycle, Report, Severity
from waypost.documents.find import Folder
from waypost.documents.model import Document, Documents, Gate, GateKind, Milestone, Plan, Role, Target
from waypost.documents.plan import gates_in_reach, parse_plan
from waypost.documents.source import read
from waypost.documents.target import is_blank, parse_target
from waypost.documents.unending import never_ends

RESERVED = "integrity"
"""The runtime's own verdict on what a change did to tests and their runners."""

ROLES: tuple[Role, ...] = ("target", "plan", "runbook", "record")


def load(folder: Folder) -> Documents:
    """Reads the four documents. Raises DocumentsInvalid if any holds an error."""
    documents, found = _read(folder)
    if any(one.severity is Severity.ERROR for one in found):
        raise DocumentsInvalid(found)
    return documents


def lint(folder: Folder) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with the documents, warnings included, file by file and line by line."""
    return _read(folder)[1]


def check(target: Target, plan: Plan, target_report: Report, plan_report: Report) -> None:
    """Reports what doesn't fit between plan and target, and among the milestones."""
    _check_ids(plan, plan_report)
    _check_depends(plan, plan_report)
    _check_gates(plan, plan_report)
    _check_cover(target, plan, target_report, plan_report)


def _read(folder: Folder) -> tuple[Documents, tuple[Diagnostic, ...]]:
    reports = {role: Report(folder.shown(role)) for role in ROLES}
    raw = {role: _bytes(folder.file(role), reports[role], optional=role == "record") for role in ROLES}
    target = parse_target(raw["target"], reports["target"])
    plan = parse_plan(raw["plan"], reports["plan"])
    check(target, plan, reports["target"], reports["plan"])
    if is_blank(read(raw["runbook"], reports["runbook"])) and not reports["runbook"].found:
        reports["runbook"].error(1, "the runbook is empty", "write how the work goes, or see `waypost init`")
    read(raw["record"], Report(folder.shown("record")))
    check_blocks(raw["record"], reports["record"])
    files = tuple(Document(role, folder.file(role), raw[role]) for role in ROLES)
    found = [one for role in ROLES for one in sorted(reports[role].found, key=lambda one: one.line)]
    return Documents(folder.path, target, plan, files), tuple(dict.fromkeys(found))


def _bytes(path: Path, report: Report, *, optional: bool) -> bytes:
    if optional and not path.exists():
        return b""
    try:
        return path.read_bytes()
    except OSError as problem:
        report.error(1, f"the file can't be read ({problem.strerror})", "check that it is there and readable")
        return b""


def _check_ids(plan: Plan, report: Report) -> None:
    milestones: dict[int, Milestone] = {}
    criteria: dict[str, int] = {}
    for milestone in plan.milestones:
        number = int(re.sub(r"[^0-9]", "", milestone.id) or 0)
        if number in milestones:
            first = milestones[number]
            message = f"milestone {milestone.id} is there twice, first as {first.id} in line {first.line}"
            report.error(milestone.line, message, "give it the next free number")
        milestones.setdefault(number, milestone)
        for criterion in milestone.criteria:
            if criterion.id in criteria:
                message = f"criterion {criterion.id} is there twice, first in line {criteria[criterion.id]}"
                report.error(criterion.line, message, "give it the next free number")
            criteria.setdefault(criterion.id, criterion.line)


def _check_depends(plan: Plan, report: Report) -> None:
    known = [one.id for one in plan.milestones]
    sound = True
    for milestone in plan.milestones:
        for name in milestone.depends:
            if name not in known or name == milestone.id:
                sound = False
                problem = "itself" if name == milestone.id else f"{name}, which does not exist"
                mend = f"known are {', '.join(one for one in known if one != milestone.id) or 'no others'}"
                report.error(milestone.line, f"milestone {milestone.id} depends on {problem}", mend)
    if not sound or len(set(known)) < len(known):
        return
    try:
        plan.order()
    except PlanCycle as cycle:
        report.error(plan.milestones[0].line, str(cycle).partition(";")[0], "mend their `Depends on:` lines")


def _check_gates(plan: Plan, report: Report) -> None:
    _check_scope_of_names(plan.checklist, {}, "the verification checklist", report)
    shared = {gate.name: gate.line for gate in plan.checklist}
    for position, milestone in enumerate(plan.milestones):
        where = f"milestone {milestone.id}"
        _check_scope_of_names(milestone.gates, shared, where, report)
        reach = gates_in_reach(plan, position)
        for criterion in milestone.criteria:
            for name in criterion.gates:
                if name not in reach:
                    mend = f"add a fence ```bash gate={name}, or use {', '.join(reach) or '(manual)'}"
                    report.error(criterion.line, f'criterion {criterion.id} names no known gate "{name}"', mend)
        judged = [*plan.checklist, *milestone.gates]
        judged += [reach[name] for one in milestone.criteria for name in one.gates if name in reach]
        if all(gate.kind is GateKind.MANUAL for gate in judged):
            mend = "add a gate, or nothing but a person's word will ever say that it is done"
            report.warn(milestone.line, f"{where} has no automatic gate", mend)


def _check_scope_of_names(gates: tuple[Gate, ...], shared: dict[str, int], where: str, report: Report) -> None:
    seen = dict(shared)
    for gate in gates:
        if gate.name in seen:
            message = f"gate {gate.name} is there twice for {where}, first in line {seen[gate.name]}"
            report.error(gate.line, message, "rename one")
        if gate.name == RESERVED:
            report.error(gate.line, f'"{RESERVED}" is the name of Waypost\'s own verdict', "rename the gate")
        seen.setdefault(gate.name, gate.line)
        if gate.kind is GateKind.CHECK and never_ends(gate.command):
            mend = "add kind=service, and ready= with its address"
            report.warn(gate.line, f"the command of gate {gate.name} never ends", mend)


def _check_cover(target: Target, plan: Plan, target_report: Report, plan_report: Report) -> None:
    known = [one.id for one in target.deliverables]
    covered = {name for one in plan.milestones for name in one.covers}
    for milestone in plan.milestones:
        for name in milestone.covers:
            if name not in known:
                message = f"milestone {milestone.id} covers {name}, which {target_report.path} does not have"
                plan_report.error(milestone.line, message, f"known are {', '.join(known) or 'none'}")
    for deliverable in target.deliverables:
        if deliverable.id not in covered:
            mend = f"add `Covers: {deliverable.id}` to the milestone that delivers it"
            target_report.warn(1, f"no milestone covers deliverable {deliverable.id}", mend)
