"""The four documents' first text, from a goal and what the repository says of itself."""

from __future__ import annotations

import re

from waypost.documents.discover import Command, Findings
from waypost.documents.escape import inline

# The empty tree against HEAD: finds conflict markers and broken white space in everything committed.
TREE_SANITY = "git diff --check $(git hash-object -t tree /dev/null) HEAD"

RUNBOOK = """\
# How the work goes

This file and PROMPT.md are frozen once they are approved.

## The loop

1. Work on one milestone of PLAN.md at a time, in its order, inside its scope.
2. Read what is there before changing it. Make the smallest change that meets the next criterion.
3. Run the milestone's own commands while working; say that it is done only when they pass.
4. The runtime then runs every gate in a clean checkout. Only its verdict ticks a box.

## Stop and fix

- A red gate comes before everything else: find the cause, mend it, and only then go on.
- The same failure a second time means that the idea is wrong, not the detail. Take another way and record why.
- When a decision belongs to a person, ask, and go on with what doesn't depend on the answer.

## Commits

- One idea each, present tense, with the reason in the body.
- A milestone ends in a commit that names it.

## Never touched

- PROMPT.md, IMPLEMENT.md, and the gates, budgets, scopes and criteria of PLAN.md: propose a change instead.
- Tests and checks, to make them pass. A wrong test is reported and mended in a change of its own.
- Anything outside the repository, and secrets anywhere.
"""


def draft(goal: str, findings: Findings) -> dict[str, str]:
    """The four documents by file name, free of errors: one milestone, with the commands found as its gates."""
    return {
        "PROMPT.md": _target(goal, findings),
        "PLAN.md": _plan(goal, findings.commands),
        "IMPLEMENT.md": RUNBOOK,
        "DOCUMENTATION.md": f"# {_title(goal)}: documentation\n\n## Notes\n",
    }


def with_plan(drafts: dict[str, str], plan_text: str) -> dict[str, str]:
    """The drafts with another plan, taken as it is, but for a fence around the whole or prose around a fence.

    Lint it after: what a model drafts may hold errors.
    """
    text = plan_text.replace("\r\n", "\n").strip("\n")
    whole = re.fullmatch(r"[ \t]*(`{3,}|~{3,})[ \t]*\n(.*)\n\1[ \t]*", text, re.DOTALL)
    named = re.search(r"^(`{3,}|~{3,})(?:markdown|md)[ \t]*\n(.*)\n\1[ \t]*$", text, re.DOTALL | re.MULTILINE)
    wrapped = whole or named
    return {**drafts, "PLAN.md": (wrapped[2] if wrapped else text).strip("\n") + "\n"}


def _title(goal: str) -> str:
    """The goal's first sentence, short enough for a heading."""
    line = next((line for line in goal.splitlines() if line.strip()), "The goal")
    text = inline(re.split(r"(?<=[^.]{3}[.!?])\s", line.strip(), maxsplit=1)[0].rstrip(" .#"))
    text = re.sub(r"[\[\]]", "", text).strip() or "The goal"
    return text if len(text) <= 70 else text[:67].rstrip() + "…"


def _target(goal: str, findings: Findings) -> str:
    said = "\n".join(f"> {line}".rstrip() for line in re.split(r"\r\n|\r|\n", goal.strip()))
    environment = [f"- Interpreter: {findings.interpreter}"] if findings.interpreter else []
    environment += [f"- Lock files: {', '.join(findings.lock_files)}"] if findings.lock_files else []
    lines = "\n".join(environment) or "Nothing is named: gates run with what the machine has."
    return f"""\
# {_title(goal)}

## Goals

{said}

## Non-goals

- Anything that the goal does not ask for.

## Hard constraints

- What works today keeps working.

## Deliverables

- R-1 The goal above, met.

## Done when

- Every gate of PLAN.md is green in a clean checkout.

## Environment

{lines}

## Permissions

- Reading and changing files in the repository.
- Running its own commands.
"""


def _plan(goal: str, commands: tuple[Command, ...]) -> str:
    note = "" if commands else (
        "**Nothing but the tree's sanity is verified.** No test, lint, type or build command was found, so the only\n"
        "gate looks for conflict markers and broken white space. Add a gate that says whether the goal is met.\n\n"
    )  # fmt: skip
    gates = commands or (Command("tree", TREE_SANITY, ""),)
    criteria = "\n".join(f"- [ ] M01.A{n} {_claim(gate)} (gate: {gate.name})" for n, gate in enumerate(gates, 1))
    fences = "\n\n".join(f"```bash gate={gate.name} timeout=15m\n{gate.command}\n```" for gate in gates)
    return f"""\
# Plan: {_title(goal)}

{note}## Milestones

### Milestone M01 - {_title(goal)} [ ]

Covers: R-1
Budget: repair=6

Acceptance criteria:

{criteria}

{fences}

## Risks

- The gates show that nothing known broke; whether the goal is met in every detail, a reader decides.

## Architecture notes

- Follow what the repository does already.
"""


def _claim(gate: Command) -> str:
    kind = gate.name.partition("-")[0]
    origin = f", as {gate.source} has it" if gate.source else ""
    claims = {
        "tests": "the tests pass", "lint": "the linter finds nothing", "types": "the types hold",
        "build": "it builds", "tree": "the tree holds no conflict marker and no broken white space",
    }  # fmt: skip
    return claims.get(kind, f"{gate.name} passes") + origin
