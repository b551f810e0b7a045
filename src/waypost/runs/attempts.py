"""Attempts: opened by a briefing, worked by the agent, closed by a checkpoint report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from waypost.agent.briefing import SYSTEM, Briefing, house_rules
from waypost.agent.budget import Meter
from waypost.agent.calls import Hands, expand
from waypost.agent.loop import Agent, Ended
from waypost.agent.tools.bench import Bench
from waypost.agent.tools.reads import ReadSet
from waypost.agent.tools.registry import specs
from waypost.context.fold import Budget, Known
from waypost.context.prompt import tools_text
from waypost.documents.model import GateKind, Milestone
from waypost.documents.record import Entry, GateRow, report_entry
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event
from waypost.events.history import last_live, live
from waypost.gates.select import gates_for
from waypost.models.asking import RetryPolicy
from waypost.models.prices import rates
from waypost.review.queue import next_question
from waypost.runs import fences
from waypost.runs.hearing import Ears
from waypost.runs.indexing import map_for
from waypost.runs.session import Session
from waypost.sandbox.walls import Walls
from waypost.wires.conversation import Request

CHARACTERS_A_TOKEN = 3
BRIEFING_SHARE = 0.25
KNOWLEDGE_SHARE = 0.1
STATUS_EVERY = 10
SHOWN_SHARE = 10


@dataclass(slots=True)
class Status:
    """The line that keeps milestone, gates and budget in the model's view; empty where nothing new is to be said."""

    session: Session
    meters: tuple[Meter, ...]
    milestone: str
    said: str = ""
    steps: int = field(default=0)

    def __call__(self) -> str:
        """The line for the step that ends now."""
        self.steps += 1
        seen = self.session.view.milestones[self.milestone]
        red = [gate.gate for gate in seen.gates.values() if gate.verdict == "red"]
        share, name = max(meter.share() for meter in self.meters)
        parts = [f"{self.milestone} {seen.state}"]
        if red:
            parts.append(f"red when last run: {', '.join(red)}")
        if name:
            parts.append(f"{share // 10 * 10} % of the {name} budget used")
        line = " · ".join(parts)
        if line == self.said and self.steps % STATUS_EVERY:
            return ""
        self.said = line
        return f"{line} · step {seen.steps}"


async def open_attempt(session: Session, milestone: Milestone, reason: str = "") -> list[Event]:
    """The events that open a fresh conversation on the milestone."""
    number = session.view.milestones[milestone.id].attempts + 1
    drawn = await map_for(session.index, milestone) if session.index else ""
    text = briefing(session, milestone, reason, drawn)
    return [kinds.AttemptOpened(milestone.id, number, Blob.of(SYSTEM), Blob.of(text), Blob.of(tools_text(specs())))]


def briefing(session: Session, milestone: Milestone, reason: str = "", drawn: str = "") -> str:
    """What the model is told first: target, plan, milestone, gates, what is known, the last report, the map drawn."""
    characters = int(session.window * BRIEFING_SHARE * CHARACTERS_A_TOKEN)
    documents = session.documents
    last = last_live(session.project.log, session.run, (kinds.AttemptClosed.kind,))
    report = session.project.log.text(last.event.report) if last and isinstance(last.event, kinds.AttemptClosed) else ""
    gates = [gate for gate in gates_for(documents.plan, milestone) if gate.kind is not GateKind.MANUAL]
    own = {gate.name for gate in milestone.gates}
    others = [f"- {gate.name}:\n```bash\n{gate.command}\n```" for gate in gates if gate.name not in own]
    plan = [
        f"- {m.id} {m.title}: " + ("you are here" if m.id == milestone.id else m.state)
        for m in session.view.milestones.values()
    ]
    return Briefing(
        run=session.run,
        milestone=f"{milestone.id} {milestone.title}",
        milestone_text="\n\n".join(part for part in (milestone.text.strip(), reason) if part),
        gates="\n".join(others),
        plan="\n".join(plan),
        target=documents.target.text,
        runbook=documents.document("runbook").raw.decode(errors="replace"),
        notes=documents.plan.notes,
        knowledge=session.knowledge.render(int(characters * KNOWLEDGE_SHARE)),
        last_report=report,
        house_rules=house_rules(session.worktree.place),
        map=drawn,
        environment=_environment(session),
        budget=_budget(milestone),
    ).render(characters)


