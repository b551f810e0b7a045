"""Events about a log's own checkpoints: who else vouches for one, or did not when asked."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events.blob import Blob
from waypost.events.event import Event, event


@event("checkpoint.cosigned")
@dataclass(frozen=True, slots=True)
class CheckpointCosigned(Event):
    """A witness saw the checkpoint over `size` events: `note` is it, signed by the log and by the witness alone.

    `witness` is the name and id of its key, `NAME+ID`.
    """

    size: int
    witness: str
    note: str


@event("checkpoint.stamped")
@dataclass(frozen=True, slots=True)
class CheckpointStamped(Event):
    """An authority stamped the checkpoint over `size` events: `note` is what was stamped, byte for byte.

    `response` is the authority's whole answer (RFC 3161, TimeStampResp) in Base64, `authority` its address.
    """

    size: int
    authority: str
    note: str
    response: Blob


@event("anchor.missed")
@dataclass(frozen=True, slots=True)
class AnchorMissed(Event):
    """A witness or an authority was asked about the checkpoint over `size` events, and nothing was had of it.

    `sort` is witness or authority, `place` its address. It is asked again at the next seal.
    """

    size: int
    sort: str
    place: str
    reason: str
