"""One frame of the live view: lines of styled text, drawn from the view and nothing else."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich.text import Text

from waypost.cli import figures
from waypost.cli.words import clean, columns, count, cut, duration, measured, one_line
from waypost.runs.view import MilestoneView, RunView

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BUSY = frozenset({"active", "verifying", "repairing"})
BAR = 10


@dataclass(frozen=True, slots=True)
class Size:
    """Columns and lines of the terminal."""

    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Moment:
    """What a frame shows beside the view: `now` is in microseconds since 1970, `since` when the step began."""

    now: int
    since: int = 0
    tail: str = ""
    word: str = ""
    """What the person was just told, such as that the run is stopping."""


def frame(view: RunView, moment: Moment, size: Size) -> list[Text]:
    """At most `size.lines` lines of at most `size.columns` columns."""
    head, status = _head(view, moment, size), _status(view, moment, size)
    foot = [_foot(view, moment, size)]
    room = max(0, size.lines - len(head) - len(status) - len(foot) - 4)
    milestones = _milestones(view, moment, size, max(1, min(len(view.milestones), room // 2)))
    room -= len(milestones)
    tail = _tail(moment.tail, size, min(4, room // 2))
    recent = _recent(view, size, min(8 if size.lines < 36 else 12, max(0, room - len(tail))))
    blank = [Text("")]
    parts = [head, milestones, status, [*recent, *tail], foot]
    lines = [line for part in parts if part for line in (*part, *blank)][:-1]
    for line in lines:
        line.truncate(size.columns, overflow="ellipsis")
    return lines[: size.lines]


def _line(text: str, size: Size, style: str = "") -> Text:
    return Text(cut(one_line(text), size.columns) if text.strip() else "", style=style, no_wrap=True)


def _head(view: RunView, moment: Moment, size: Size) -> list[Text]:
    opened = view.opened
    title = one_line(opened.title if opened else view.run)
    worked = duration(_worked(view, moment) / 1000)
    done = f"{figures.passed(view)}/{len(view.milestones)}"
    right = f"{done} · {worked}"
    title = cut(title, max(8, size.columns - columns(right) - 2))
    gap = " " * max(1, size.columns - columns(title) - columns(right))
    first = Text.assemble((title, "bold"), gap, (right, "dim"), no_wrap=True)
    place = f"{opened.branch} · " if opened else ""
    lines = [first, _line(f"{place}{view.model}", size, "dim")]
    return [*lines, _line(figures.NO_SANDBOX, size, "bold red")] if view.sandbox == "none" else lines


def _worked(view: RunView, moment: Moment) -> int:
    return view.worked + (max(0, moment.now - view.seen) if view.outcome == "" and view.seen else 0)


def _milestones(view: RunView, moment: Moment, size: Size, room: int) -> list[Text]:
    names = list(view.milestones)
    at = names.index(view.current) if view.current in view.milestones else 0
    first = max(0, min(at - room // 2, len(names) - room))
    shown = names[first : first + room]
    lines = [_milestone(view.milestones[name], moment, size) for name in shown]
    if first > 0:
        lines[0] = _line(f"  … {count(first + 1, 'milestone')} above", size, "dim")
    if first + room < len(names) and len(lines) > 1:
        lines[-1] = _line(f"  … {count(len(names) - first - room + 1, 'milestone')} below", size, "dim")
    return lines


def _milestone(milestone: MilestoneView, moment: Moment, size: Size) -> Text:
    style = figures.STYLES.get(milestone.state, "")
    is_busy = milestone.state in BUSY
    sign = _spin(moment) if is_busy else figures.mark(milestone.state)
    right = milestone.state + (f" · {count(milestone.steps, 'step')}" if milestone.steps else "")
    name = one_line(milestone.id)
    title = "" if milestone.title == milestone.id else one_line(milestone.title)
    space = size.columns - columns(right) - columns(name) - 5
    title = cut(title, max(0, space))
    gap = " " * max(1, size.columns - columns(title) - columns(right) - columns(name) - 3)
    weight = "bold" if is_busy else ""
    parts: list[str | tuple[str, str]] = [
        (sign, style),
        " ",
        (name, weight),
        " ",
        (title, weight or style),
        gap,
        (right, style),
    ]
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _spin(moment: Moment) -> str:
    return SPINNER[moment.now // 100_000 % len(SPINNER)]


def _status(view: RunView, moment: Moment, size: Size) -> list[Text]:
    lines = [_now(view, moment, size)]
    gates = _gates(view, size)
    lines += [gates] if gates is not None else []
    price = figures.price(view.totals)
    lines.append(_line(f"tokens {figures.tokens(view.totals)}" + (f" · {price}" if price else ""), size))
    return lines + _bars(view, moment, size)


def _now(view: RunView, moment: Moment, size: Size) -> Text:
    if view.outcome:
        reason = f": {view.reason}" if view.reason else ""
        return _line(f"{view.outcome}{reason}", size, "green" if view.outcome in figures.ALL_WELL else "yellow")
    waited = (moment.now - moment.since) // 1_000_000 if moment.since else 0
    took = f"  {waited} s" if waited >= 2 else ""
    doing = one_line(view.doing or "thinking")
    lead = f"{_spin(moment)} {view.current} step {view.steps + 1} · " if view.current else f"{_spin(moment)} "
    doing = cut(doing, max(8, size.columns - columns(lead) - columns(took)))
    return Text.assemble((lead, "cyan"), doing, (took, "dim"), no_wrap=True)


def _gates(view: RunView, size: Size) -> Text | None:
    milestone = view.milestones.get(view.current)
    if milestone is None or not milestone.gates:
        return None
    line = Text("gates ", no_wrap=True)
    signs = {"green": "✔", "red": "✘", "running": "…", "waiting": "?", "skipped": "–"}
    for gate in milestone.gates.values():
        sign = signs.get(gate.verdict, "·")
        line.append(f" {figures.gate_words(gate)} {sign} ", figures.STYLES.get(gate.verdict, "dim"))
    line.truncate(size.columns, overflow="ellipsis")
    return line


def _bars(view: RunView, moment: Moment, size: Size) -> list[Text]:
    """The budgets side by side where they fit, one a line where they don't."""
    bars = []
    for budget in figures.budgets(view, _worked(view, moment)):
        full = round(BAR * budget.share)
        style = "red" if budget.share >= 0.95 else "yellow" if budget.share >= 0.8 else "green"
        left = max(0, budget.limit - budget.spent)
        words = f" {measured(budget.name, left)} of {measured(budget.name, budget.limit)} left"
        name = {"wall": "time"}.get(budget.name, budget.name)
        bars.append(Text.assemble(f"{name:<6} ", ("━" * full, style), ("─" * (BAR - full), "dim"), (words, "dim")))
    lines: list[Text] = []
    for bar in bars:
        if lines and lines[-1].cell_len + 3 + bar.cell_len <= size.columns:
            lines[-1].append("   ").append_text(bar)
        else:
            lines.append(bar)
    for line in lines:
        line.no_wrap = True
        line.truncate(size.columns, overflow="ellipsis")
    return lines


def _recent(view: RunView, size: Size, room: int) -> list[Text]:
    return [_line(text, size, "dim") for text in list(view.recent)[-room:]] if room > 0 else []


def _tail(words: str, size: Size, room: int) -> list[Text]:
    if room <= 0 or not words.strip():
        return []
    paragraphs = clean(words[-1200:]).splitlines()
    wrapped = [part for line in paragraphs for part in textwrap.wrap(line, max(20, size.columns - 2))]
    return [_line(f"▏ {text}", size, "italic") for text in wrapped[-room:]]


def _foot(view: RunView, moment: Moment, size: Size) -> Text:
    waits = f"{count(len(view.waiting), 'item')} for review · " if view.waiting else ""
    return _line(moment.word or f"{waits}Ctrl-C stops at the next safe point", size, "yellow" if moment.word else "dim")