def agent(session: Session, milestone: Milestone) -> Agent:
    """The agent for the milestone's open attempt."""
    reads = ReadSet()
    ears = Ears(session)
    meters = (session.meter, session.meter_for(milestone.id))
    protected, walls = protection(session, milestone), walls_of(session, milestone)
    expander = expand(session.journal)

    def bench(call: str) -> Bench:
        reads.step = session.conversation.steps
        return Bench(
            root=session.worktree.place,
            sandbox=session.sandbox,
            variables=session.variables_in(session.worktree.place),
            mark=lambda: f"{session.run}/{call}",
            shown=max(2000, int(session.window * CHARACTERS_A_TOKEN / SHOWN_SHARE)),
            expand=expander,
            protected=protected,
            reads=reads,
            walls=walls,
            index=session.index,
        )

    tools = specs()
    overhead = session.conversation.estimator.estimate_request(Request("", SYSTEM, tools, ()))
    window = Budget(session.window, overhead)
    return Agent(
        journal=session.journal,
        conversation=session.conversation,
        model=session.model,
        model_name=session.model_name,
        tools=tools,
        hands=Hands(
            session.journal,
            bench,
            milestone.id,
            Status(session, meters, milestone.id),
            lambda before: next_question(session.view.review, before),
        ),
        window=window,
        meters=meters,
        clock=session.clock,
        find_rates=lambda: rates(session.view.model),
        checkpoint=session.checkpoint,
        known=lambda: known(session, milestone, window),
        hear=lambda: ears.hear(milestone.id),
        on_delta=session.observer.on_delta,
        on_fold=reads.forget_all,
        milestone=milestone.id,
        ordinal=session.view.steps,
        policy=RetryPolicy(),
    )


def close_attempt(session: Session, milestone: Milestone, ended: Ended, next_step: str) -> kinds.AttemptClosed:
    """The checkpoint report: what stands, what the gates said, what comes next."""
    seen = session.view.milestones[milestone.id]
    since = last_live(session.project.log, session.run, (kinds.AttemptOpened.kind,))
    after = since.seq if since else 0
    changed = {
        change.path
        for record in live(session.project.log, session.run, (kinds.Checkpointed.kind,), after=after)
        if isinstance(record.event, kinds.Checkpointed)
        for change in record.event.changes
    }
    report = report_entry(
        Entry(
            milestone=milestone.id,
            title=milestone.title,
            state=f"{ended.outcome} (attempt {seen.attempts}, {seen.steps} steps)",
            gates=[GateRow(gate.gate, gate.words, gate.took / 1000, gate.reason) for gate in seen.gates.values()],
            changed=sorted(changed),
            decisions=[f"{d.title}: {d.decision}" for d in session.knowledge.decisions if d.milestone == milestone.id],
            problems=[item.text for item in session.view.waiting if item.milestone == milestone.id],
            next=next_step,
            output=ended.text,
        )
    )
    return kinds.AttemptClosed(milestone.id, seen.attempts, ended.outcome, Blob.of(report))


def attempt_is_open(session: Session, milestone: str) -> bool:
    """Whether the newest attempt is on this milestone and was not closed."""
    names = (kinds.AttemptOpened.kind, kinds.AttemptClosed.kind)
    last = last_live(session.project.log, session.run, names)
    return last is not None and isinstance(last.event, kinds.AttemptOpened) and last.event.milestone == milestone


def known(session: Session, milestone: Milestone, window: Budget) -> Known:
    """What a fold must keep: the run's knowledge, and what the newest red gates said."""
    characters = int(window.target * CHARACTERS_A_TOKEN * KNOWLEDGE_SHARE)
    seen = session.view.milestones[milestone.id]
    failures = []
    for gate in seen.gates.values():
        if gate.verdict == "red" and gate.seq:
            record = next(session.project.log.read(session.run, after=gate.seq - 1, until=gate.seq))
            if isinstance(record.event, kinds.GateEnded) and record.event.essence is not None:
                failures.append(f"{gate.gate}: {gate.reason}\n{session.project.log.text(record.event.essence)}")
    return Known(session.knowledge.render(characters), "\n\n".join(failures)[:characters])


def walls_of(session: Session, milestone: Milestone) -> Walls:
    """What the agent's commands may touch."""
    opened = session.view.opened
    assert opened is not None
    place, environment = session.worktree.place, session.environment
    return fences.agent_walls(
        session.project, place, session.documents, opened, milestone, environment, session.network
    )


def protection(session: Session, milestone: Milestone) -> Callable[[str], str | None]:
    """Tells of a path (relative to the worktree) why it may not be changed; None where it may."""
    opened = session.view.opened
    assert opened is not None
    return lambda path: fences.protection(session.documents, opened, milestone, path)


def _environment(session: Session) -> str:
    environment = session.documents.target.environment
    if not (environment.interpreter or environment.setup):
        return ""
    return "The runtime has built it; its commands come first on PATH, for you and for the gates."


def _budget(milestone: Milestone) -> str:
    budget = milestone.budget
    rows = (
        ("repairs", budget.repair),
        ("steps", budget.steps),
        ("tokens", budget.tokens),
        ("dollars", budget.cost),
        ("seconds", budget.wall),
        ("changed lines", budget.diff),
    )
    return ", ".join(f"{name} {value}" for name, value in rows if value is not None)
