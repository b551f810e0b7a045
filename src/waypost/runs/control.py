"""What a human says to a run, whether or not a process works on it now."""

from __future__ import annotations

import contextlib

from waypost.documents.errors import DocumentError
from waypost.events import kinds
from waypost.events.event import Event, Record
from waypost.events.journal import HUMAN
from waypost.review.queue import QUESTION
from waypost.runs import desk
from waypost.runs.lock import holder
from waypost.runs.opening import approved_documents
from waypost.runs.project import Project, RunError
from waypost.runs.states import BY_A_HUMAN, MOVES, State
from waypost.runs.view import load_view

WISHES = ("pause", "stop", "unblock", "waive", "skip")
VERDICTS = ("accept", "reject", "answer")


def steer(project: Project, run: str, text: str, by: str = "") -> Record:
    """Tells the agent something; it reads it before its next step, now or after a resume."""
    if not text.strip():
        raise RunError('nothing to say; give a text: waypost steer RUN "use the decimal type"')
    return _append(project, run, kinds.HumanSteered(text.strip(), by))


def ask(project: Project, run: str, wish: str, *, milestone: str = "", text: str = "", by: str = "") -> Record:
    """Asks the runtime: pause, stop, or unblock, waive or skip a milestone."""
    if wish not in WISHES:
        raise RunError(f"{wish!r} is not a wish; there are: {', '.join(WISHES)}")
    if wish in {"pause", "stop"}:
        if holder(project.root, run) is None:
            raise RunError(f"run {run} is not being worked on now; `waypost status {run}` shows how it stands")
        return _append(project, run, kinds.HumanAsked(wish, milestone, text, by))
    return _decide_milestone(project, run, kinds.HumanAsked(wish, milestone, text, by))


def decide(project: Project, run: str, item: str, verdict: str, text: str = "", by: str = "") -> Record:
    """Decides a waiting item. Raises RunError if there is none of that name."""
    if verdict not in VERDICTS:
        raise RunError(f"{verdict!r} is not a verdict; there are: {', '.join(VERDICTS)}")
    queue = load_view(project.log, run).review
    if item not in queue:
        raise RunError(f"nothing named {item!r} waits in run {run}; there are: {', '.join(queue) or 'none'}")
    if queue[item].topic == QUESTION and verdict != "answer":
        raise RunError(f'{item} is a question: waypost review answer {item} "…"')
    record = _append(project, run, kinds.ReviewDecided(item, verdict, text, by))
    if holder(project.root, run) is None:  # a process that works on the run does this itself
        with contextlib.suppress(DocumentError):  # what was decided stands; the next resume brings its boxes in line
            desk.sync(project, run, load_view(project.log, run), approved_documents(project, run))
    return record


def _decide_milestone(project: Project, run: str, asked: kinds.HumanAsked) -> Record:
    view = load_view(project.log, run)
    if asked.milestone not in view.milestones:
        raise RunError(f"run {run} has no milestone {asked.milestone!r}; there are: {', '.join(view.milestones)}")
    if holder(project.root, run) is not None:
        raise RunError(f"run {run} is being worked on; pause it first: waypost pause {run}")
    if asked.wish == "unblock":  # whoever resumes moves it: on to its gates, or back to the agent
        return _append(project, run, asked)
    before = State(view.milestones[asked.milestone].state)
    after = {"waive": State.WAIVED, "skip": State.SKIPPED}[asked.wish]
    if after not in MOVES[before] or (before is State.PLANNED and after not in BY_A_HUMAN):
        raise RunError(f"milestone {asked.milestone} is {before}; it can't be made {after}")
    reason = asked.text or f"{asked.wish} by a human"
    return _append(project, run, asked, kinds.MilestoneMoved(asked.milestone, after, before, reason))


def _append(project: Project, run: str, *events: Event) -> Record:
    return project.log.append(run, None, events, actor=HUMAN)[-1]
