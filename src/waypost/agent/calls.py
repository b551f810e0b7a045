"""Carrying out the calls of an answer: intent first, changes one after another, reads side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from waypost.agent.tools.bench import Bench, OfferedTool
from waypost.agent.tools.registry import parse_arguments, tool_named
from waypost.agent.tools.result import Asked, Blocked, Decided, Done, Noted, Result, Signal
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event
from waypost.events.journal import Journal
from waypost.review.queue import QUESTION
from waypost.wires.conversation import ToolCall

ABOUT = 80
UNKNOWN = """\
Outcome unknown: the runtime was interrupted while this call ran, so it may have run not at all, in part or to its \
end. Its processes were ended. Observed since the last checkpoint: {observed}. Look at the state and, if it is needed, \
make the call again."""


@dataclass(slots=True)
class Carried:
    """What an answer's calls came to."""

    changes_tree: bool = False
    errors: int = 0
    outputs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Planned:
    call: ToolCall
    tool: OfferedTool | None
    arguments: dict[str, Any]
    refusal: str = ""

    @property
    def about(self) -> str:
        """The call in a few words: its first text, and the numbers beside it."""
        first = next((value for value in self.arguments.values() if isinstance(value, str)), "")
        numbers = [str(value) for value in self.arguments.values() if type(value) is int]
        return " ".join([*first.split(), *(["-".join(numbers)] if numbers else [])])[:ABOUT]


@dataclass(slots=True)
class Hands:
    """Carries out calls for one attempt."""

    journal: Journal
    bench: Callable[[str], Bench]
    """The bench for a call, given the call's id."""
    milestone: str
    status: Callable[[], str]
    next_question: Callable[[int], str]
    """A name for a question, given how many are asked in the same breath before it."""

    async def carry_out(self, calls: Sequence[ToolCall], ordinal: int, first: Sequence[Event] = ()) -> Carried:
        """Runs the calls in order; `first` are events that go into the log together with the first intent."""
        carried = Carried()
        planned = [_plan(call) for call in calls]
        before: list[Event] = list(first)
        for batch in _batches(planned):
            intents = [
                kinds.ToolCalled(self.milestone, item.call.id, item.call.name, ordinal, item.about)
                for item in batch
                if item.tool is not None
            ]
            records = self.journal.write(*before, *intents) if before or intents else []
            before = []
            positions = {r.event.call: r.seq for r in records if isinstance(r.event, kinds.ToolCalled)}
            ended = await asyncio.gather(*(self._run(item, positions.get(item.call.id, 0), carried) for item in batch))
            signals = self._knowledge([signal for _, signal in ended])
            results = self._with_status([result for result, _ in ended], is_last=batch[-1] is planned[-1])
            self.journal.write(*results, *signals)
        if before:
            self.journal.write(*before)
        return carried

    def interrupted(self, pending: Sequence[ToolCall], began: Mapping[str, str], observed: str) -> list[ToolCall]:
        """Gives calls that a killed process had begun their unknown outcome; returns those that can simply be made.

        Those are calls that never began, and calls that change nothing outside of the log.
        """
        told = [call for call in pending if call.id in began and _has_effects(call)]
        if told:
            text = UNKNOWN.format(observed=observed)
            self.journal.write(
                *(kinds.ToolEnded(self.milestone, call.id, call.name, "unknown", Blob.of(text)) for call in told)
            )
        return [call for call in pending if call not in told]

    async def _run(self, item: _Planned, called: int, carried: Carried) -> tuple[kinds.ToolEnded, Signal | None]:
        if item.tool is None:
            carried.errors += 1
            name = item.call.name
            return kinds.ToolEnded(self.milestone, item.call.id, name, "error", Blob.of(item.refusal)), None
        started = time.monotonic_ns()
        carried.changes_tree |= item.tool.changes_tree
        bench = self.bench(item.call.id)
        result = await item.tool.run(item.arguments, bench)
        took = (time.monotonic_ns() - started) // 1_000_000
        carried.errors += result.is_error
        carried.outputs.append(result.text)
        return self._ended(item, called, result, took), result.signal

    def _knowledge(self, signals: Sequence[Signal | None]) -> list[Event]:
        """What calls want remembered, as events."""
        events: list[Event] = []
        asked = 0
        for signal in signals:
            match signal:
                case Decided(title=title, decision=decision, because=because, rejected=rejected):
                    pairs = tuple((other.option, other.because) for other in rejected)
                    events.append(kinds.DecisionRecorded(self.milestone, title, decision, because, pairs))
                case Noted(text=text):
                    events.append(kinds.NoteTaken(self.milestone, text))
                case Asked(question=question):
                    events.append(kinds.ReviewQueued(self.milestone, self.next_question(asked), QUESTION, question))
                    asked += 1
                case _:
                    continue
        return events

    def _ended(self, item: _Planned, called: int, result: Result, took: int) -> kinds.ToolEnded:
        facts = {name: value for name, value in result.facts.items() if name != "seconds" and _says_something(value)}
        match result.signal:
            case Done(summary=claim) | Blocked(reason=claim):
                facts["claim"] = claim
            case _:
                pass
        return kinds.ToolEnded(
            self.milestone,
            item.call.id,
            item.call.name,
            "error" if result.is_error else "done",
            Blob.of(result.naming(f"h{called}")),
            called,
            Blob.of(result.full) if result.full is not None else None,
            took,
            tuple((name, _plain(value)) for name, value in facts.items()),
        )

    def _with_status(self, ended: Sequence[kinds.ToolEnded], *, is_last: bool) -> list[kinds.ToolEnded]:
        """The last result of a step carries the status line: the model's view of gates and budget, for a few tokens."""
        line = self.status() if is_last else ""
        if not line:
            return list(ended)
        last = ended[-1]
        content = last.shown.content or b""
        shown = Blob.of(content + f"\n[{line}]".encode())
        return [*ended[:-1], replace(last, shown=shown)]


