"""The report as Markdown and as JSON: the same facts as the page's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from waypost.cli import figures
from waypost.cli.report_page.verdict import headline, how_to_check, key_figures, sentence
from waypost.cli.statusjson import status_json
from waypost.cli.words import amount, duration, moment, one_line

if TYPE_CHECKING:
    from waypost.cli.report_page.facts import Facts


def markdown(facts: Facts) -> str:
    """A summary that a pull request or a terminal can carry."""
    view = facts.view
    title = view.opened.title if view.opened else view.run
    parts = [
        f"# {_cell(title)}",
        f"**{headline(facts)}.** {_cell(sentence(facts))}.",
        _figures(facts),
        _milestones(facts),
    ]
    parts.append(_gates(facts))
    parts.append(_list("Waits for a person", [f"{item.item}: {item.text}" for item in view.waiting]))
    parts.append(_list("Decisions", [_decision(d.title, d.decision, d.rejected) for d in view.decisions]))
    files = [f"{f.status} {f.path} " + ("binary" if f.is_binary else f"+{f.added} -{f.removed}") for f in facts.files]
    parts.append(_list("Files changed", files))
    commands = "\n".join(f"    {one_line(line)}" for line in how_to_check(facts))
    parts.append(f"## How to check\n\n{commands}" if commands else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def _decision(title: str, decision: str, rejected: tuple[tuple[str, str], ...]) -> str:
    options = f" (rejected: {', '.join(option for option, _ in rejected)})" if rejected else ""
    return f"{title}: {decision}{options}"


def _figures(facts: Facts) -> str:
    view = facts.view
    branch = f"\n- Branch: {_cell(view.opened.branch)}" if view.opened else ""
    lines = [f"- {name}: {_cell(value)} ({_cell(below)})" for name, value, below in key_figures(facts)]
    return f"- Run: {_cell(view.run)}{branch}\n- Model: {_cell(view.model)}\n" + "\n".join(lines)


def _milestones(facts: Facts) -> str:
    rows = [
        f"| {_cell(m.id)} {_cell('' if m.title == m.id else m.title)} | {figures.mark(m.state)} {_cell(m.state)} "
        f"| {m.steps} | {amount(m.totals.tokens)} | {figures.price(m.totals)} |"
        for m in facts.view.milestones.values()
    ]
    head = "## Milestones\n\n| Milestone | State | Steps | Tokens | Cost |\n|---|---|---:|---:|---:|\n"
    return head + "\n".join(rows) if rows else ""


def _gates(facts: Facts) -> str:
    rows = [
        f"| {_cell(s.milestone)} | {_cell(s.gate)} | {_cell(s.last.verdict)} | {len(s.verdicts)} "
        f"| {'' if s.last.tests is None else s.last.tests} | {duration(s.last.took)} | {_cell(s.last.reason)} |"
        for s in facts.gates
    ]
    head = "## Gates\n\n| For | Gate | Verdict | Runs | Tests | Took | Why |\n|---|---|---|---:|---:|---:|---|\n"
    return head + "\n".join(rows) if rows else ""


def _list(title: str, items: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {_cell(item)}" for item in items) if items else ""


def _cell(text: str) -> str:
    """Foreign text on one line, with everything that Markdown would act on taken as written."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line(text, 400)).replace("&", "&amp;")


def as_json(facts: Facts) -> dict[str, Any]:
    """The status, and what else a report knows."""
    return {
        **status_json(facts.view, facts.pid),
        "headline": headline(facts),
        "sessions": [{"start": moment(s.start), "end": moment(s.end)} for s in facts.sessions],
        "phases": [
            {"milestone": p.milestone, "state": p.state, "start": moment(p.start), "end": moment(p.end)}
            for p in facts.phases
        ],
        "gates": [
            {"milestone": s.milestone, "gate": s.gate, "command": s.command, "verdicts": list(s.verdicts),
             "reason": s.last.reason, "tree": s.last.tree, "exit": s.last.exit, "tests": s.last.tests,
             "failed": s.last.failed, "took_ms": s.last.took, "seq": s.seq}
            for s in facts.gates
        ],
        "decisions": [
            {"milestone": d.milestone, "title": d.title, "decision": d.decision, "because": d.because,
             "rejected": [{"option": option, "because": why} for option, why in d.rejected]}
            for d in facts.view.decisions
        ],
        "review": [
            {"item": i.item, "milestone": i.milestone, "topic": i.topic, "text": i.text, "verdict": i.verdict,
             "answer": i.answer}
            for i in facts.view.review.values()
        ],
        "files": [
            {"path": f.path, "status": f.status, "added": f.added, "removed": f.removed, "binary": f.is_binary}
            for f in facts.files
        ],
        "files_not_listed": facts.unlisted,
        "tokens_per_line": facts.tokens_per_line,
        "notes": [{"at": moment(n.at), "sort": n.sort, "text": n.text} for n in facts.notes],
        "commits": [{"milestone": milestone, "commit": commit} for milestone, commit in facts.commits],
    }  # fmt: skip
