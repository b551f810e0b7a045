"""Records the demo anew: `python -m waypost.demo.record MAILBOX`, and somebody answers what lands in MAILBOX."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from waypost.demo.stage import RECORDING, prepare
from waypost.events.event import Record
from waypost.runs.recording import export
from waypost.runs.supervisor import work
from waypost.wires.conversation import Delta


class Kinds:
    """An observer that tells the kinds of what happens."""

    def on_record(self, record: Record) -> None:
        """Writes position and kind."""
        say(f"{record.seq} {record.event.kind}")

    def on_delta(self, delta: Delta) -> None:
        """Says nothing."""


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Plays the demo with a mailbox as its model, and writes the recording if the run gets complete."""
    parser = argparse.ArgumentParser(prog="python -m waypost.demo.record", description=__doc__)
    parser.add_argument("mailbox", type=Path, help="the folder in which requests appear and answers are awaited")
    parser.add_argument("--at", type=Path, default=None, help="where the demo is played")
    parser.add_argument("-o", "--output", type=Path, default=RECORDING, help="the recording to write")
    given = parser.parse_args()
    stage = prepare(given.at, f"mailbox:{given.mailbox.absolute()}", say)
    ended = asyncio.run(work(stage.project, stage.run, stage.settings, Kinds()))
    say(f"{stage.run} is {ended.outcome} {ended.reason}")
    if ended.outcome != "complete":
        return 1
    count = export(stage.project, stage.run, given.output, f"{datetime.now(UTC):%Y-%m-%d}, answered through mailbox:")
    say(f"{given.output}: {count} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
