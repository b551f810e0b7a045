"""The program that serves an index to one runtime: a question a line, an answer a line, both JSON.

`[number, question, arguments]` comes in; `[number, {"answer": …}]` or `[number, {"problem": …}]` goes out, and
`[0, [done, wanted]]` while an update is under way. It ends with its input, or with who started it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from waypost.index.asking import Asker
from waypost.index.index import Index
from waypost.index.service import answers

TOLD_EVERY = 0.2
"""Seconds between two words on how far an update is."""


class Teller:
    """Writes lines, and ends the process when nobody is there to read them."""

    def __init__(self) -> None:
        self._parent, self._last = os.getppid(), 0.0

    def say(self, number: int, told: Any) -> None:
        """One line out."""
        try:
            sys.stdout.write(json.dumps([number, told], separators=(",", ":")) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os._exit(0)

    def progress(self, done: int, wanted: int) -> None:
        """How far the update is."""
        if os.getppid() != self._parent:
            os._exit(0)
        if time.monotonic() - self._last > TOLD_EVERY:
            self._last = time.monotonic()
            self.say(0, [done, wanted])


def main() -> None:
    """Serves until the input ends. Arguments: the root, the index's file, the file of a like index or nothing."""
    root, place, seed = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    teller = Teller()
    if seed and Path(seed).is_file() and not place.exists():
        _begin_as(Path(seed), place)
    with Index.open(root, place) as index:
        asker = Asker(index)

        def respond(question: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return asker.ask(question, arguments, teller.progress)

        for line in sys.stdin.buffer:
            teller.say(*answers(respond, line))


def _begin_as(seed: Path, place: Path) -> None:
    """Copies another tree's index: most files are alike, and what is not is found by the first update."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        shutil.copyfile(seed, half)
        half.replace(place)
