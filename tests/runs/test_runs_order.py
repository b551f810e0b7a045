"""Over random histories in a real log: no milestone is entered before all that it depends on is green."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from waypost.events import kinds
from waypost.events.history import live
from waypost.events.sqlite import SqliteLog
from waypost.runs.states import ENDED, MOVES, IllegalMove, State, check_move, next_to_work_on
from waypost.runs.view import RunView, load_view

RUN = "order-0000"
NAMES = ("M01", "M02", "M03", "M04", "M05")


class Order(RuleBasedStateMachine):
    """The runtime works on what `next_to_work_on` names; verdicts, people, kills and rewinds come as they like."""

    @initialize(data=st.data())
    def plan(self, data: st.DataObject) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.log = SqliteLog(Path(self.folder.name) / "state.db", create=True)
        self.epoch = self.log.claim(RUN)
        self.depends = {
            name: tuple(sorted(data.draw(st.sets(st.sampled_from(NAMES[:at]))))) if at else ()
            for at, name in enumerate(NAMES)
        }
        self.log.append(RUN, self.epoch, [kinds.MilestonePlanned(n, n, self.depends[n]) for n in NAMES])

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
            self.folder.cleanup()

    @property
    def view(self) -> RunView:
        return load_view(self.log, RUN)

    def states(self) -> dict[str, State]:
        return {name: State(seen.state) for name, seen in self.view.milestones.items()}

    def move(self, name: str, after: State) -> bool:
        """As the runtime moves a milestone: refused where check_move refuses."""
        states = self.states()
        try:
            check_move(states[name], after, [states[other] for other in self.depends[name]])
        except IllegalMove:
            return False
        self.log.append(RUN, self.epoch, [kinds.MilestoneMoved(name, after, states[name])])
        return True

    def chosen(self) -> str | None:
        states = self.states()
        return next_to_work_on(NAMES, states, self.depends)

    @precondition(lambda self: hasattr(self, "log"))
    @rule(green=st.booleans(), broken=st.sets(st.sampled_from(NAMES)))
    def work(self, green: bool, broken: set[str]) -> None:
        """One turn of the runtime on the milestone that it chose; its verification may break others."""
        name = self.chosen()
        if name is None:
            return
        state = self.states()[name]
        assert all(self.states()[other] in ENDED for other in self.depends[name])
        if state is State.PLANNED:
            assert self.move(name, State.ACTIVE)
        elif state is State.REGRESSED:
            assert self.move(name, State.REPAIRING)
        elif state in {State.ACTIVE, State.REPAIRING, State.STALE}:
            assert self.move(name, State.VERIFYING)
        else:
            for other in broken - {name}:
                if self.states()[other] is State.PASSED:
                    assert self.move(other, State.REGRESSED)
            if not green:
                assert self.move(name, State.REPAIRING)
            elif not any(self.states()[other] is State.REGRESSED for other in broken):
                assert self.move(name, State.PASSED)

    @precondition(lambda self: hasattr(self, "log"))
    @rule(name=st.sampled_from(NAMES), data=st.data())
    def anything(self, name: str, data: st.DataObject) -> None:
        """Somebody tries any move at all, as a person or a mistake would; all but legal ones are refused."""
        after = data.draw(st.sampled_from(list(State)))
        before = self.states()[name]
        assert not self.move(name, after) or after in MOVES[before]

    @precondition(lambda self: hasattr(self, "log"))
    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        to = data.draw(st.integers(len(NAMES), self.log.position))
        self.log.append(RUN, self.epoch, [kinds.RunRewound(to, 1, self.log.position, "")])

    @precondition(lambda self: hasattr(self, "log"))
    @rule()
    def killed_and_taken_up(self) -> None:
        self.epoch = self.log.claim(RUN)

    @invariant()
    def whoever_was_entered_found_all_that_it_depends_on_ended(self) -> None:
        if not hasattr(self, "log"):
            return
        states = dict.fromkeys(NAMES, State.PLANNED)
        for record in live(self.log, RUN, (kinds.MilestoneMoved.kind,)):
            moved = record.event
            assert isinstance(moved, kinds.MilestoneMoved)
            if moved.state == State.ACTIVE and moved.before == State.PLANNED:
                assert all(states[other] in ENDED for other in self.depends[moved.milestone]), record.seq
            states[moved.milestone] = State(moved.state)


TestOrder = pytest.mark.slow(Order.TestCase)
TestOrder.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
