"""Taking the contents of events out of the log's SQLite file, so that none of their bytes stay in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waypost.events.blob import Blob
from waypost.events.canonical import canonical
from waypost.events.event import EventError
from waypost.events.packing import pack, unpack

ERASED = "[erased]"
STRUCTURE = frozenset({
    "after", "approval", "base", "before", "branch", "call", "commit", "done", "folder", "gate", "id", "item", "kind",
    "light", "milestone", "mode", "model", "outcome", "place", "purpose", "run", "state", "status", "stop", "tool",
    "topic", "tree", "unit", "verdict", "wish",
})  # fmt: skip
"""Fields whose texts are names and states that a log's readers go by; all other texts may hold what must go."""
IN_ANSWERS = frozenset({"call", "name", "id", "stop", "model"})
"""The same in the JSON form of a model's answer."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: the events' positions, and that of the tombstone."""

    tombstone: int
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The events that lose their content, what stands for each, and what stands for each text (by its digest)."""

    kept: dict[int, str]
    texts: dict[str, Blob]

    @property
    def events(self) -> tuple[int, ...]:
        """Their positions, in order."""
        return tuple(sorted(self.kept))


def take_out(database: sqlite3.Connection, events: Sequence[int]) -> Taken:
    """Says what goes: the events, and all others that refer to a text of theirs. Raises EventError."""
    waiting, kept, texts = list(events), dict[int, str](), dict[str, Blob]()
    while waiting:
        seq = waiting.pop()
        if seq in kept:
            continue
        found = database.execute("SELECT payload FROM events WHERE seq = ?", (seq,)).fetchone()
        if found is None or found[0] is None:
            raise EventError(f"event {seq}: {'there is none' if found is None else 'its content is erased already'}")
        payload = json.loads(found[0])
        for digest in _digests(payload):
            if digest not in texts:
                texts[digest] = _stand_in(database, digest)
                like = f"%{digest}%"
                waiting += [row[0] for row in database.execute("SELECT seq FROM events WHERE payload LIKE ?", (like,))]
        kept[seq] = canonical(_emptied(payload, texts)).decode()
    return Taken(kept, texts)


def put_up(database: sqlite3.Connection, taken: Taken, tombstone: int) -> None:
    """Erases, inside the caller's transaction."""
    database.executemany("DELETE FROM blobs WHERE sha256 = ?", [(bytes.fromhex(one),) for one in taken.texts])
    for blob in taken.texts.values():
        values = (bytes.fromhex(blob.sha256), *pack(blob.content or b""))
        database.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", values)
    database.executemany("UPDATE events SET payload = NULL, salt = NULL WHERE seq = ?", [(seq,) for seq in taken.kept])
    rows = [(seq, tombstone, text) for seq, text in taken.kept.items()]
    database.executemany("INSERT INTO erased VALUES (?, ?, ?)", rows)


def rewrite(database: sqlite3.Connection) -> None:
    """Writes the file anew, so that no page of it still has what was taken out."""
    database.execute("PRAGMA secure_delete = ON")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _stand_in(database: sqlite3.Connection, digest: str) -> Blob:
    """What stands for a text. An answer keeps its form, its calls' ids and names: its tools' results refer to them."""
    found = database.execute("SELECT packed, content FROM blobs WHERE sha256 = ?", (bytes.fromhex(digest),)).fetchone()
    try:
        answer = json.loads(unpack(*found)) if found else None
    except (ValueError, UnicodeDecodeError):
        answer = None
    if not isinstance(answer, dict) or "parts" not in answer:
        return Blob.of(ERASED)
    answer.pop("deltas", None)
    emptied = _emptied(answer, {}, IN_ANSWERS)
    for part in emptied["parts"]:
        if isinstance(part, dict) and "arguments" in part:
            part["arguments"] = "{}"
    return Blob.of(json.dumps(emptied, separators=(",", ":")))


def _emptied(value: Any, texts: Mapping[str, Blob], names: frozenset[str] = STRUCTURE, name: str = "") -> Any:
    if isinstance(value, dict):
        if _is_text(value):
            stand_in = texts[value["sha256"]]
            return {"sha256": stand_in.sha256, "size": stand_in.size}
        return {key: _emptied(inner, texts, names, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_emptied(inner, texts, names, name) for inner in value]
    return ERASED if isinstance(value, str) and name not in names else value


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if _is_text(value):
            yield value["sha256"]
        else:
            for inner in value.values():
                yield from _digests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner)


def _is_text(value: dict[str, Any]) -> bool:
    return set(value) == {"sha256", "size"}
