"""Anchors for one run, beside its work: it is never held up by them, and never fails by them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.events.event import EventError, Record
from waypost.ledger.keys import ANCHORS_FILE
from waypost.runs.project import Project
from waypost.runs.sealing import key_folder

if TYPE_CHECKING:
    from waypost.ledger.anchor_places import Places

AT_THE_END = 10.0
"""Seconds that a run's end waits for anchors, in all."""


@dataclass(slots=True)
class Anchoring:
    """Asks for one run, beside its work. What is missed is asked for again at the next seal."""

    project: Project
    _asking: asyncio.Task[list[Record]] | None = None

    def begin(self) -> bool:
        """Starts to ask about the newest checkpoint, if anybody is to be asked and no question is out already."""
        places = self._places()
        if places is None or (self._asking is not None and not self._asking.done()):
            return False
        from waypost.runs.vouching import ask

        self._asking = asyncio.create_task(ask(self.project, places))
        return True

    async def finish(self) -> bool:
        """At a run's end: asks, and waits for the answers as long as a person would. Whether anybody was asked."""
        try:
            async with asyncio.timeout(AT_THE_END):
                await self._settled()
                has_asked = self.begin()
                await self._settled()
                return has_asked
        except TimeoutError:
            return True
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Gives up what is not answered yet."""
        if self._asking is not None:
            self._asking.cancel()
            await self._settled()
            self._asking = None

    async def _settled(self) -> None:
        """Waits for the answers. A log that can't be written is the run's own trouble, and told there."""
        if self._asking is None:
            return
        await asyncio.wait([self._asking])
        problem = None if self._asking.cancelled() else self._asking.exception()
        if problem is not None and not isinstance(problem, EventError):
            raise problem

    def _places(self) -> Places | None:
        """Who is asked; None, and nothing imported, where nobody is."""
        folder = key_folder(self.project)
        if not (folder / ANCHORS_FILE).exists():
            return None
        from waypost.events.anchoring import AnchorMissed
        from waypost.ledger.errors import BadPlace
        from waypost.runs.vouching import logged, places_of

        try:
            places = places_of(self.project)
        except BadPlace as problem:
            logged(self.project, AnchorMissed(0, "", str(folder), str(problem)))
            return None
        return places if places.asked() else None
