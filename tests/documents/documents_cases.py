"""Documents that tests share, and the few steps that turn text into them."""

from __future__ import annotations

from pathlib import Path

from waypost.documents.errors import Diagnostic, Report, Severity
from waypost.documents.find import Folder, find
from waypost.documents.lint import lint
from waypost.documents.model import Plan, Target
from waypost.documents.plan import parse_plan
from waypost.documents.target import parse_target

TARGET = """\
# Copybooks

## Goals

Read them.

## Deliverables

- R-1 The lexer
- R-2 **The parser**,
  with positions
- R-3 Decimals

## Done when

- It is green.
"""

PLAN = """\
# Plan: copybooks

## Verification checklist

```bash gate=lint
ruff check .
```

## Milestones

### Milestone M01 - Lexer [x]
Covers: R-1
Acceptance criteria:
- [x] M01.A1 all tokens (gate: lex)

```bash gate=lex
pytest -q tests/lexer
```

### Milestone M03 - COBOL copybook parser [ ]
Status: active since 10:00
Depends on: M01
Covers: R-2, R-3
Scope:
- `src/copybook/**`, `tests/copybook/**`
Budget: repair=6 tokens=600k wall=90m diff=1500 cost=$2.50 steps=200
Acceptance criteria:
- [ ] M03.A1 parses PIC S9(7)V99 COMP-3
  without loss (gate: unit, lex)
- [ ] M03.A2 the API reads well (manual)
- [X] M03.A3 it lints (gate: lint)
```bash gate=unit timeout=5m min_tests=12 protect="tests/copybook/**" junit=report.xml
python -m pytest -q tests/copybook

echo done
```
```bash gate=dev kind=service ready="http://127.0.0.1:5173" timeout=60
npm run dev
```
```bash gate=cloud kind=env:CLOUD_KEY
./probe
```

## Risks

- Sizes.

## Architecture notes

- One table.
"""

RUNBOOK = "# Runbook\n\nOne step at a time.\n"


def write(folder: Path, plan: str | bytes = PLAN, target: str = TARGET, record: str | None = None) -> Folder:
    """Writes the documents into a folder and finds them there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "PROMPT.md").write_bytes(target.encode())
    (folder / "PLAN.md").write_bytes(plan if isinstance(plan, bytes) else plan.encode())
    (folder / "IMPLEMENT.md").write_bytes(RUNBOOK.encode())
    if record is not None:
        (folder / "DOCUMENTATION.md").write_bytes(record.encode())
    return find(folder, None)


def plan(text: str | bytes) -> tuple[Plan, list[str]]:
    """The plan that a text holds and what was found wrong with it."""
    report = Report("PLAN.md")
    read = parse_plan(text if isinstance(text, bytes) else text.encode(), report)
    return read, [str(one) for one in report.found]


def target(text: str) -> tuple[Target, list[str]]:
    """The target that a text holds and what was found wrong with it."""
    report = Report("PROMPT.md")
    read = parse_target(text.encode(), report)
    return read, [str(one) for one in report.found]


def milestone(*lines: str, heading: str = "### Milestone M01 - X [ ]") -> str:
    """A strict plan of one milestone with a gate named unit, then the lines given."""
    return "\n".join([heading, *lines, "", "```bash gate=unit", "true", "```", ""])


def errors(folder: Folder) -> list[Diagnostic]:
    """The errors, without the warnings."""
    return [one for one in lint(folder) if one.severity is Severity.ERROR]
