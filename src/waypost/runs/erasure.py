"""Erasing contents from a project's log: which events hold a text, and what must not be erased under a run's feet."""

from __future__ import annotations

import json
from collections.abc import Sequence

from waypost.events.blob import Blob
from waypost.events.canonical import canonical
from waypost.events.erasing import Erasure
from waypost.events.event import blobs_of, to_payload
from waypost.events.log import MissingBlob
from waypost.events.sqlite import SqliteLog
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import LEDGER, seal


def holding(project: Project, text: str) -> list[int]:
    """The events whose payload or texts hold a text, also as JSON writes it. Raises RunError for an empty one."""
    if len(text.strip()) < 4:
        raise RunError("--containing: at least four characters, or far too much would be erased")
    needles = {text.encode(), json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    known: dict[str, bool] = {}
    found: list[int] = []
    for record in project.log.read():
        payload = canonical(to_payload(record.event))
        hit = any(needle in payload for needle in needles)
        for blob in blobs_of(record.event):
            if blob.sha256 not in known:
                known[blob.sha256] = _holds(project, blob, needles)
            hit = hit or known[blob.sha256]
        if hit:
            found.append(record.seq)
    return found


def _holds(project: Project, blob: Blob, needles: set[bytes]) -> bool:
    try:
        content = project.log.content(blob)
    except MissingBlob:
        return False
    return any(needle in content for needle in needles)


def erase(project: Project, events: Sequence[int], by: str, why: str) -> Erasure:
    """Erases the contents of events and signs what is left. Raises EventError, RunError."""
    if not isinstance(project.log, SqliteLog):
        raise RunError("only a log in SQLite can erase")
    seal(project)
    done = project.log.erase(events, LEDGER, by, why)
    seal(project)
    return done
