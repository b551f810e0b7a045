"""The plain fold: briefing, what is known, the current failure and the last steps stay; older results become handles.

It needs no model, always ends below its target, and can't be asked for twice in a row: what it leaves is smaller
than what sets it off by at least the steps that fit between target and trigger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.context.conversation import Conversation, Entry, folded_state
from waypost.events.kinds import ContextFolded
from waypost.models.estimate import Estimator
from waypost.wires.conversation import AssistantMessage, ToolMessage, UserMessage

TARGET_SHARE = 0.4
DIGEST_SHARE = 0.2
ANSWER_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens: `window` is all that the model may see; `overhead` is system text and tools."""

    window: int
    overhead: int

    @property
    def trigger(self) -> int:
        """Messages above this size are folded: room for the answer stays free."""
        return int(self.window * (1 - ANSWER_SHARE)) - self.overhead

    @property
    def target(self) -> int:
        """What a fold leaves at most."""
        return max(512, int(self.window * TARGET_SHARE) - self.overhead)


@dataclass(frozen=True, slots=True)
class Known:
    """What must survive a fold word for word, rendered: knowledge and the current failure."""

    knowledge: str = ""
    failure: str = ""


def fold(
    conversation: Conversation, budget: Budget, known: Known, milestone: str, why: str = "window"
) -> ContextFolded:
    """The event that rewrites the working set; applying it to the conversation carries it out."""
    estimator = conversation.estimator
    briefing = _shrunk(conversation.entries[0], budget.target // 2, estimator)
    steps = _steps(conversation.entries[conversation.fixed :])
    room = budget.target - briefing.tokens - int(budget.target * DIGEST_SHARE)
    room -= estimator.estimate(known.knowledge) + estimator.estimate(known.failure)
    kept = _newest_that_fit(steps, room, budget.trigger // 2, estimator)
    gone = steps[: len(steps) - len(kept)]
    lines = [*conversation.digest, *(line for step in gone for line in _digest(step))]
    digest, forgotten = _trimmed(lines, int(budget.target * DIGEST_SHARE), estimator)
    forgotten += conversation.forgotten
    summary_text = _summary(digest, forgotten, known)
    summary = Entry(UserMessage(summary_text), estimator.estimate(summary_text))
    entries = [briefing, summary, *(entry for step in kept for entry in step)]
    return ContextFolded(
        milestone=milestone,
        messages=folded_state(entries, 2, digest, forgotten),
        before=conversation.tokens,
        after=sum(entry.tokens for entry in entries),
        folded_steps=len(gone),
        kept_steps=len(kept),
        why=why,
    )


def _steps(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries cut where an answer begins: an answer, its results, and what the runtime said after it."""
    steps: list[list[Entry]] = []
    for entry in entries:
        if isinstance(entry.message, AssistantMessage) or not steps:
            steps.append([])
        steps[-1].append(entry)
    return steps


def _newest_that_fit(steps: list[list[Entry]], room: int, bearable: int, estimator: Estimator) -> list[list[Entry]]:
    """The last steps within the room; the very last one cut down if it must be, and only an unbearable one goes."""
    kept: list[list[Entry]] = []
    for step in reversed(steps):
        size = sum(entry.tokens for entry in step)
        if size > room:
            if not kept:
                share = max(200, room // max(1, len(step)))
                shorter = [_shrunk(entry, share, estimator) for entry in step]
                kept += [shorter] if sum(entry.tokens for entry in shorter) <= bearable else []
            break
        kept.append(step)
        room -= size
    return list(reversed(kept))


def _shrunk(entry: Entry, tokens: int, estimator: Estimator) -> Entry:
    """The entry with its text cut to about so many tokens, head and tail; calls are never cut."""
    message = entry.message
    if entry.tokens <= tokens or isinstance(message, AssistantMessage):
        return entry
    half = max(200, tokens * 3 // 2)
    if len(message.text) <= 2 * half:
        return entry
    where = f"; expand {entry.line.split()[0]}" if isinstance(message, ToolMessage) and entry.line else ""
    left_out = len(message.text) - 2 * half
    text = f"{message.text[:half]}\n[… {left_out:,} characters folded away{where} …]\n{message.text[-half:]}"
    shorter = replace(message, text=text)
    return Entry(shorter, estimator.estimate_message(shorter), entry.line)


def _digest(step: list[Entry]) -> list[str]:
    said = next((e.line for e in step if isinstance(e.message, AssistantMessage) and e.line), "")
    lines = [f"- “{said}”"] if said else []
    return lines + [f"- {entry.line}" for entry in step if isinstance(entry.message, ToolMessage)]


def _trimmed(lines: list[str], tokens: int, estimator: Estimator) -> tuple[tuple[str, ...], int]:
    """The newest lines within the tokens, and how many older ones were let go."""
    kept: list[str] = []
    for line in reversed(lines):
        tokens -= estimator.estimate(line) + 1
        if tokens < 0:
            break
        kept.append(line)
    return tuple(reversed(kept)), len(lines) - len(kept)


def _summary(digest: tuple[str, ...], forgotten: int, known: Known) -> str:
    parts = ["[Earlier steps were folded to keep your working set small. Nothing is lost: `expand` with a handle "
             "(h123) brings an output back; the files are as you left them.]"]  # fmt: skip
    if known.knowledge:
        parts.append(f"## What is known\n{known.knowledge}")
    if known.failure:
        parts.append(f"## The current failure\n{known.failure}")
    if digest:
        older = f"- … {forgotten:,} older lines\n" if forgotten else ""
        parts.append(f"## What you did (folded)\n{older}" + "\n".join(digest))
    return "\n\n".join(parts)
