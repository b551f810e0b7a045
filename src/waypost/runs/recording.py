"""From a run's log to a recording of its model, which `recorded:` plays back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from waypost.events import kinds
from waypost.events.history import live
from waypost.models.codec import response_from_json
from waypost.models.recorded import Header, RecordedAnswer, write_recording
from waypost.runs.project import Project, RunError
from waypost.runs.view import load_view


def export(project: Project, run: str, path: Path, note: str) -> int:
    """Writes the run's live answers as a recording and tells how many they are.

    `note` is for people who play it. Raises RunError for a run that has no answer yet.
    """
    answers = list(answers_of(project, run))
    if not answers:
        raise RunError(f"run {run} has no answer of a model yet; there is nothing to record")
    model = load_view(project.log, run).model
    # where a mailbox or a script lay is nobody's business
    name = model.partition(":")[0] if model.startswith(("mailbox:", "scripted:", "recorded:")) else model
    write_recording(path, Header(name, note), answers)
    return len(answers)


def answers_of(project: Project, run: str) -> Iterator[RecordedAnswer]:
    """The run's live answers in order, each with the request that it answered."""
    asked: kinds.ModelRequested | None = None
    for record in live(project.log, run, (kinds.ModelRequested.kind, kinds.ModelResponded.kind)):
        if isinstance(record.event, kinds.ModelRequested):
            asked = record.event
        elif isinstance(record.event, kinds.ModelResponded) and asked is not None:
            response = response_from_json(json.loads(project.log.text(record.event.answer)))
            yield RecordedAnswer(record.event.ordinal, asked.digest, asked.messages, response)
