"""The report as one self-contained page. Every word in it that came from elsewhere goes through `text_of`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from waypost.cli import figures
from waypost.cli.report_page import charts
from waypost.cli.report_page.charts import state_class, text_of
from waypost.cli.report_page.style import STYLE, policy
from waypost.cli.report_page.verdict import headline, how_to_check, key_figures, sentence, tone
from waypost.cli.words import amount, count, day, duration

if TYPE_CHECKING:
    from waypost.cli.report_page.facts import Facts, FileStory, GateStory, Note
    from waypost.events.kinds import DecisionRecorded
    from waypost.review.queue import ReviewItem
    from waypost.runs.view import MilestoneView

FILES_SHOWN = 300
DOTS_SHOWN = 24


def page(facts: Facts, version: str) -> str:
    """The whole HTML text."""
    opened = facts.view.opened
    title = text_of(opened.title if opened else facts.view.run)
    parts = [
        _header(facts, title),
        _section("Timeline", _with(charts.timeline(facts), _timeline_legend())),
        _section("Milestones", _milestones(facts)),
        _section("Gates", _gates(facts.gates)),
        _section("Tokens and cost", _with(charts.tokens(facts), _tokens_legend())),
        _section("Waits for a person", "".join(_item(item) for item in facts.view.waiting)),
        _section("Decisions", "".join(_decision(item) for item in facts.view.decisions)),
        _section("Reviewed", "".join(_item(item) for item in facts.view.review.values() if item.verdict)),
        _section("Files changed", _files(facts.files, facts.unlisted)),
        _section("Course of the run", _notes(facts.notes)),
        _section("How to check", _how_to_check(facts)),
        f"<footer>Written by Waypost {text_of(version)} from position {facts.view.position} of the log, "
        f"{day(facts.view.seen)}. A view of the log: nothing here was told by the model about itself.</footer>",
    ]
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text_of(policy())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title} – {text_of(headline(facts))}</title>\n<style>{STYLE}</style>"
    )
    body = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>" if body else ""


def _with(chart: str, legend: str) -> str:
    return f'<div class="wide">{chart}</div>{legend}' if chart else ""


def _table(head: Sequence[str], rows: Iterable[str], right: Sequence[int] = ()) -> str:
    cells = "".join(f"<th{' class=right' if number in right else ''}>{name}</th>" for number, name in enumerate(head))
    body = "\n".join(rows)
    table = f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="wide">{table}</div>' if body else ""


def _row(*cells: tuple[str, str] | str) -> str:
    """A row of cells that are mark-up already; a pair is (class, cell)."""
    out = []
    for cell in cells:
        kind, inner = cell if isinstance(cell, tuple) else ("", cell)
        out.append(f'<td class="{kind}">{inner}</td>' if kind else f"<td>{inner}</td>")
    return f"<tr>{''.join(out)}</tr>"


def _word(word: str) -> str:
    """A state or a verdict in its colour."""
    return f'<span class="{state_class(word)}">{text_of(word)}</span>'


# --- header ----------------------------------------------------------------------------------------------------------


def _header(facts: Facts, title: str) -> str:
    view, opened = facts.view, facts.view.opened
    place = (
        f"branch <code>{text_of(opened.branch)}</code> from <code>{text_of(opened.base[:12])}</code> · "
        if opened
        else ""
    )
    limits = "".join(_limit(budget) for budget in figures.budgets(view))
    notices = "".join(f'<p class="warn">{text_of(notice)}</p>' for notice in (opened.notices if opened else ()))
    cells = "".join(
        f'<div><dt>{name}</dt><dd class="value">{text_of(value)}</dd><dd class="below">{text_of(below)}</dd></div>'
        for name, value, below in key_figures(facts)
    )
    return (
        f'<header>\n<p><span class="verdict {tone(facts)}">{text_of(headline(facts))}</span></p>\n<h1>{title}</h1>\n'
        f"<p>{text_of(sentence(facts))}.</p>\n"
        f'<p class="soft"><code>{text_of(view.run)}</code> · {place}model <code>{text_of(view.model)}</code> · '
        f"{day(view.began)}{limits}</p>\n{notices}{_approval(facts)}\n"
        f'<dl class="figures">{cells}</dl>\n</header>'
    )


def _limit(budget: figures.Budget) -> str:
    from waypost.cli.words import measured

    name = {"wall": "time"}.get(budget.name, budget.name)
    return f" · {name} {measured(budget.name, budget.spent)} of {measured(budget.name, budget.limit)}"


def _approval(facts: Facts) -> str:
    approval = facts.approval
    if approval is None:
        return ""
    by = f" by {text_of(approval.by)}" if approval.by else ""
    digests = ", ".join(f"{text_of(name)} <code>{text_of(digest[:12])}</code>" for name, digest in approval.files)
    return f'<p class="soft">Approved{by}: {digests}</p>'


# --- milestones and gates --------------------------------------------------------------------------------------------


def _milestones(facts: Facts) -> str:
    head = ("Milestone", "State", "Attempts", "Steps", "Repairs", "Time", "Tokens", "Cost", "Commit")
    rows = [_milestone(milestone) for milestone in facts.view.milestones.values()]
    return _table(head, rows, right=(2, 3, 4, 5, 6, 7))


def _milestone(milestone: MilestoneView) -> str:
    title = "" if milestone.title == milestone.id else f" {text_of(milestone.title)}"
    after = f' <span class="more">after {text_of(", ".join(milestone.depends))}</span>' if milestone.depends else ""
    reason = f'<br><span class="more">{text_of(milestone.reason)}</span>' if milestone.reason else ""
    totals = milestone.totals
    return _row(
        f'<span class="id">{text_of(milestone.id)}</span>{title}{after}{reason}',
        ("keep", f"{figures.mark(milestone.state)} {_word(milestone.state)}"),
        ("right num", str(milestone.attempts or "–")),
        ("right num", str(milestone.steps or "–")),
        ("right num", str(milestone.repairs or "–")),
        ("right num", duration(milestone.worked / 1000) if milestone.worked else "–"),
        ("right num", amount(totals.tokens) if totals.answers else "–"),
        ("right num", text_of(figures.price(totals).removeprefix("cost ") or "–")),
        ("keep", f"<code>{text_of(milestone.commit[:10])}</code>" if milestone.commit else "–"),
    )


def _gates(stories: Sequence[GateStory]) -> str:
    rows = []
    for story in stories:
        last = story.last
        tests = "–" if last.tests is None else f"{last.tests}" + (f", {last.failed} failed" if last.failed else "")
        rows.append(
            _row(
                f'<span class="id">{text_of(story.milestone)}</span>',
                f"{text_of(story.gate)}{_evidence(story)}",
                ("keep", _history(story)),
                ("right num", tests),
                ("right num", "–" if last.exit is None else str(last.exit)),
                ("right num", duration(last.took)),
                ("keep", f"<code>{text_of(last.tree[:10])}</code>"),
                ("right num", str(story.seq)),
            )
        )
    return _table(("For", "Gate", "Verdict", "Tests", "Exit", "Took", "Tree", "Event"), rows, right=(3, 4, 5, 7))


def _history(story: GateStory) -> str:
    """The newest verdict, led by the ones before it."""
    signs = {"green": "✔", "red": "✘"}
    before = story.verdicts[:-1][-DOTS_SHOWN:]
    dots = "".join(f'<span class="{state_class(verdict)}">{signs.get(verdict, "·")}</span>' for verdict in before)
    return f"{dots} {_word(story.last.verdict)}".strip()


def _evidence(story: GateStory) -> str:
    reason = f'<br><span class="more">{text_of(story.last.reason)}</span>' if story.last.reason else ""
    command = f"<pre>$ {text_of(story.command)}</pre>" if story.command else ""
    output = f"<pre>{text_of(story.excerpt)}</pre>" if story.excerpt else ""
    if not command and not output:
        return reason
    return f"{reason}<details><summary>command and output</summary>{command}{output}</details>"


# --- what else a reader wants ----------------------------------------------------------------------------------------


def _decision(item: DecisionRecorded) -> str:
    because = f'<p class="soft">{text_of(item.because)}</p>' if item.because else ""
    rejected = "".join(
        f'<li><span class="soft">rejected:</span> {text_of(option)}' + (f" – {text_of(why)}" if why else "") + "</li>"
        for option, why in item.rejected
    )
    return (
        f'<div class="card"><p><strong>{text_of(item.title)}</strong> '
        f'<span class="id soft">{text_of(item.milestone)}</span>'
        f"</p><p>{text_of(item.decision)}</p>{because}{f'<ul>{rejected}</ul>' if rejected else ''}</div>"
    )


def _item(item: ReviewItem) -> str:
    verdict = f" – {text_of(item.verdict)}" if item.verdict else ""
    answer = f'<p class="soft">{text_of(item.answer)}</p>' if item.answer else ""
    place = " ".join(text_of(part) for part in (item.topic, item.milestone) if part)
    return (
        f'<div class="card"><p><span class="id">{text_of(item.item)}</span>{verdict} '
        f'<span class="soft">{place}</span></p>'
        f"<p>{text_of(item.text)}</p>{answer}</div>"
    )


def _files(files: Sequence[FileStory], unlisted: int) -> str:
    rows = []
    for file in files[:FILES_SHOWN]:
        lines = (
            "binary"
            if file.is_binary
            else f'<span class="plus">+{file.added}</span> <span class="minus">−{file.removed}</span>'
        )
        rows.append(_row(f"<code>{text_of(file.path)}</code>", text_of(file.status), ("right num", lines)))
    more = max(0, len(files) - FILES_SHOWN) + unlisted
    words = "Lines are counted at every checkpoint, so a line that was written twice counts twice."
    rest = f"and {count(more, 'file')} more. " if more else ""
    tail = f'<p class="more">{rest}{words}</p>'
    return _table(("File", "Change", "Lines"), rows, right=(2,)) + tail if rows else ""


def _notes(notes: Sequence[Note]) -> str:
    rows = [_row(("keep soft", day(note.at)), ("keep", text_of(note.sort)), text_of(note.text)) for note in notes]
    return _table(("When", "What", ""), rows)


def _how_to_check(facts: Facts) -> str:
    commands = "\n".join(text_of(line) for line in how_to_check(facts))
    commits = [
        _row(f'<span class="id">{text_of(milestone)}</span>', f"<code>{text_of(commit)}</code>")
        for milestone, commit in facts.commits
    ]
    return (f"<pre>{commands}</pre>\n" if commands else "") + _table(("Milestone", "Commit"), commits)


def _legend(entries: Sequence[tuple[str, str]], shape: str = '<rect width="10" height="10" rx="2"') -> str:
    return "".join(f'<svg viewBox="0 0 10 10">{shape} class="{name}"/></svg>{words}' for name, words in entries)


def _timeline_legend() -> str:
    phases = (
        ("s-active", "working"),
        ("s-verifying", "gates running"),
        ("s-repairing", "repairing"),
        ("s-blocked", "blocked"),
    )
    dots = (("s-green", "gate green"), ("s-red", "gate red"))
    circle = '<circle cx="5" cy="5" r="4.5"'
    return f'<p class="legend">{_legend(phases)}{_legend(dots, circle)} · time in which nobody worked is left out</p>'


def _tokens_legend() -> str:
    entries = (("t-cached", "read from the cache"), ("t-fresh", "sent anew"), ("t-output", "written by the model"))
    return f'<p class="legend">{_legend(entries)}</p>'
