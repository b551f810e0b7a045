"""One milestone after another: brief, work, verify, repair or pass, commit, report."""

from __future__ import annotations

import textwrap

from waypost.agent.loop import Agent, Ended
from waypost.documents.model import Milestone
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.history import last_live, live
from waypost.runs import attempts, desk, sealing
from waypost.runs.session import Session
from waypost.runs.states import ENDED, State, next_to_work_on
from waypost.runs.verifying import Verified, manual_items, verify, verify_end
from waypost.workspace.changes import commits

REPAIRS = 4
WAITS = "waits for a human"
SAME_FAILURE = 3
MEND = "mend the environment or accept it (waypost review), then resume"


async def work_through(session: Session) -> kinds.RunEnded:
    """Works until all milestones have ended, or something stops the run."""
    _commit_what_passed(session)
    session.watch.start()
    try:
        return await _work_through(session)
    finally:
        await session.baseline.stop()
        await session.watch.stop()


async def _work_through(session: Session) -> kinds.RunEnded:
    while True:
        states = {name: State(seen.state) for name, seen in session.view.milestones.items()}
        depends = {name: seen.depends for name, seen in session.view.milestones.items()}
        name = next_to_work_on(states, states, depends)
        if name is None:
            ended = await _finish(session, states)
        else:
            ended = await _milestone(session, session.milestone(name))
        desk.sync(session.project, session.run, session.view, session.documents)
        if ended is not None:
            return ended


async def _milestone(session: Session, milestone: Milestone) -> kinds.RunEnded | None:
    """Takes the milestone one state further."""
    state = State(session.view.milestones[milestone.id].state)
    if state is State.PLANNED:
        session.journal.write(
            session.move(milestone.id, State.ACTIVE), *await attempts.open_attempt(session, milestone)
        )
        return None
    if state is State.STALE:
        session.journal.write(session.move(milestone.id, State.VERIFYING))
        return None
    if state is State.REGRESSED:
        if session.view.milestones[milestone.id].regressions > _repair_limit(milestone):
            return _going_in_circles(session, milestone)
        reason = f"This milestone had passed and is red again: {session.view.milestones[milestone.id].reason}"
        moved = session.move(milestone.id, State.REPAIRING, reason)
        session.journal.write(moved, *await attempts.open_attempt(session, milestone, reason))
        return None
    if state is State.VERIFYING:
        return await _verify(session, milestone)
    return await _work(session, milestone)


async def _work(session: Session, milestone: Milestone) -> kinds.RunEnded | None:
    if not attempts.attempt_is_open(session, milestone.id):
        session.journal.write(*await attempts.open_attempt(session, milestone))
    if drifted := await _drifted(session, milestone):
        return drifted
    session.baseline.start(milestone)
    agent = attempts.agent(session, milestone)
    await _settle_interrupted(session, agent)
    ended = await agent.work()
    match ended.outcome:
        case "done" | "nonsense":
            note = (
                [kinds.NoteTold(milestone.id, Blob.of(ended.text), "nonsense")] if ended.outcome == "nonsense" else []
            )
            session.journal.write(*note, session.move(milestone.id, State.VERIFYING, "" if not note else ended.text))
            return None
        case "blocked":
            return _block(session, milestone, ended, "a human resumes, amends, waives or skips the milestone")
        case "budget":
            closed = attempts.close_attempt(session, milestone, ended, "resume with a larger budget")
            session.journal.write(closed)
            return kinds.RunEnded("budget", ended.text.splitlines()[0])
        case "paused" | "stopped":
            return kinds.RunEnded(ended.outcome, ended.text)
        case _:
            return kinds.RunEnded("failed", ended.text)


async def _drifted(session: Session, milestone: Milestone) -> kinds.RunEnded | None:
    """Stops the milestone where the environment is not the pinned one; a run's first look goes on beside the agent."""
    if not session.fingerprint and not session.watch.is_pinned():
        return None
    reason = await session.watch.look(milestone)
    return _block(session, milestone, Ended("blocked", reason), MEND) if reason else None


