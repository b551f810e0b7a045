"""Asking others to vouch for the newest checkpoint: what came of it is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from waypost.events.anchoring import AnchorMissed, CheckpointCosigned, CheckpointStamped
from waypost.events.blob import Blob
from waypost.events.event import Event, Record
from waypost.events.leaves import Sealed
from waypost.ledger.anchor_places import Authority, Places, load_places
from waypost.ledger.errors import LedgerError
from waypost.ledger.posting import Post, post
from waypost.ledger.stored import stored_hashes
from waypost.ledger.textual import to_base64
from waypost.ledger.timestamp import read_roots, stamped
from waypost.ledger.witness import Witness, cosigned
from waypost.runs.project import Project, RunError
from waypost.runs.sealing import LEDGER, key_folder, project_key

LONGEST_REASON = 500
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
        return logged(project, AnchorMissed(sealed.size, WITNESS, witness.address, _short(problem)))
    return logged(project, CheckpointCosigned(sealed.size, witness.name, note.decode()))


async def _ask_authority(project: Project, sealed: Sealed, authority: Authority, post: Post) -> Record:
    try:
        response = await stamped(authority.address, sealed.note, read_roots(authority.roots), post)
    except LedgerError as problem:
        return logged(project, AnchorMissed(sealed.size, AUTHORITY, authority.address, _short(problem)))
    told = CheckpointStamped(sealed.size, authority.address, sealed.note.decode(), Blob.of(to_base64(response)))
    return logged(project, told)


def logged(project: Project, event: Event) -> Record:
    """Appends an event about the log itself."""
    return project.log.append(LEDGER, None, [event])[0]


def _short(problem: Exception) -> str:
    """Others had a hand in these words."""
    text = str(problem)
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _size_cosigned(project: Project, name: str) -> int:
    """The size that the witness cosigned last, as far as this log knows."""
    for record in project.log.read(LEDGER, kinds=(CheckpointCosigned.kind,), newest_first=True):
        if isinstance(record.event, CheckpointCosigned) and record.event.witness == name:
            return record.event.size
    return 0
