"""A change's integrity as a verdict: what was done to the files that make a test mean something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from waypost.documents.model import Plan
from waypost.events import kinds
from waypost.events.canonical import sha256
from waypost.events.event import Event
from waypost.gates.integrity import INTEGRITY, Integrity, Rights, examine
from waypost.gates.verdict import Finding, Verdict
from waypost.review.queue import INTEGRITY as TOPIC
from waypost.runs.fences import own_documents
from waypost.runs.states import State
from waypost.runs.view import RunView
from waypost.workspace.guarded import guarded
from waypost.workspace.trees import GitTree, with_entries

if TYPE_CHECKING:
    from waypost.runs.session import Bay

UNDER_WAY = frozenset({State.ACTIVE, State.VERIFYING, State.REPAIRING, State.BLOCKED})
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found about a tree, and the tree that gates see instead: its protected files as they were."""

    integrity: Integrity
    shown: str


def examined(bay: Bay, view: RunView, tree: str, green: str) -> Examined:
    """Compares a tree with the last green commit."""
    git = guarded(bay.project.repository)
    plan = bay.documents.plan
    gates = [*plan.checklist, *(gate for milestone in plan.milestones for gate in milestone.gates)]
    found = examine(GitTree(git, green), GitTree(git, tree), rights(plan, view), gates)
    assert view.opened is not None
    own = set(own_documents(bay.documents, view.opened))
    allowed = accepted(view)
    findings = tuple(
        replace(finding, refuses=False) if finding.line in allowed else finding
        for finding in found.findings
        if finding.path not in own
    )
    settled = {finding.path for finding in findings if finding.line in allowed}
    settled -= {finding.path for finding in findings if finding.refuses}
    restore = {path: entry for path, entry in found.restore.items() if path not in own | settled}
    shown = with_entries(bay.project.repository, tree, restore) if restore else tree
    return Examined(Integrity(findings, restore), shown)


def accepted(view: RunView) -> frozenset[str]:
    """What a human allowed: findings, line by line."""
    items = [item for item in view.review.values() if item.topic == TOPIC and item.verdict == "accept"]
    return frozenset(line for item in items for line in item.text.splitlines())


def questions(view: RunView, milestone: str, findings: Sequence[Finding]) -> tuple[Event, ...]:
    """What to ask a human about what was refused; and the end of questions that nobody has to answer any more.

    Work goes on meanwhile. What is accepted is no longer refused from the next verification on.
    """
    text = "\n".join(finding.line for finding in findings if finding.refuses)
    name = f"{milestone}.{TOPIC}-{sha256(text.encode())[:8]}"
    waiting = [item for item in view.review.values() if item.topic == TOPIC and item.milestone == milestone]
    over = [item for item in waiting if not item.verdict and (item.item != name or not text)]
    events: list[Event] = [kinds.ReviewDecided(item.item, "mended", "it is no longer so", "runtime") for item in over]
    if text and name not in view.review:
        events.append(kinds.ReviewQueued(milestone, name, TOPIC, text))
    return tuple(events)


def rights(plan: Plan, view: RunView) -> Rights:
    """What the milestones under way may change, together: a repair may find the work of another one in the tree."""
    under_way = [one for one in plan.milestones if State(view.milestones[one.id].state) in UNDER_WAY]
    if any(not one.scope for one in under_way):
        return Rights(None)
    return Rights(tuple(pattern for one in under_way for pattern in one.scope))


def integrity_verdict(findings: Sequence[Finding], tree: str) -> Verdict:
    """The verdict on a change's integrity: red where anything in it refuses."""
    refusing = [finding for finding in findings if finding.refuses]
    told = refusing or list(findings)
    reason = "; ".join(finding.line for finding in told[:3])
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    light = "red" if refusing else "green"
    essence = essence_of(refusing) if refusing else ""
    return Verdict(
        gate=INTEGRITY,
        verdict="red" if light == "red" else "green",
        reason=f"{reason}{more}" if told else "nothing that makes a test mean something was changed",
        essence=essence,
        findings=tuple(findings),
        tree=tree,
    )


def essence_of(refusing: Iterable[Finding]) -> str:
    """What the agent needs in order to mend it."""
    lines = [f"- {finding.line}" for finding in refusing]
    shown = lines[:SHOWN] + ([f"- and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])
    mend = (
        "The gates ran with these files as they were at the last green commit. Put them back "
        "(`git show HEAD:PATH > PATH`, remove what is new), and make the code right instead. If a test itself is "
        "wrong, say so with `ask`: a person decides that."
    )
    return "\n".join([*shown, "", mend])
