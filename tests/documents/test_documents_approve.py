from __future__ import annotations

from pathlib import Path

import pytest
from documents_cases import PLAN, write

from waypost.documents.approve import compare, pin
from waypost.documents.find import Folder
from waypost.documents.lint import load
from waypost.documents.splice import set_box, set_milestone_status


def _change(folder: Folder, old: str, new: str, name: str = "PLAN.md") -> tuple[str, ...]:
    pins = pin(load(folder))
    path = folder.path / name
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    return compare(pins, load(folder))


def test_what_the_runtime_writes_is_no_change(tmp_path: Path) -> None:
    folder = write(tmp_path)
    documents = load(folder)
    pins = pin(documents)
    assert compare(pins, documents) == ()
    raw = documents.document("plan").raw
    for milestone in documents.plan.milestones:
        boxes = [milestone.box, *(criterion.box for criterion in milestone.criteria)]
        for box in boxes:
            assert box is not None
            raw = set_box(raw, box, ticked=True)
    raw = set_milestone_status(raw, "M01", "passed")
    raw = set_milestone_status(raw, "M03", "repairing (2 of 6)")
    folder.plan.write_bytes(raw)
    folder.record.write_bytes(b"# anything\n")
    after = load(folder)
    assert after.plan.milestone("M03").status == "repairing (2 of 6)"
    assert compare(pins, after) == ()
    assert dict(pin(after).files)["plan"] != dict(pins.files)["plan"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ruff check .", "true", 'PLAN.md:3: "Verification checklist" changed after approval'),
        ("repair=6", "repair=7", 'PLAN.md:20: "Milestone M03 - COBOL copybook parser [ ]" changed after approval'),
        ("without loss", "with loss", 'PLAN.md:20: "Milestone M03 - COBOL copybook parser [ ]" changed after approval'),
        ("- Sizes.", "- Sizes!", 'PLAN.md:44: "Risks" changed after approval'),
        ("# Plan", "x\n\n# Plan", "PLAN.md:1: what stands above the first heading changed after approval"),
        ("## Risks", "## Hazards", 'PLAN.md:44: "Hazards" was added after approval'),
    ],
)
def test_a_change_to_the_plan_is_told_by_section(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in _change(write(tmp_path), old, new)


def test_a_section_that_was_taken_out_is_told(tmp_path: Path) -> None:
    changed = _change(write(tmp_path), "## Architecture notes\n\n- One table.\n", "")
    assert "PLAN.md:1: the section #architecture-notes was taken out after approval" in changed


def test_target_and_runbook_are_frozen_to_the_byte(tmp_path: Path) -> None:
    assert _change(write(tmp_path / "a"), "The lexer", "The lexer ", "PROMPT.md") == (
        'PROMPT.md:7: "Deliverables" changed after approval',
    )
    assert _change(write(tmp_path / "b"), "One step", "Two steps", "IMPLEMENT.md") == (
        'IMPLEMENT.md:1: "Runbook" changed after approval',
    )


def test_a_status_line_at_the_end_of_a_file_without_a_newline_is_neutral(tmp_path: Path) -> None:
    text = PLAN.rstrip("\n") + "\n\n### Milestone M04 - Last [ ]"
    folder = write(tmp_path, text)
    pins = pin(load(folder))
    folder.plan.write_bytes(set_milestone_status(folder.plan.read_bytes(), "M04", "active"))
    assert folder.plan.read_bytes() == text.encode() + b"\nStatus: active"
    assert compare(pins, load(folder)) == ()


def test_other_line_ends_are_a_change(tmp_path: Path) -> None:
    folder = write(tmp_path)
    pins = pin(load(folder))
    folder.target.write_bytes(folder.target.read_bytes().replace(b"\n", b"\r\n"))
    assert compare(pins, load(folder))
