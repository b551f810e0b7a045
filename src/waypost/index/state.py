"""What an answer says of the index that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from waypost.index import merkle
from waypost.index.rows import Storage
from waypost.index.writing import counts

Status = Literal["complete", "partial", "timed-out"]


@dataclass(frozen=True, slots=True)
class State:
    """The index as it is: `root` names its content; `coverage` is the part of the wanted files that is in it.

    `unparsed` files are found by windows only: no grammar reads them. `left_out` counts files by reason. `notes`
    say what a reader of the answer has to know, such as that a damaged index was made anew.
    """

    root: str
    files: int
    coverage: float
    unparsed: int
    status: Status
    lines: int = 0
    chunks: int = 0
    symbols: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    parsing: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def with_status(self, status: Status, *notes: str) -> State:
        """The same state told with a weaker status; a partial one stays partial."""
        weaker = status if self.status == "complete" or status == "timed-out" else self.status
        return replace(self, status=weaker, notes=(*self.notes, *notes))

    def as_json(self) -> dict[str, Any]:
        """The `index` part of every answer."""
        told: dict[str, Any] = {
            "root": self.root,
            "files": self.files,
            "coverage": round(self.coverage, 4),
            "unparsed": self.unparsed,
            "status": self.status,
        }
        return {**told, "notes": list(self.notes)} if self.notes else told


def state_of(store: Storage, notes: tuple[str, ...] = ()) -> State:
    """What the store says of itself."""
    known = counts(store)
    wanted, is_complete = int(store.meta("wanted") or 0), bool(store.meta("complete"))
    seen = known["files"] + sum(number for key, number in known.items() if key.startswith("left out: "))
    coverage = 1.0 if is_complete else min(1.0, seen / wanted) if wanted else 0.0
    left_out: dict[str, int] = json.loads(store.meta("left_out") or "{}")
    for key, number in known.items():
        if key.startswith("left out: ") and number:
            reason = key.removeprefix("left out: ")
            left_out[reason] = left_out.get(reason, 0) + number
    return State(
        root=merkle.root_of(store.connection),
        files=known["files"],
        coverage=coverage,
        unparsed=known["unparsed"],
        status="complete" if is_complete else "partial",
        lines=known["lines"],
        chunks=known["chunks"],
        symbols=known["symbols"],
        left_out=left_out,
        parsing={key.removeprefix("is "): number for key, number in known.items() if key.startswith("is ")},
        notes=notes
        if is_complete
        else (*notes, "the index is not complete: an update was interrupted or is under way"),
    )
