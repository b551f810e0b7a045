"""The report's first sentence, and its key figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waypost.cli import figures
from waypost.cli.words import amount, count, duration, one_line

if TYPE_CHECKING:
    from waypost.cli.report_page.facts import Facts

TONES = {"complete": "good", "running": "calm", "paused": "calm", "waiting": "warn", "budget": "warn"}
HEADLINES = {
    "complete": "Complete",
    "running": "At work",
    "blocked": "Blocked",
    "budget": "Out of budget, not complete",
    "waiting": "Waiting for a person, not complete",
    "stopped": "Stopped, not complete",
    "paused": "Paused, not complete",
    "interrupted": "Interrupted, not complete",
    "failed": "Failed, not complete",
    "not started": "Not started",
}


def tone(facts: Facts) -> str:
    """How the headline looks: good, calm, warn or bad."""
    state = figures.state(facts.view, facts.pid)
    if state == "complete" and _by_hand(facts):
        return "warn"
    return TONES.get(state, "bad")


def headline(facts: Facts) -> str:
    """The outcome in a few words; what a human waived or skipped is never left out."""
    words = HEADLINES.get(figures.state(facts.view, facts.pid), "Not complete")
    by_hand = _by_hand(facts)
    return f"{words}, with {' and '.join(by_hand)}" if by_hand else words


def _by_hand(facts: Facts) -> list[str]:
    states = [milestone.state for milestone in facts.view.milestones.values()]
    return [f"{states.count(state)} {state}" for state in ("waived", "skipped") if state in states]


def sentence(facts: Facts) -> str:
    """What was reached, in one sentence."""
    view = facts.view
    greens = sum(story.last.verdict == "green" for story in facts.gates)
    reds = sum(verdict == "red" for story in facts.gates for verdict in story.verdicts)
    once = f" after {count(reds, 'red run')}" if reds and greens == len(facts.gates) else ""
    text = (
        f"{figures.passed(view)} of {count(len(view.milestones), 'milestone')} passed; "
        f"{greens} of {count(len(facts.gates), 'gate')} green{once}"
    )
    reason = f". {one_line(view.reason)}" if view.reason and figures.state(view, facts.pid) != "complete" else ""
    return f"{text}{reason}"


def key_figures(facts: Facts) -> list[tuple[str, str, str]]:
    """(name, value, what stands below it)."""
    view, totals = facts.view, facts.view.totals
    price = figures.price(totals) or "–"
    cached = f"{round(100 * totals.cached / totals.input)} % cached" if totals.input else ""
    lines = f"+{sum(f.added for f in facts.files):,} −{sum(f.removed for f in facts.files):,}"
    per_line = facts.tokens_per_line
    return [
        ("Milestones", f"{figures.passed(view)} / {len(view.milestones)}", "passed by their gates"),
        ("Time", duration(view.worked / 1000), count(len(facts.sessions), "session")),
        ("Tokens", amount(totals.tokens), f"{amount(totals.output)} out" + (f", {cached}" if cached else "")),
        ("Cost", price.removeprefix("cost "), _priced(facts)),
        ("Lines", lines, f"in {count(len(facts.files) + facts.unlisted, 'file')}"),
        ("Tokens a line", "–" if per_line is None else amount(round(per_line)), "in and out, a changed line"),
    ]


def _priced(facts: Facts) -> str:
    totals = facts.view.totals
    if not totals.unpriced:
        return count(facts.view.steps, "step")
    return f"{int(totals.unpriced)} of {count(int(totals.answers), 'answer')} without a known price"


def how_to_check(facts: Facts) -> list[str]:
    """Commands with which anyone can check the report against the repository."""
    opened = facts.view.opened
    if opened is None:
        return []
    lines = [f"git log --stat {opened.base[:12]}..{opened.branch}"]
    lines += [f"git diff {opened.base[:12]} {opened.branch}", f"waypost gate {facts.view.run}"]
    return [*lines, f"waypost log {facts.view.run} --json"]
