"""A process takes a run up, works it through, and lets go of it; whatever happens, the log knows."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

from waypost import __version__
from waypost.agent.budget import Meter
from waypost.context.conversation import Conversation
from waypost.events import kinds
from waypost.events.event import Event
from waypost.events.history import live
from waypost.events.journal import Journal
from waypost.events.kinds import Limits
from waypost.events.log import StoreFull
from waypost.memory.knowledge import KINDS as KNOWLEDGE_KINDS
from waypost.memory.knowledge import Knowledge
from waypost.models.clock import SystemClock
from waypost.models.estimate import Estimator
from waypost.models.model import BadModel
from waypost.models.registry import open_model
from waypost.review.queue import MANUAL
from waypost.runs import desk, rewinding, sealing
from waypost.runs.drift import DRIFTED
from waypost.runs.heldout import lay_out
from waypost.runs.indexing import index_of, keep_ready
from waypost.runs.lock import RunLock
from waypost.runs.milestones import WAITS, work_through
from waypost.runs.opening import approval_of, approved_documents, load_opened
from waypost.runs.project import Project
from waypost.runs.sandboxing import chosen_event, opened_network, take_up_sandbox
from waypost.runs.session import Observer, Session, rebuilt_conversation
from waypost.runs.settings import Settings
from waypost.runs.states import State
from waypost.runs.surroundings import environment
from waypost.runs.view import RunView, load_view
from waypost.sandbox.orphans import end_marked
from waypost.workspace.checkout import prune
from waypost.workspace.errors import DiskFull

LISTENS_EVERY = 0.5
"""Seconds."""


async def work(project: Project, run: str, settings: Settings, observer: Observer) -> kinds.RunEnded:
    """Works on the run until it is complete or something stops it.

    Raises RunBusy, LogNotTrusted, BadModel, SetupFailed.

    Cancelling the task is how a human interrupts: the tree is checkpointed and the run can be resumed.
    """
    lock = RunLock(project.root, run)
    try:
        sealing.check(project)
        session = await _take_up(project, run, settings, observer)
        try:
            async with opened_network(session) as session.network:
                return await _worked(session)
        finally:
            await session.anchoring.stop()
            await session.model.close()
    finally:
        lock.release()


async def _worked(session: Session) -> kinds.RunEnded:
    stop = _Stop(session, asyncio.current_task())
    listening = asyncio.create_task(stop.listen())
    indexing = asyncio.create_task(keep_ready(session.index)) if session.index else None
    try:
        ended = await work_through(session)
    except asyncio.CancelledError:
        taken = session.checkpoint("interrupted")
        ended = stop.ended or kinds.RunEnded("interrupted", "by a human")
        session.journal.write(*([taken] if taken else []), ended)
        _let_go(session)  # nobody is asked to vouch for it: the human waits
        return ended
    except BadModel as problem:
        ended = kinds.RunEnded("failed", str(problem))
    except (StoreFull, DiskFull) as problem:
        # nothing can be written now, and nothing was lost: the last checkpoint and the log end before this
        return kinds.RunEnded("paused", str(problem))
    finally:
        listening.cancel()
        if indexing is not None and session.index is not None:
            indexing.cancel()
            await session.index.close()
    session.journal.write(ended)
    _let_go(session)
    if await session.anchoring.finish():
        sealing.seal(session.project)  # what was answered is signed, too
    return ended


def _let_go(session: Session) -> None:
    desk.sync(session.project, session.run, session.view, session.documents)
    sealing.seal(session.project)


@dataclass(slots=True)
class _Stop:
    """Ends the running call, too, when a human says stop; a pause waits for the step's end."""

    session: Session
    work: asyncio.Task[Any] | None
    ended: kinds.RunEnded | None = None

    async def listen(self) -> None:
        """Looks once in a while; the words reach the model's side by the ears, which alone see what follows them."""
        log, run = self.session.project.log, self.session.run
        after = log.position
        while self.ended is None:
            await asyncio.sleep(LISTENS_EVERY)
            said = log.last(run, kinds=(kinds.HumanAsked.kind,))
            if said is not None and said.seq > after and isinstance(said.event, kinds.HumanAsked):
                after = said.seq
                if said.event.wish == "stop" and self.work is not None:
                    self.ended = kinds.RunEnded("stopped", said.event.text or "stop by a human")
                    self.work.cancel()


