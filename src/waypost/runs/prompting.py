"""Was what a run's model was sent what the log holds: every prompt made again from its events, segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from waypost.context.conversation import KINDS, Conversation
from waypost.context.prompt import Segments, digest_of, preamble
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live_spans
from waypost.models.estimate import Estimator
from waypost.runs.project import Project, RunError

_READ = (*KINDS, kinds.ModelRequested.kind, kinds.RunRewound.kind)
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Prompts:
    """What came of it; the lists hold positions of requests.

    `untold` were recorded before prompts were listed, or can't be made again as a text of theirs is erased.
    """

    run: str
    alike: int = 0
    unlike: list[int] = field(default_factory=list)
    other_tools: list[int] = field(default_factory=list)
    """Alike but for system text or tools: the run was gone on with by another version of Waypost."""
    untold: list[int] = field(default_factory=list)


def check_prompts(project: Project, run: str, progress: Progress | None = None) -> Prompts:
    """Makes every prompt of the run again, those that rewinds have hidden as well. Raises RunError for no such run."""
    if run not in project.log.runs():
        raise RunError(f"no run {run} in the log")
    found, sent, erased = Prompts(run), Segments(), set[int]()
    position = project.log.position
    for conversation, record in _followed(project, run):
        if not record.salt:
            erased.add(record.seq)
        if not isinstance(record.event, kinds.ModelRequested):
            continue
        sent = (*sent[: record.event.kept], *record.event.segments)
        _compare(found, record, sent, _made(project, conversation), erased)
        if progress is not None:
            progress(record.seq, position)
    return found


def _compare(found: Prompts, record: Record, sent: Segments, made: Segments, erased: set[int]) -> None:
    asked = record.event
    assert isinstance(asked, kinds.ModelRequested)
    other = [place for place, pair in enumerate(zip(made, sent, strict=False)) if pair[0] != pair[1]]
    if not asked.segments:
        found.untold.append(record.seq)
    elif digest_of(sent) != asked.digest or len(made) != len(sent):
        found.unlike.append(record.seq)
    elif not other:
        found.alike += 1
    elif all(sent[place].event == made[place].event in erased for place in other):
        found.untold.append(record.seq)
    elif other == [0]:
        found.other_tools.append(record.seq)
    else:
        found.unlike.append(record.seq)


def _made(project: Project, conversation: Conversation) -> Segments:
    opened = conversation.opened
    if opened is None or not isinstance(opened.event, kinds.AttemptOpened):
        return ()
    tools = project.log.text(opened.event.tools) if opened.event.tools else ""
    first = preamble(opened, conversation.system, tools)
    return (first, *(entry.segment for entry in conversation.entries))


def _followed(project: Project, run: str) -> Iterator[tuple[Conversation, Record]]:
    """Each record with the conversation as it was before it."""
    conversation = Conversation.empty(project.log.content, Estimator())
    for record in project.log.read(run, kinds=_READ):
        yield conversation, record
        if isinstance(record.event, kinds.RunRewound):
            conversation = Conversation.empty(project.log.content, Estimator())
            for span in live_spans(project.log, run, record.seq):
                conversation.extend(project.log.read(run, after=span.first - 1, until=span.last, kinds=KINDS))
        else:
            conversation.apply(record)