async def _settle_interrupted(session: Session, agent: Agent) -> None:
    """Calls that a killed process had begun get an unknown outcome; those that never began are made now."""
    pending = session.conversation.pending
    if not pending:
        return
    observed = _observed(session)
    rest = agent.hands.interrupted(pending, session.conversation.began, observed)
    if rest:
        carried = await agent.hands.carry_out(rest, session.view.steps - 1)
        if carried.changes_tree and (taken := session.checkpoint("after a resume")) is not None:
            session.journal.write(taken)


def _observed(session: Session) -> str:
    """The files that differ from the checkpoint before the last answer, as the resume's own checkpoint found them."""
    answered = last_live(session.project.log, session.run, (kinds.ModelResponded.kind,))
    after = answered.seq if answered else 0
    paths = sorted(
        {
            f"{change.path} {change.status}"
            for record in live(session.project.log, session.run, (kinds.Checkpointed.kind,), after=after)
            if isinstance(record.event, kinds.Checkpointed)
            for change in record.event.changes
        }
    )
    shown = ", ".join(paths[:20]) + (f" and {len(paths) - 20} more" if len(paths) > 20 else "")
    return shown or "no file of the worktree changed"


async def _verify(session: Session, milestone: Milestone) -> kinds.RunEnded | None:
    if reason := await session.watch.look(milestone):
        return _block(session, milestone, Ended("blocked", reason), MEND)
    verified = await verify(session, milestone)
    queued = manual_items(session, milestone)
    if queued:
        session.journal.write(*queued)
    if verified.regressed:
        session.journal.write(*(session.move(name, State.REGRESSED, why) for name, why in verified.regressed))
    if verified.red or verified.over_diff:
        return _repair_or_block(session, milestone, verified)
    if verified.regressed:
        return None  # what had passed is repaired first, then this one is verified again
    if not verified.is_green and not _accepted(session, milestone):
        unread = [verdict for verdict in verified.verdicts if verdict.verdict != "green"]
        why = "; ".join(f"{verdict.gate} {verdict.reason}" for verdict in unread) or "only a person can judge it"
        text = f"{WAITS}: {why} (waypost review)"
        return _block(session, milestone, Ended("blocked", text), "a human decides, then resume")
    summary = session.conversation.claim_text
    closed = attempts.close_attempt(session, milestone, Ended("passed", summary), _next(session, milestone))
    session.journal.write(session.move(milestone.id, State.PASSED), closed)
    _commit(session, milestone, summary)
    return None


def _accepted(session: Session, milestone: Milestone) -> bool:
    """Whether a human accepted every criterion: the only way to pass without a green gate."""
    return bool(milestone.criteria) and {c.id for c in milestone.criteria} <= desk.proven(session.view, milestone)


def _repair_or_block(session: Session, milestone: Milestone, verified: Verified) -> kinds.RunEnded | None:
    repairs, limit = session.view.milestones[milestone.id].repairs, _repair_limit(milestone)
    names = ", ".join(verdict.gate for verdict in verified.red) or "the diff"
    if repairs >= limit:
        text = f"{names} still red after {repairs} repairs\n\n{verified.essence}"
        return _block(session, milestone, Ended("blocked", text), "look at the failure, then resume or amend")
    if _same_failure(session, milestone, verified):
        text = f"{names} red for the same reason {SAME_FAILURE} times\n\n{verified.essence}"
        return _block(session, milestone, Ended("blocked", text), "look at the failure, then resume or amend")
    left = limit - repairs - 1
    text = (
        f"Gates are red: {names}. The runtime ran them in a clean checkout of what you left.\n\n{verified.essence}\n\n"
        f"Mend the cause, run the gate's command yourself, then call `done` again. Repairs left after this one: {left}."
    )
    moved = session.move(milestone.id, State.REPAIRING, f"{names} red")
    session.journal.write(moved, kinds.NoteTold(milestone.id, Blob.of(text), "red"))
    return None


def _repair_limit(milestone: Milestone) -> int:
    return REPAIRS if milestone.budget.repair is None else milestone.budget.repair


def _going_in_circles(session: Session, milestone: Milestone) -> kinds.RunEnded:
    """Gates that contradict each other would turn each other's milestones red for ever."""
    seen = session.view.milestones[milestone.id]
    text = f"passed and turned red again {seen.regressions} times: {seen.reason}"
    return _block(session, milestone, Ended("blocked", text), "look whether two gates contradict each other")