async def _take_up(project: Project, run: str, settings: Settings, observer: Observer) -> Session:
    opened = load_opened(project, run)
    view = load_view(project.log, run)
    model_name = settings.model or view.model
    base_url = settings.base_url or (opened.base_url if settings.model in {None, opened.model} else None)
    settings.check_cost_limit(model_name)
    clock = SystemClock()
    model = open_model(model_name, base_url=base_url, environ=os.environ, clock=clock)
    limits = _limits(view.limits, settings.limits)
    choosing = asyncio.create_task(take_up_sandbox(project, unsafe=settings.unsafe))
    await asyncio.sleep(0)  # its canaries run while the rest is made ready
    orphans = tuple(orphan.command for orphan in end_marked(f"{run}/"))
    prune(project.repository, project.checkouts)
    worktree = rewinding.recovered_worktree(project, run)
    documents = approved_documents(project, run)
    knowledge = Knowledge.of(live(project.log, run, KNOWLEDGE_KINDS))
    conversation = Conversation.empty(project.log.content, Estimator())
    chosen = await choosing
    epoch = project.log.claim(run)
    journal = Journal(project.log, run, epoch, (view.apply, knowledge.apply, conversation.apply, observer.on_record))
    session = Session(
        project=project,
        run=run,
        journal=journal,
        view=view,
        knowledge=knowledge,
        conversation=conversation,
        documents=documents,
        worktree=worktree,
        sandbox=chosen.sandbox,
        environment=await environment(project, documents, worktree.branch_head(), chosen.sandbox, run),
        held_out=lay_out(project, approval_of(project, run)),
        model=model,
        model_name=model_name.partition(":")[2] or model_name,
        clock=clock,
        observer=observer,
        window=settings.checked_window(opened.window),
        meter=_meter(view, limits, clock),
        index=index_of(project, run, worktree.place),
    )
    rebuilt_conversation(session)
    resumed = view.pid != 0
    taken = session.caught_up("at resume") if resumed else None
    started: list[Event] = [
        kinds.RunStarted(os.getpid(), __version__, resumed, model_name, limits, orphans, torn=project.log.torn),
        chosen_event(chosen),
        *([taken] if taken else []),
    ]
    journal.write(*started)
    if moves := await _unblocked(session):
        journal.write(*moves)
    return session


async def _unblocked(session: Session) -> list[Event]:
    """Resuming is a human's word: what was blocked is taken up again, unless it waits for a review.

    What was accepted goes on from its gates, what was rejected goes back to the agent, with the reason.
    """
    moves: list[Event] = []
    for seen in session.view.milestones.values():
        if seen.state != State.BLOCKED:
            continue
        mine = [item for item in session.view.review.values() if item.milestone == seen.id and item.topic == MANUAL]
        if seen.reason.startswith(DRIFTED) and await session.watch.look(session.milestone(seen.id)):
            continue
        if not seen.reason.startswith(WAITS):
            moves.append(session.move(seen.id, State.ACTIVE, "resumed by a human"))
        elif any(item.verdict == "reject" for item in mine):
            moves.append(session.move(seen.id, State.ACTIVE, "rejected by a human"))
        elif all(item.verdict == "accept" for item in mine):
            moves.append(session.move(seen.id, State.VERIFYING, "a human accepted it"))
    return moves


def _limits(before: Limits, now: Limits) -> Limits:
    """Limits given at a resume replace those that the run had."""
    return Limits(
        now.steps if now.steps is not None else before.steps,
        now.tokens if now.tokens is not None else before.tokens,
        now.cost if now.cost is not None else before.cost,
        now.wall if now.wall is not None else before.wall,
    )


def _meter(view: RunView, limits: Limits, clock: SystemClock) -> Meter:
    totals = view.totals
    return Meter("run", limits, clock, totals.answers, totals.tokens, totals.cost, view.worked // 1000)