def _says_something(value: object) -> bool:
    """Whether a fact is worth its bytes in the log; an exit code of 0 is."""
    return value is not None and value is not False and value not in ("", "[]", (), [])


def _has_effects(call: ToolCall) -> bool:
    tool = tool_named(call.name)
    return tool is not None and tool.changes_tree


def _plan(call: ToolCall) -> _Planned:
    tool = tool_named(call.name)
    parsed = parse_arguments(call.name, call.arguments)
    if tool is None or isinstance(parsed, str):
        return _Planned(call, None, {}, str(parsed))
    return _Planned(call, tool, parsed)


def _batches(planned: Sequence[_Planned]) -> Iterator[list[_Planned]]:
    """Neighbouring calls that change nothing go together; every other call goes alone."""
    batch: list[_Planned] = []
    for item in planned:
        if item.tool is not None and item.tool.changes_tree:
            if batch:
                yield batch
            yield [item]
            batch = []
        else:
            batch.append(item)
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    """A fact as the log takes it: no floats."""
    if isinstance(value, float):
        return round(value)
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def expand(journal: Journal) -> Callable[[str], Awaitable[str | None]]:
    """Looks up a handle (h123: a call's position in the log) and gives its whole output; None if there is none."""

    async def look_up(handle: str) -> str | None:
        number = handle.strip().strip("[]").removeprefix("h")
        if not number.isascii() or not number.isdigit():
            return None
        found = next(journal.log.read(journal.run, after=int(number) - 1, until=int(number)), None)
        if found is None or not isinstance(found.event, kinds.ToolCalled):
            return None
        for record in journal.log.read(journal.run, after=found.seq, kinds=(kinds.ToolEnded.kind,)):
            if isinstance(record.event, kinds.ToolEnded) and record.event.called == found.seq:
                return journal.log.text(record.event.full or record.event.shown)
        return None

    return look_up
