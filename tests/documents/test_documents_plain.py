from __future__ import annotations

from pathlib import Path

import pytest
from documents_cases import plan, write

from waypost.documents.lint import load
from waypost.documents.model import GateKind
from waypost.documents.unending import never_ends

PLAIN = """\
# Milestone plan

## Verification checklist (kept current)

- [ ] `npm run typecheck` is clean

## Milestones

### Milestone 1 — Scaffold [x]

Scope:
- Repository, tooling, first page

Key files/modules:
- `package.json`

**Acceptance criteria:**
- The page renders
- [x] Lint is clean
- Manual: it looks right

Verification commands:
- `npm install`
- `npm run lint` and `npm test`
- `npm run dev`
- Manual: open the page, then
  resize it

### Milestone 02: Store

- Depends on: Milestone 1
- Scope:
  - `src/store/**`, `tests/*`
- **Acceptance criteria**:
  - Objects survive a reload
- Validation:
  - Run `npm test -- store` with `CI=1`

## Milestone M3 - Words only

Acceptance criteria:
- It is nice
Verification: read it
"""


def test_a_plain_plan_is_read_as_it_stands() -> None:
    read, _ = plan(PLAIN)
    first, second, third = read.milestones
    assert [(one.id, one.title, one.ticked) for one in read.milestones] == [
        ("M01", "Scaffold", True),
        ("M02", "Store", False),
        ("M03", "Words only", False),
    ]
    assert [(gate.name, gate.command) for gate in read.checklist] == [("c1", "npm run typecheck")]
    assert [(gate.name, gate.kind, gate.command) for gate in first.gates] == [
        ("v1", GateKind.CHECK, "npm install"),
        ("v2", GateKind.CHECK, "npm run lint"),
        ("v3", GateKind.CHECK, "npm test"),
        ("v4", GateKind.SERVICE, "npm run dev"),
    ]
    assert [gate.command for gate in second.gates] == ["npm test -- store"]
    assert (second.depends, second.scope) == (("M01",), ("src/store/**", "tests/*"))
    assert first.scope == ()
    assert third.gates == ()


def test_plain_criteria_are_numbered_and_bound_to_every_command() -> None:
    read, _ = plan(PLAIN)
    renders, lint, looks, resize = read.milestones[0].criteria
    every = ("v1", "v2", "v3", "v4")
    assert (renders.id, renders.text, renders.gates, renders.box) == ("M01.A1", "The page renders", every, None)
    assert (lint.id, lint.text, lint.ticked) == ("M01.A2", "Lint is clean", True)
    assert lint.box is not None
    assert PLAIN.encode()[lint.box - 1 : lint.box + 2] == b"[x]"
    assert (looks.text, looks.manual, looks.gates) == ("it looks right", True, ())
    assert (resize.text, resize.manual) == ("open the page, then resize it", True)
    assert [one.gates for one in read.milestones[2].criteria] == [("c1",)]


def test_the_box_of_a_plain_heading_is_where_it_stands() -> None:
    read, _ = plan(PLAIN)
    first = read.milestones[0]
    assert first.box is not None
    assert PLAIN.encode()[first.box - 1 : first.box + 2] == b"[x]"
    assert read.milestones[1].box is None


def test_what_a_plain_plan_leaves_open_is_a_warning_and_loads(tmp_path: Path) -> None:
    _, found = plan(PLAIN)
    assert [one.partition(";")[0] for one in found] == [
        "PLAN.md:25: warning: `npm run dev` never ends",
        "PLAN.md:43: warning: the verification of M03 names no command and is read as prose",
    ]
    assert len(load(write(tmp_path, PLAIN)).plan.milestones) == 3


def test_a_fence_under_verification_is_one_command() -> None:
    read, found = plan("## Milestone 1: X\n\n#### Verification\n\n```\nmake\nmake test\n```\n\nDone when:\n- x\n")
    assert found == []
    assert [gate.command for gate in read.milestones[0].gates] == ["make\nmake test"]


def test_a_near_miss_in_a_plain_label_is_an_error() -> None:
    _, found = plan(PLAIN.replace("**Acceptance criteria:**", "Aceptance criteria:"))
    assert any('unknown label "Aceptance criteria"; did you mean "Acceptance criteria:"?' in one for one in found)


def test_a_plan_with_any_gate_is_held_to_the_strict_form() -> None:
    _, found = plan(PLAIN + "\n```bash gate=x\ntrue\n```\n")
    assert any("is not the form of a milestone" in one for one in found)


@pytest.mark.parametrize(
    "command",
    [
        "npm run dev", "npm start", "pnpm dev", "npx vite", "vite --port 3", "next dev", "flask run",
        "flask --app x run", "python -m flask run", "uvicorn app:app --reload", "python3 -m http.server 8000",
        "bin/rails s", "cargo watch -x test", "tail -f log", "PORT=3 npm run dev", "cd web && npm run dev",
        "docker compose up", "jest --watch", "python manage.py runserver",
    ],
)  # fmt: skip
def test_a_server_is_known_to_never_end(command: str) -> None:
    assert never_ends(command)


@pytest.mark.parametrize(
    "command",
    [
        "npm run build", "vite build", "vitest run", "npm test", "next build", "docker compose up -d",
        "npm run dev &", "flask db upgrade", "tail -n 3 log", "cargo test", "timeout 5 npm run dev",
        "pytest tests/test_serve.py", "npm run lint", "jest --watchAll=false",
    ],
)  # fmt: skip
def test_a_command_that_ends_is_not_taken_for_a_server(command: str) -> None:
    assert not never_ends(command)
