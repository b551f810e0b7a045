"""Asking others to vouch for the newest checkpoint, beside a run's work: it is never held up, and never fails by it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from waypost.events.anchoring import AnchorMissed, CheckpointCosigned, CheckpointStamped
from waypost.events.blob import Blob
from waypost.events.event import Event, EventError, Record
from waypost.events.leaves import Sealed
from waypost.ledger.anchor_places import Authority, Places, load_places
from waypost.ledger.errors import BadPlace, LedgerError
from waypost.ledger.posting import Post, post
from waypost.ledger.stored import stored_hashes
from waypost.ledger.textual import to_base64
from waypost.ledger.timestamp import read_roots, stamped
from waypost.ledger.witness import Witness, cosigned
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import LEDGER, key_folder, project_key

AT_THE_END = 10.0
"""Seconds that a run's end waits for anchors, in all."""
WITNESS, AUTHORITY = "witness", "authority"


def places_of(project: Project) -> Places:
    """Who is asked about this project's checkpoints. Raises BadPlace."""
    return load_places(key_folder(project))


async def ask(project: Project, places: Places, post: Post = post) -> list[Record]:
    """Asks all of these at once about the newest checkpoint. What came of each is an event, and told here.

    Raises nothing for what they answer, or don't.
    """
    sealed = project.log.leaves.sealed()
    if sealed is None:
        return []
    asking: list[Coroutine[Any, Any, Record]] = []
    asking += [_ask_witness(project, sealed, one, post) for one in places.witnesses if one.asked]
    asking += [_ask_authority(project, sealed, one, post) for one in places.authorities if one.asked]
    return list(await asyncio.gather(*asking))


async def _ask_witness(project: Project, sealed: Sealed, witness: Witness, post: Post) -> Record:
    leaves = project.log.leaves
    try:
        known = _size_cosigned(project, witness.name)
        log, hashes = project_key(project).verifier, stored_hashes(leaves, sealed.size)
        note = await cosigned(witness, log, sealed.note, hashes, known, post)
    except (LedgerError, RunError) as problem:
        return _logged(project, AnchorMissed(sealed.size, WITNESS, witness.address, str(problem)))
    return _logged(project, CheckpointCosigned(sealed.size, witness.name, note.decode()))


async def _ask_authority(project: Project, sealed: Sealed, authority: Authority, post: Post) -> Record:
    try:
        response = await stamped(authority.address, sealed.note, read_roots(authority.roots), post)
    except LedgerError as problem:
        return _logged(project, AnchorMissed(sealed.size, AUTHORITY, authority.address, str(problem)))
    told = CheckpointStamped(sealed.size, authority.address, sealed.note.decode(), Blob.of(to_base64(response)))
    return _logged(project, told)


def _logged(project: Project, event: Event) -> Record:
    return project.log.append(LEDGER, None, [event])[0]


def _size_cosigned(project: Project, name: str) -> int:
    """The size that the witness cosigned last, as far as this log knows."""
    for record in project.log.read(LEDGER, kinds=(CheckpointCosigned.kind,), newest_first=True):
        if isinstance(record.event, CheckpointCosigned) and record.event.witness == name:
            return record.event.size
    return 0


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
        try:
            places = places_of(self.project)
        except BadPlace as problem:
            _logged(self.project, AnchorMissed(0, "", str(key_folder(self.project)), str(problem)))
            return None
        return places if places.asked() else None
