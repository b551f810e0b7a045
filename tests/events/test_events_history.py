"""Live history: what rewinds hide, and what undoing brings back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from waypost.events.history import last_live, live
from waypost.events.kinds import NoteTaken, RunRewound
from waypost.events.sqlite import SqliteLog


class Rewinding(RuleBasedStateMachine):
    """A log with rewinds against plain lists: the live history is what a stack of copies says it is."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.log = SqliteLog(Path(self.folder.name) / "state.db")
        self.log._database.execute("PRAGMA synchronous = OFF")
        self.epoch = self.log.claim("r")
        self.live: list[int] = []
        self.was: dict[int, list[int]] = {0: []}

    def _add(self, event, base: list[int]) -> None:
        record = self.log.append("r", self.epoch, [event])[0]
        self.live = [*base, record.seq]
        self.was[record.seq] = self.live

    @rule()
    def something_happens(self) -> None:
        self._add(NoteTaken("M01", "x"), self.live)

    @rule()
    def something_happens_in_another_run(self) -> None:
        record = self.log.append("other", None, [NoteTaken("M01", "x")])[0]
        self.was[record.seq] = self.live

    @precondition(lambda self: len(self.was) > 1)
    @rule(choice=st.data())
    def rewind_to_any_position(self, choice) -> None:
        to = choice.draw(st.sampled_from(sorted(self.was)))
        self._add(RunRewound(to, 1, 1, "tree"), self.was[to])

    @invariant()
    def the_live_history_is_the_model(self) -> None:
        assert [record.seq for record in live(self.log, "r")] == self.live
        newest = last_live(self.log, "r", (NoteTaken.kind, RunRewound.kind))
        assert (newest.seq if newest else None) == (self.live[-1] if self.live else None)

    def teardown(self) -> None:
        self.log.close()
        self.folder.cleanup()


TestRewinding = pytest.mark.slow(Rewinding.TestCase)
TestRewinding.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