def _same_failure(session: Session, milestone: Milestone, verified: Verified) -> bool:
    """Whether the first red gate said the same of the same tree so many times in a row: no progress."""
    if not verified.red:
        return False
    gate = verified.red[0].gate
    said = [
        (record.event.tree, record.event.reason)
        for record in live(session.project.log, session.run, (kinds.GateEnded.kind,))
        if isinstance(record.event, kinds.GateEnded)
        and (record.event.milestone, record.event.gate, record.event.purpose) == (milestone.id, gate, "milestone")
    ]
    return len(said) >= SAME_FAILURE and len(set(said[-SAME_FAILURE:])) == 1


def _block(session: Session, milestone: Milestone, ended: Ended, next_step: str) -> kinds.RunEnded:
    first = ended.text.splitlines()[0] if ended.text else "blocked"
    session.journal.write(
        session.move(milestone.id, State.BLOCKED, first),
        attempts.close_attempt(session, milestone, ended, next_step),
    )
    return kinds.RunEnded("blocked", f"{milestone.id}: {first}")


def _next(session: Session, passed: Milestone) -> str:
    others = [seen for seen in session.view.milestones.values() if seen.id != passed.id]
    left = [seen for seen in others if State(seen.state) not in ENDED]
    return f"{left[0].id} {left[0].title}" if left else "the run's end"


# --- commits ---------------------------------------------------------------------------------------------------------


def _commit_what_passed(session: Session) -> None:
    """Commits a milestone that passed just before its process was killed."""
    for seen in session.view.milestones.values():
        if seen.state == State.PASSED and not seen.commit:
            _commit(session, session.milestone(seen.id), "")


def _commit(session: Session, milestone: Milestone, summary: str) -> None:
    """Puts the passed milestone on the branch; a commit that a killed process made already is taken as it is."""
    desk.sync(session.project, session.run, session.view, session.documents)
    tree = session.tree()
    trailers = [("Waypost-Run", session.run), ("Waypost-Milestone", milestone.id)]
    before, head = session.worktree.base, session.worktree.branch_head()
    last = commits(session.project.repository.git, before, head)[-1:]
    if last and all(last[0].trailer(name) == value for name, value in trailers):
        commit = head
    else:
        first = next(
            record.seq
            for record in live(session.project.log, session.run, (kinds.MilestoneMoved.kind,))
            if isinstance(record.event, kinds.MilestoneMoved) and record.event.milestone == milestone.id
        )
        sealed = sealing.seal(session.project)
        trailers += [("Waypost-Log", f"{first}-{sealed.size}"), sealing.trailer(sealed)]
        message = f"{milestone.id}: {milestone.title}\n\n{_wrapped(summary)}".strip()
        commit = session.worktree.commit_milestone(message, trailers, tree)
        session.anchoring.begin()
    session.journal.write(kinds.MilestoneCommitted(milestone.id, commit, tree))


def _wrapped(text: str) -> str:
    """The text in lines of 72 characters, as git shows them; its own line ends are kept."""
    return "\n".join(textwrap.fill(line, 72, break_long_words=False) for line in text.splitlines())


# --- the end ---------------------------------------------------------------------------------------------------------


async def _finish(session: Session, states: dict[str, State]) -> kinds.RunEnded | None:
    """The end, or what is left to do: every passed milestone's gates must be green in a clean clone of the branch."""
    blocked = [name for name, state in states.items() if state not in ENDED]
    if blocked:
        seen = session.view.milestones[blocked[0]]
        return kinds.RunEnded("blocked", f"{seen.id}: {seen.reason or 'waits for what it depends on'}")
    passed = [session.milestone(name) for name, state in states.items() if state is State.PASSED]
    if passed and (reason := await session.watch.look(passed[-1])):
        return kinds.RunEnded("blocked", f"{passed[-1].id}: {reason.splitlines()[0]}")
    red = await verify_end(session, passed)
    moves = [session.move(name, State.REGRESSED, why) for name, why in red]
    if moves:
        session.journal.write(*moves)
        return None
    waiting = len(session.view.waiting)
    return kinds.RunEnded("complete", f"{waiting} for a human to review (waypost review)" if waiting else "")
