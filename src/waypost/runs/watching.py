"""Whether a run's environment is still the one that it was pinned to: looked at in time, and seldom twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.documents.model import Milestone
from waypost.environment.files import Mark
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.environment.pinfile import read_lock, write_lock
from waypost.runs import drift
from waypost.runs.desk import live_folder

if TYPE_CHECKING:
    from waypost.runs.session import Session


@dataclass(slots=True)
class Watch:
    """Looks for one session. The first look pins the environment, beside the agent's first steps."""

    session: Session
    _first: asyncio.Task[Fingerprint] | None = None
    _marks: dict[str, Mark | None] | None = None

    def start(self) -> None:
        """Begins to take the fingerprint: the first one reads the interpreter and all that is installed."""
        self._marks = dict(drift.manifest_marks(self.session.worktree.place))
        self._first = asyncio.create_task(asyncio.to_thread(self._taken))

    async def stop(self) -> None:
        """Waits for a first look that nobody asked for yet: the run must not end without a pin."""
        if self._first is None:
            return
        first, self._first = self._first, None
        with suppress(asyncio.CancelledError):
            found = await first
            if drift.load_pin(self.session.project.log, self.session.run) is None and self.session.view.current:
                self._judged(self.session.milestone(self.session.view.current), found)

    def is_pinned(self) -> bool:
        """Whether there is anything to compare with: else the first look may go on beside the agent."""
        has_pin = drift.load_pin(self.session.project.log, self.session.run) is not None
        return has_pin or self._before() is not None

    async def look(self, milestone: Milestone) -> str:
        """Why the milestone must stop: the difference to the pinned environment; empty where there is none."""
        if self._first is not None:
            first, self._first = self._first, None
            if reason := self._judged(milestone, await first):
                return reason
            # the first look may have been long ago; another one knows most hashes already
        return self._judged(milestone, await asyncio.to_thread(self._taken))

    def look_after_step(self, milestone: Milestone) -> str:
        """The same after a step, where the step touched a manifest or a lock file."""
        marks = dict(drift.manifest_marks(self.session.worktree.place))
        before, self._marks = self._marks, marks
        if before is None or before == marks or self._first is not None:
            return ""
        return self._judged(milestone, self._taken())

    def _taken(self) -> Fingerprint:
        session = self.session
        spec = drift.spec_of(session.documents.target.environment)
        return fingerprint(spec, session.worktree.place, session.environment)

    def _judged(self, milestone: Milestone, found: Fingerprint) -> str:
        session = self.session
        pin = drift.load_pin(session.project.log, session.run) or self._approved()
        looked = drift.look(
            pin,
            found,
            key=session.environment.key,
            milestone=milestone.id,
            scope=milestone.scope,
            review=session.view.review,
        )
        if looked.events:
            session.journal.write(*looked.events)
        if looked.drifted is None:
            session.fingerprint = found.digest
            self._keep(found)
        return looked.reason

    def _approved(self) -> drift.Pin | None:
        """The environment that lies beside the documents or was captured at their approval, made the pin."""
        pin = self._before()
        if pin is not None:
            self.session.journal.write(drift.capture(pin.fingerprint, pin.key, reason="approved with the documents"))
        return pin

    def _before(self) -> drift.Pin | None:
        found = read_lock(self._folder())
        if found is not None:
            return drift.Pin(found, self.session.environment.key)
        return drift.approved_pin(self.session.project, self.session.run)

    def _keep(self, found: Fingerprint) -> None:
        """Leaves the pin beside the live documents, for people and for the next run."""
        if self._folder().is_dir():
            write_lock(self._folder(), found)

    def _folder(self) -> Path:
        opened = self.session.view.opened
        assert opened is not None
        return live_folder(self.session.project, self.session.run, opened)
