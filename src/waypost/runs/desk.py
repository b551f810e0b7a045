"""The run's documents as people see them: boxes, statuses and the record, brought in line with the log."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from waypost.documents.blocks import set_block
from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.documents.model import Documents, Milestone
from waypost.documents.record import (
    DecisionRow,
    StatusRow,
    decisions_block,
    list_block,
    new_record,
    reports_block,
    status_table,
)
from waypost.documents.splice import set_box, set_milestone_status
from waypost.events import kinds
from waypost.events.history import live
from waypost.gates.select import ticks
from waypost.runs.project import Project
from waypost.runs.states import ENDED, State
from waypost.runs.view import MilestoneView, RunView

SHOWN_REPORTS = 40


def live_folder(project: Project, run: str, opened: kinds.RunOpened) -> Path:
    """Where the live documents lie: on the branch where HEAD holds them, else where the human wrote them."""
    if opened.documents_on_branch:
        return project.worktree_of(run) / opened.folder
    return project.root / opened.folder


def sync(project: Project, run: str, view: RunView, approved: Documents) -> tuple[str, ...]:
    """Brings PLAN.md's boxes and statuses and DOCUMENTATION.md's blocks in line with the log.

    Doing it twice changes nothing. Returns what a human changed in the frozen documents, as lines; such files
    are left as they are.
    """
    assert view.opened is not None
    folder = live_folder(project, run, view.opened)
    plan_path = folder / approved.document("plan").path.name
    problems = []
    if plan_path.exists():
        raw = plan_path.read_bytes()
        _write(plan_path, _plan(raw, folder, project, view, approved))
    else:
        problems.append(f"{plan_path}: is gone; the run goes on from the approved copy in the log")
    record = next((d.path.name for d in approved.files if d.name == "record"), "DOCUMENTATION.md")
    path = folder / record
    if path.parent.exists():
        before = path.read_bytes() if path.exists() else new_record(approved.target.title)
        _write(path, _record(before, project, run, view))
    return tuple(problems)


def proven(view: RunView, milestone: Milestone) -> frozenset[str]:
    """The milestone's criteria that are proven: by green gates once it passed, or by a human's accept."""
    seen = view.milestones[milestone.id]
    accepted = {item.item for item in view.review.values() if item.verdict == "accept"}
    proved = {criterion.id for criterion in milestone.criteria if criterion.manual and criterion.id in accepted}
    if State(seen.state) in ENDED:
        proved |= set(ticks(milestone, {gate.gate: gate.verdict for gate in seen.gates.values()}))
    return frozenset(proved)


def _plan(raw: bytes, folder: Path, project: Project, view: RunView, approved: Documents) -> bytes:
    """PLAN.md with boxes and statuses as the log has them. A human's tick is a claim: it is taken back."""
    try:
        now = load(find(project.root, str(folder))).plan
    except Exception:  # noqa: BLE001 - a plan that a human is in the middle of editing is left alone
        return raw
    for milestone in now.milestones:
        if milestone.id not in view.milestones:
            continue
        seen = view.milestones[milestone.id]
        if milestone.box is not None:
            raw = set_box(raw, milestone.box, seen.state == State.PASSED)
        proved = proven(view, approved.plan.milestone(milestone.id))
        for criterion in milestone.criteria:
            if criterion.box is not None:
                raw = set_box(raw, criterion.box, criterion.id in proved)
    for milestone in now.milestones:
        if milestone.id in view.milestones:
            raw = set_milestone_status(raw, milestone.id, _status(view.milestones[milestone.id]))
    return raw


def _status(seen: MilestoneView) -> str:
    reason = " ".join(seen.reason.split())
    return f"{seen.state} ({reason[:120]})" if reason and seen.state in {"blocked", "regressed"} else seen.state


def _record(raw: bytes, project: Project, run: str, view: RunView) -> bytes:
    rows = [_row(seen) for seen in view.milestones.values()]
    raw = set_block(raw, "status", f"{status_table(rows)}\n\nRun {run}: {_standing(view)}.")
    if view.decisions:
        raw = set_block(raw, "decisions", decisions_block([_decision(item) for item in view.decisions]))
    reports = [
        project.log.text(record.event.report)
        for record in live(project.log, run, (kinds.AttemptClosed.kind,))
        if isinstance(record.event, kinds.AttemptClosed)
    ]
    raw = set_block(raw, "reports", reports_block(list(reversed(reports[-SHOWN_REPORTS:]))))
    issues = [f"{item.item} waits for a human: {item.text}" for item in view.waiting]
    return set_block(raw, "issues", list_block("Known issues", issues))


def _standing(view: RunView) -> str:
    """How the run stands, also in the last milestone's commit: nothing comes after it, so it can't say "under way"."""
    return view.outcome or ("all milestones have ended" if view.is_complete else "under way")


def _row(seen: MilestoneView) -> StatusRow:
    gates = ", ".join(f"{gate.gate} {gate.words}" for gate in seen.gates.values())
    totals = seen.totals
    cost = "" if not totals.answers else "unknown" if totals.unpriced else f"${totals.cost / 1_000_000:.2f}"
    return StatusRow(seen.id, seen.title, seen.state, gates, f"{totals.tokens:,}" if totals.tokens else "", cost)


def _decision(item: kinds.DecisionRecorded) -> DecisionRow:
    rejected = [f"{option}: {why}" if why else option for option, why in item.rejected]
    return DecisionRow(item.milestone, f"{item.title}: {item.decision}", item.because, rejected)


def _write(path: Path, data: bytes) -> None:
    """Replaces a file whole, or not at all; an unchanged one is not touched."""
    if path.exists() and path.read_bytes() == data:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), path.stat().st_mode & 0o777 if path.exists() else 0o644)
    Path(temporary).replace(path)
