"""Runs whose checkpoints others vouch for, and what the tests of them share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from anchor_cases import HAS_OPENSSL, TIME_STAMPING, Tsa, WitnessServer, certified
from runs_cases import Place, done, make_place, scripted, shell, write

from waypost.events.event import Event

NEEDS_OPENSSL = pytest.mark.skipif(not HAS_OPENSSL, reason="no openssl here, and so no time-stamp authority to ask")
SECRET = "hunter2-of-the-staging-server"
PLAN = """\
# Plan

## Milestones

### Milestone M01 - A greeting [ ]

Acceptance criteria:

- [ ] M01.A1 it is there (gate: there)

```bash gate=there timeout=30
test -f greeting.txt
```
"""
ROOT = certified("Root")
SIGNER = certified("Clock", ROOT, TIME_STAMPING, authority=False)


def greeting(folder: Path) -> Place:
    place = make_place(folder, {"README.md": "# Greeter\n"})
    documents = place.root / ".agent" / "greet"
    write(documents / "PROMPT.md", "# Greet\n\n## Goals\n\nGreet.\n\n## Deliverables\n\n- R-1 A greeting.\n")
    write(documents / "PLAN.md", PLAN)
    write(documents / "IMPLEMENT.md", "# How\n\nStep by step.\n")
    return place


def run(place: Place, folder: Path) -> str:
    model = scripted(folder, [shell(f"echo {SECRET}"), shell("echo hello > greeting.txt"), done()])
    ended = place.waypost("run", "greet", "--yes", "--json", "--model", model)
    assert ended.returncode == 0, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    assert last["outcome"] == "complete"
    return str(last["run"])


def verified(place: Place, *, code: int = 0) -> dict[str, object]:
    ended = place.waypost("ledger", "verify", "--json")
    assert ended.returncode == code, ended.stderr
    return dict(json.loads(ended.stdout))


def anchors_of(place: Place) -> list[Event]:
    with place.project() as project:
        return [record.event for record in project.log.read("ledger")]


@dataclass(frozen=True)
class Anchored:
    place: Place
    key: str
    witness: WitnessServer
    tsa: Tsa
