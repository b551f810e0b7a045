"""An attempt's working set, folded from the log: between two folds it only ever grows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from waypost.context.prompt import NOWHERE, Segments, preamble, segment, tools_text
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Record
from waypost.models.codec import message_from_json, message_to_json, response_from_json
from waypost.models.estimate import Estimator
from waypost.wires.conversation import AssistantMessage, Message, Tool, ToolCall, ToolMessage, UserMessage

KINDS = (
    kinds.AttemptOpened.kind,
    kinds.ModelResponded.kind,
    kinds.ToolCalled.kind,
    kinds.ToolEnded.kind,
    kinds.NoteTold.kind,
    kinds.ContextFolded.kind,
)
NUDGE = "nudge"
CLAIMS = ("done", "blocked")


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in the working set. `line` tells in one line what it was, once it is folded away."""

    message: Message
    tokens: int
    line: str = ""
    segment: kinds.PromptSegment = NOWHERE


@dataclass(slots=True)
class Conversation:
    """What the model sees, and what it would take to fold it.

    `entries[:fixed]` is the briefing and, after a fold, its summary; `digest` holds one line for each step that
    was folded away, oldest first, and `forgotten` counts those that even the digest has let go.
    """

    content: Callable[[Blob], bytes]
    estimator: Estimator
    system: str
    entries: list[Entry]
    opened: Record | None = None
    first: tuple[tuple[Tool, ...], kinds.PromptSegment] | None = None
    """The tools that were asked with last, and the segment that stands before all messages."""
    fixed: int = 0
    digest: tuple[str, ...] = ()
    forgotten: int = 0
    steps: int = 0
    began: Mapping[str, str] = field(default_factory=dict)
    """Calls of the last answer that were begun, each with what it is about."""
    plain: int = 0
    """Answers in a row that called nothing."""
    claim: str = ""
    """`done` or `blocked` once the model has said so, until it is told something."""
    claim_text: str = ""

    @classmethod
    def empty(cls, content: Callable[[Blob], bytes], estimator: Estimator) -> Conversation:
        """A conversation before its attempt was opened."""
        return cls(content, estimator, "", [])

    @property
    def messages(self) -> tuple[Message, ...]:
        """The working set's messages."""
        return tuple(entry.message for entry in self.entries)

    @property
    def tokens(self) -> int:
        """Estimated tokens of the messages, without system text and tools."""
        return sum(entry.tokens for entry in self.entries)

    def prompt(self, tools: tuple[Tool, ...]) -> Segments:
        """What a request with these tools holds: system text and tools, then the messages."""
        if self.first is None or self.first[0] is not tools:
            assert self.opened is not None, "an attempt was opened"
            self.first = (tools, preamble(self.opened, self.system, tools_text(tools)))
        return (self.first[1], *(entry.segment for entry in self.entries))

    @property
    def pending(self) -> tuple[ToolCall, ...]:
        """Calls of the last answer that have no result yet."""
        done: set[str] = set()
        for entry in reversed(self.entries):
            if isinstance(entry.message, ToolMessage):
                done.add(entry.message.call_id)
            elif isinstance(entry.message, AssistantMessage):
                return tuple(call for call in entry.message.calls if call.id not in done)
        return ()

    def extend(self, records: Iterable[Record]) -> None:
        """Takes in live records in order; kinds other than `KINDS` are passed over."""
        for record in records:
            self.apply(record)

    def apply(self, record: Record) -> None:
        """Takes in the next live event."""
        match record.event:
            case kinds.AttemptOpened() as opened:
                self._open(record, opened)
            case kinds.ModelResponded(purpose="step") as responded:
                self._respond(record, responded)
            case kinds.ToolCalled(call=call, about=about):
                self.began = {**self.began, call: about}
            case kinds.ToolEnded() as ended:
                self._end(record, ended)
            case kinds.NoteTold(text=text, topic=topic):
                self._add(record, UserMessage(self._text(text)))
                self.claim = ""
                self.plain = self.plain if topic == NUDGE else 0
            case kinds.ContextFolded(messages=folded):
                self._fold(record, folded)
            case _:
                pass

    def _open(self, record: Record, opened: kinds.AttemptOpened) -> None:
        self.opened, self.first = record, None
        self.system = self._text(opened.system)
        self.entries, self.digest, self.forgotten, self.steps = [], (), 0, 0
        self.plain, self.claim = 0, ""
        self._add(record, UserMessage(self._text(opened.briefing)))
        self.fixed = 1

    def _respond(self, record: Record, responded: kinds.ModelResponded) -> None:
        self.steps += 1
        self.began = {}
        message = response_from_json(json.loads(self.content(responded.answer))).message
        self.plain = 0 if message.calls else self.plain + 1
        self._add(record, message, " ".join(message.text.split())[:160])

    def _end(self, record: Record, ended: kinds.ToolEnded) -> None:
        shown = self._text(ended.shown)
        message = ToolMessage(ended.call, shown, ended.outcome != "done")
        facts = dict(ended.facts)
        if ended.tool in CLAIMS and ended.outcome == "done":
            self.claim, self.claim_text = ended.tool, str(facts.get("claim", ""))
        about = self.began.get(ended.call, "")
        exit_code = f" → exit {facts['exit']}" if "exit" in facts else ""
        size = ended.full.size if ended.full else len(shown)
        self._add(record, message, f"h{ended.called} {ended.tool} {about}{exit_code} ({size:,} characters)")

    def _fold(self, record: Record, folded: Blob) -> None:
        state = json.loads(self.content(folded))
        lines = state["lines"]
        self.entries = [
            Entry(message, self.estimator.estimate_message(message), line, segment(record, message, place))
            for place, (message, line) in enumerate(zip(map(message_from_json, state["messages"]), lines, strict=True))
        ]
        self.fixed, self.digest, self.forgotten = state["fixed"], tuple(state["digest"]), state["forgotten"]

    def _add(self, record: Record, message: Message, line: str = "") -> None:
        size = self.estimator.estimate_message(message)
        self.entries.append(Entry(message, size, line, segment(record, message)))

    def _text(self, blob: Blob) -> str:
        return self.content(blob).decode(errors="replace")


def folded_state(entries: Iterable[Entry], fixed: int, digest: tuple[str, ...], forgotten: int) -> Blob:
    """What a fold leaves behind, as it is kept in the log."""
    kept = list(entries)
    state = {
        "messages": [message_to_json(entry.message) for entry in kept],
        "lines": [entry.line for entry in kept],
        "fixed": fixed,
        "digest": list(digest),
        "forgotten": forgotten,
    }
    return Blob.of(json.dumps(state, ensure_ascii=False, separators=(",", ":")))
