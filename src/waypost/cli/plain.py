"""What happens, as plain lines: where standard output is not a terminal, and in `waypost log`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waypost.cli.jsonlines import write_line
from waypost.cli.words import amount, clock, count, duration, measured, money, one_line
from waypost.events import kinds
from waypost.events.event import Event, Record

if TYPE_CHECKING:
    from waypost.wires.conversation import Delta

QUIET = frozenset(
    {kinds.ModelRequested.kind, kinds.ToolEnded.kind, kinds.GateStarted.kind, kinds.MilestonePlanned.kind}
)
"""Kinds whose counterpart says it all while one watches a run: they stand in the log all the same."""


class PlainLines:
    """An observer that prints a line for each event that matters."""

    def on_record(self, record: Record) -> None:
        """Prints the event unless its counterpart says it all."""
        is_trouble = isinstance(record.event, kinds.ToolEnded) and record.event.outcome != "done"
        is_said_twice = isinstance(record.event, kinds.ToolCalled) and record.event.tool in {"decide", "note", "ask"}
        if (record.event.kind not in QUIET and not is_said_twice) or is_trouble:
            write_line(f"{clock(record.at)}  {describe(record.event)}")

    def on_delta(self, delta: Delta) -> None:
        """Says nothing: words come whole."""


def log_line(record: Record) -> str:
    """A line of `waypost log`: position, time, kind, what happened."""
    who = "" if record.actor == "runtime" else f" [{one_line(record.actor, 24)}]"
    return f"{record.seq:>7}  {clock(record.at)}  {record.event.kind:<24}{who}  {describe(record.event)}".rstrip()


def describe(item: Event) -> str:
    """The event in a few words, on one line and with nothing in it that could move a terminal."""
    describer = _DESCRIBERS.get(type(item))
    words = describer(item) if describer is not None else item.kind
    milestone = getattr(item, "milestone", "")
    is_led = milestone and not words.startswith(milestone)
    return one_line(f"{milestone} {words}" if is_led else words, 400)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _responded(item: kinds.ModelResponded) -> str:
    spent = item.spent
    price = "" if spent.cost is None else f", {money(spent.cost)}"
    cached = f" ({amount(spent.cached)} cached)" if spent.cached else ""
    return (
        f"step {item.ordinal}: {amount(spent.input)} tokens in{cached}, {amount(spent.output)} out{price}, "
        f"{duration(item.took)}"
    )


PURPOSES = {"baseline": " before the work", "regression": " again", "end": " in a clean clone"}


def _gate(item: kinds.GateEnded) -> str:
    tests = "" if item.tests is None else f", {count(item.tests, 'test')}"
    failed = f", {item.failed} failed" if item.failed else ""
    when = PURPOSES.get(item.purpose, "")
    return f"gate {item.gate}{when}: {item.verdict}{_because(item.reason)} ({duration(item.took)}{tests}{failed})"


def _sandbox(item: kinds.SandboxChosen) -> str:
    if item.level == "none":
        return "NO SANDBOX: commands run with all your rights"
    return f"sandbox: {item.level}" + (f"; not held: {', '.join(item.open)}" if item.open else "")


def checkpoint_files(item: kinds.Checkpointed) -> str:
    """The first of the files that a checkpoint changed, and how many more there are."""
    files = ", ".join(change.path for change in item.changes[:3])
    more = f" and {item.changed - 3} more" if item.changed > 3 else ""
    return files + more


def _checkpoint(item: kinds.Checkpointed) -> str:
    files = checkpoint_files(item)
    return f"checkpoint {item.number}: {count(item.changed, 'file')} changed" + (f" ({files})" if files else "")


def _decision(item: kinds.DecisionRecorded) -> str:
    rejected = f"; rejected: {', '.join(option for option, _ in item.rejected)}" if item.rejected else ""
    return f"decision: {item.title}: {item.decision}{rejected}"


def _started(item: kinds.RunStarted) -> str:
    orphans = f"; ended left-over processes: {', '.join(item.ended_orphans)}" if item.ended_orphans else ""
    torn = "; an append that was torn off was taken back" if item.torn else ""
    return f"{'resumed' if item.resumed else 'started'} (process {item.pid}, waypost {item.version}){orphans}{torn}"


def _opened(item: kinds.RunOpened) -> str:
    notices = "".join(f"; {notice}" for notice in item.notices)
    return f"{item.title}: branch {item.branch}, model {item.model}{notices}"


_DESCRIBERS: dict[type[Event], Callable[[Any], str]] = {
    kinds.DocumentsApproved: lambda e: f"documents in {e.folder} approved by {e.by or 'someone'}",
    kinds.RunOpened: _opened,
    kinds.RunStarted: _started,
    kinds.RunEnded: lambda e: f"{e.outcome}{_because(e.reason)}",
    kinds.RunRewound: lambda e: f"rewound to checkpoint {e.checkpoint} (position {e.to})",
    kinds.MilestonePlanned: lambda e: f"{e.milestone} planned: {e.title}",
    kinds.MilestoneMoved: lambda e: f"{e.milestone} is {e.state}{_because(e.reason)}",
    kinds.MilestoneCommitted: lambda e: f"committed as {e.commit[:12]}",
    kinds.AttemptOpened: lambda e: f"attempt {e.attempt} opened",
    kinds.AttemptClosed: lambda e: f"attempt {e.attempt} closed: {e.outcome}",
    kinds.ModelRequested: lambda e: (
        f"request {e.ordinal}: {count(e.messages, 'message')}, about {amount(e.estimate)} tokens"
    ),
    kinds.ModelResponded: _responded,
    kinds.ModelFailed: lambda e: f"model: {e.reason}; try {e.attempt}, again in {duration(e.wait)}",
    kinds.ToolCalled: lambda e: f"{e.tool}: {e.about}" if e.about else e.tool,
    kinds.ToolEnded: lambda e: f"{e.tool} {e.outcome} ({duration(e.took)})",
    kinds.NoteTold: lambda e: f"told the model{_because(e.topic)}",
    kinds.ContextFolded: lambda e: f"folded {amount(e.before)} to {amount(e.after)} tokens ({e.why})",
    kinds.Checkpointed: _checkpoint,
    kinds.GateStarted: lambda e: f"gate {e.gate} runs: {e.command}",
    kinds.GateEnded: _gate,
    kinds.SandboxChosen: _sandbox,
    kinds.EnvironmentCaptured: lambda e: f"environment {e.digest[:12]} captured{_because(e.reason)}",
    kinds.EnvironmentDrifted: lambda e: f"the environment drifted: {'; '.join(e.lines)}",
    kinds.AnchorMissed: lambda e: f"nobody vouches for {count(e.size, 'event')} at {e.place}{_because(e.reason)}",
    kinds.CheckpointCosigned: lambda e: f"{count(e.size, 'event')} cosigned by {e.witness}",
    kinds.CheckpointStamped: lambda e: f"{count(e.size, 'event')} time-stamped by {e.authority}",
    kinds.NetworkAsked: lambda e: f"network: {e.host}:{e.port} {e.verdict}{_because(e.reason)}",
    kinds.DecisionRecorded: _decision,
    kinds.NoteTaken: lambda e: f"note: {e.text}",
    kinds.ReviewQueued: lambda e: f"for review, {e.item}: {e.text}",
    kinds.ReviewDecided: lambda e: f"review of {e.item}: {e.verdict}{_because(e.text)}",
    kinds.HumanSteered: lambda e: f"{e.by or 'human'} says: {e.text}",
    kinds.HumanAsked: lambda e: f"{e.by or 'human'} asks: {e.wish}{_because(e.text)}",
    kinds.BudgetCrossed: lambda e: (
        f"budget crossed: {e.budget} of {e.scope}, {measured(e.budget, e.spent)} of {measured(e.budget, e.limit)}"
    ),
}
