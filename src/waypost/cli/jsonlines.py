"""The event stream as JSON, one event a line: the same on `run --json` and `log --json`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from waypost.cli.words import moment
from waypost.events.blob import Blob

if TYPE_CHECKING:
    from waypost.events.event import Record
    from waypost.events.log import Log
    from waypost.wires.conversation import Delta

INLINE = 2048
"""Stored texts up to this many bytes are shown in place; longer ones as their hash and size."""


def as_json(record: Record, log: Log) -> dict[str, Any]:
    """The event with its frame first, then every field of its payload."""
    frame = {
        "seq": record.seq,
        "run": record.run,
        "at": moment(record.at),
        "kind": record.event.kind,
        "actor": record.actor,
    }
    return {**frame, **_plain(record.event, log)}


def line(record: Record, log: Log) -> str:
    """One line of ASCII, so that neither a terminal nor a locale can change what it says."""
    return json.dumps(as_json(record, log), separators=(",", ":"))


def _plain(value: Any, log: Log) -> Any:
    if isinstance(value, Blob):
        return log.text(value) if value.size <= INLINE else {"sha256": value.sha256, "size": value.size}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), log) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(inner, log) for inner in value]
    return value


def write_line(text: str) -> None:
    """Writes a line at once. A reader that went away is no reason to end a run: the rest goes nowhere."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class JsonLines:
    """An observer that prints every event."""

    def __init__(self, log: Log) -> None:
        """Texts that events refer to are read from this log."""
        self._log = log

    def on_record(self, record: Record) -> None:
        """Prints the event."""
        write_line(line(record, self._log))

    def on_delta(self, delta: Delta) -> None:
        """Says nothing: the whole answer comes with its event."""
