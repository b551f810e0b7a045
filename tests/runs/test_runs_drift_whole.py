"""A run whose environment drifts stops with a line for each thing, and goes on when it is mended or accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs_cases import Place, done, make_place, scripted, shell, write

from waypost.events import kinds
from waypost.events.kinds import Limits

SETUP = """\
# Drift

## Goals

Files.

## Environment

- Interpreter: python3

```bash setup
site="$(echo "$WAYPOST_ENVIRONMENT"/lib/python3*/site-packages)"
mkdir "$site/tiny-1.0.dist-info"
printf 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n' > "$site/tiny-1.0.dist-info/METADATA"
printf 'tiny.py,sha256=AAAA,1\\n' > "$site/tiny-1.0.dist-info/RECORD"
```
"""
PLAN = """\
# Plan

## Milestones

### Milestone M01 - Files [ ]

Acceptance criteria:
- [ ] M01.A1 it is there (gate: there)

```bash gate=there
test -e one.txt
```
"""


def started(folder: Path) -> tuple[Place, str, Path]:
    """A run that stopped after a step, and where its environment's packages lie."""
    place = make_place(folder)
    for name, text in {"PROMPT.md": SETUP, "PLAN.md": PLAN, "IMPLEMENT.md": "# How\n\nSo.\n"}.items():
        write(place.root / ".agent/drift" / name, text)
    model = scripted(folder, [shell("echo 1 > one.txt"), shell("echo 2 > two.txt"), done()], final={"finish": "x"})
    run = place.open_run("drift", model)
    assert place.work(run, limits=Limits(steps=1)).outcome == "budget"
    packages = next(place.home.rglob("tiny-1.0.dist-info")).parent
    return place, run, packages


def upgrade(packages: Path, before: str, after: str) -> None:
    packages.chmod(0o755)
    folder = packages / f"tiny-{before}.dist-info"
    folder.chmod(0o755)
    metadata = folder / "METADATA"
    metadata.chmod(0o644)
    metadata.write_text(metadata.read_text().replace(f"Version: {before}", f"Version: {after}"))
    folder.rename(packages / f"tiny-{after}.dist-info")


@pytest.mark.slow
def test_one_upgraded_package_is_one_line_and_restoring_it_clears_the_stop(tmp_path: Path) -> None:
    place, run, packages = started(tmp_path)
    upgrade(packages, "1.0", "2.0")
    ended = place.work(run, limits=Limits(steps=50))
    assert ended.outcome == "blocked"
    drifted = [r.event for r in place.live(run, kinds.EnvironmentDrifted.kind)]
    assert [event.lines for event in drifted] == [("tiny 1.0 → 2.0",)]
    assert place.work(run, limits=Limits(steps=50)).outcome == "blocked", "a resume alone mends nothing"
    told = place.waypost("doctor", run)
    assert told.returncode == 1
    assert "tiny 1.0 → 2.0" in told.stdout
    upgrade(packages, "2.0", "1.0")
    ended = place.work(run, limits=Limits(steps=50))
    assert ended.outcome == "complete", ended.reason
    assert not place.view(run).waiting


@pytest.mark.slow
def test_a_person_may_accept_the_environment_as_it_is_now(tmp_path: Path) -> None:
    place, run, packages = started(tmp_path)
    upgrade(packages, "1.0", "2.0")
    assert place.work(run, limits=Limits(steps=50)).outcome == "blocked"
    waiting = next(item for item in place.view(run).waiting if item.topic == "drift")
    assert place.waypost("review", "accept", waiting.item, "--run", run).returncode == 0
    assert place.work(run, limits=Limits(steps=50)).outcome == "complete"
    pins = [r.event.reason for r in place.live(run, kinds.EnvironmentCaptured.kind)]
    assert pins[-1] == "accepted by a human"
    assert (place.root / ".agent/drift/env.lock.json").exists()
