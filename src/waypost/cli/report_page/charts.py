"""The report's two charts, as inline SVG that carries no script and no style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from waypost.cli.words import amount, clean, columns, cut, duration

if TYPE_CHECKING:
    from waypost.cli.report_page.facts import Facts, Session

WIDTH, LABEL, ROW, RIGHT = 920, 214, 30, 14
PLOT = WIDTH - LABEL - RIGHT
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def text_of(words: str, width: int = 0) -> str:
    """Foreign words made safe for the page: no control characters, every mark-up sign escaped."""
    shown = clean(words)
    return escape(cut(shown, width) if width else shown, quote=True)


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>'
    )


def _name(facts: Facts, milestone: str, y: float) -> str:
    title = facts.view.milestones[milestone].title if milestone in facts.view.milestones else milestone
    label = cut(clean(milestone), 8)
    space = max(0, 30 - columns(label))
    shown = "" if title == milestone else f' <tspan class="soft">{text_of(" ".join(title.split()), space)}</tspan>'
    full = text_of(f"{milestone} {title}")
    return f'<text x="0" y="{y:g}"><title>{full}</title><tspan class="id">{escape(label)}</tspan>{shown}</text>'


# --- the timeline ----------------------------------------------------------------------------------------------------


class WorkClock:
    """Maps the wall clock to the time in which somebody worked: the nights between sessions take no room."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        """Sessions in order; microseconds since 1970."""
        self.sessions = sessions
        self.length = max(1, sum(session.end - session.start for session in sessions))

    def __call__(self, at: int) -> int:
        """Microseconds of work before this moment."""
        return sum(max(0, min(at, session.end) - session.start) for session in self.sessions)

    def x(self, at: int) -> float:
        """Where the moment lies in the picture."""
        return LABEL + PLOT * self(at) / self.length


def timeline(facts: Facts) -> str:
    """One row a milestone: its phases as bars, its gate runs as dots; empty text where nothing was worked on."""
    names = list(facts.view.milestones)
    if not names or not facts.sessions:
        return ""
    work = WorkClock(facts.sessions)
    height = ROW * len(names) + 34
    parts = [*_axis(work, ROW * len(names) + 6), *_seams(work, ROW * len(names) + 6)]
    for row, name in enumerate(names):
        middle = ROW * row + ROW / 2 + 2
        parts.append(_name(facts, name, middle + 4))
        parts.append(f'<line class="rule" x1="{LABEL}" x2="{WIDTH - RIGHT}" y1="{middle:g}" y2="{middle:g}"/>')
        parts += [_bar(work, phase.state, phase.start, phase.end, middle)
                  for phase in facts.phases if phase.milestone == name]  # fmt: skip
        marks = [(verdict == "red", at, verdict) for at, owner, verdict in facts.gate_marks if owner == name]
        parts += [_dot(work, at, verdict, middle) for _, at, verdict in sorted(marks)]  # red ones lie on top
    return _svg(height, "Timeline of the milestones", parts)


def _bar(work: WorkClock, state: str, start: int, end: int, middle: float) -> str:
    left, right = work.x(start), work.x(end)
    words = escape(f"{state}, {duration((work(end) - work(start)) / 1000)}")
    return (
        f'<rect class="{state_class(state)}" x="{left:.1f}" y="{middle - 7:g}" width="{max(2.0, right - left):.1f}" '
        f'height="14" rx="2"><title>{words}</title></rect>'
    )


def _dot(work: WorkClock, at: int, verdict: str, middle: float) -> str:
    title = f"<title>gate {escape(verdict)}</title>"
    return f'<circle class="{state_class(verdict)}" cx="{work.x(at):.1f}" cy="{middle:g}" r="4.5">{title}</circle>'


def state_class(word: str) -> str:
    """A class name out of a state: letters only, so that no text can leave the attribute."""
    return "s-" + "".join(letter for letter in word if "a" <= letter <= "z")


def _axis(work: WorkClock, bottom: float) -> list[str]:
    seconds = work.length / 1_000_000
    step = next((step for step in STEPS if seconds / step <= 7), max(STEPS[-1], int(seconds / 7)))
    parts = []
    for number in range(int(seconds / step) + 1):
        x = LABEL + PLOT * number * step / seconds
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:g}"/>')
        anchor = "end" if x > WIDTH - 60 else "middle" if number else "start"
        label = duration(number * step * 1000).removesuffix(".0 s") if number else "0"
        label = f"{number * step} s" if number and number * step < 60 else label
        parts.append(f'<text class="tick" text-anchor="{anchor}" x="{x:.1f}" y="{bottom + 18:g}">{label}</text>')
    return parts


def _seams(work: WorkClock, bottom: float) -> list[str]:
    return [
        f'<line class="seam" x1="{work.x(session.start):.1f}" x2="{work.x(session.start):.1f}" y1="0" '
        f'y2="{bottom:g}"><title>a new session</title></line>'
        for session in list(work.sessions)[1:]
    ]


# --- tokens and cost -------------------------------------------------------------------------------------------------


def tokens(facts: Facts) -> str:
    """One stacked bar a milestone: read from cache, sent anew, written by the model; its cost beside it."""
    from waypost.cli import figures

    shown = [milestone for milestone in facts.view.milestones.values() if milestone.totals.answers]
    if not shown:
        return ""
    most = max(milestone.totals.tokens for milestone in shown) or 1
    room = PLOT - 150
    parts = []
    for row, milestone in enumerate(shown):
        totals, y = milestone.totals, ROW * row + 6
        parts.append(_name(facts, milestone.id, y + 15))
        x = float(LABEL)
        fresh = max(0, totals.input - totals.cached)
        for name, number in (("cached", totals.cached), ("fresh", fresh), ("output", totals.output)):
            length = room * number / most
            title = f"<title>{name}: {number:,.0f} tokens</title>"
            parts.append(f'<rect class="t-{name}" x="{x:.1f}" y="{y}" width="{length:.1f}" height="18">{title}</rect>')
            x += length
        price = figures.price(totals)
        words = f"{amount(totals.tokens)} · {price}" if price else amount(totals.tokens)
        parts.append(f'<text class="soft num" x="{x + 8:.1f}" y="{y + 14}">{escape(words)}</text>')
    return _svg(ROW * len(shown) + 6, "Tokens and cost of each milestone", parts)
