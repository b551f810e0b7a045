"""From a run's log to a recording of its model, which `recorded:` plays back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from waypost.events import kinds
from waypost.events.history import live
from waypost.models.codec import response_from_json
from waypost.models.recorded import Header, RecordedAnswer, write_recording
from waypost.runs.project import Project, RunError
from waypost.runs.view import load_view

LOCAL = frozenset({"mailbox", "scripted", "recorded"})
"""Kinds whose models are named by a place on this machine, which is nobody else's business."""


def export(project: Project, run: str, path: Path, note: str) -> int:
    """Writes the run's live answers as a recording and tells how many they are.

    `note` is for people who play it. Raises RunError for a run that has no answer yet.
    """
    model = load_view(project.log, run).model
    kind, _, place = model.partition(":")
    is_local = kind.partition("(")[0] in LOCAL
    answers = [_without(place, kind, answer) if is_local else answer for answer in answers_of(project, run)]
    if not answers:
        raise RunError(f"run {run} has no answer of a model yet; there is nothing to record")
    write_recording(path, Header(kind if is_local else model, note), answers)
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


def _without(place: str, kind: str, answer: RecordedAnswer) -> RecordedAnswer:
    """The answer with its model's kind where it names the model's place."""
    if answer.response.model != place:
        return answer
    return replace(answer, response=replace(answer.response, model=kind))
