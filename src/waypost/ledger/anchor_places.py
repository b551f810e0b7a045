"""Who is asked to vouch for a log's checkpoints: a file beside the log's key, where no command of an agent reaches."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from waypost.ledger.errors import BadKey, BadPlace
from waypost.ledger.keys import ANCHORS_FILE
from waypost.ledger.posting import checked_address
from waypost.ledger.signatures import Verifier
from waypost.ledger.witness import Witness

FORMAT = 1
LARGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamp authority: its address, and the certificates (PEM) that its own must lead to; none is any."""

    address: str
    roots: tuple[str, ...] = ()
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Places:
    """Witnesses and authorities; those that are not asked any more are kept for what they gave."""

    witnesses: tuple[Witness, ...] = ()
    authorities: tuple[Authority, ...] = ()

    def witness(self, name: str) -> Witness | None:
        """The witness whose key has this name and id."""
        return next((one for one in self.witnesses if one.name == name), None)

    def authority(self, address: str) -> Authority | None:
        """The authority at this address."""
        return next((one for one in self.authorities if one.address == address), None)

    def asked(self) -> frozenset[str]:
        """The addresses at which somebody is asked."""
        addresses = [one.address for one in self.witnesses if one.asked]
        return frozenset(addresses + [one.address for one in self.authorities if one.asked])

    def with_witness(self, witness: Witness) -> Places:
        """With one more, or with another address of a known one. Raises BadPlace for a key that can't cosign."""
        if not witness.key.algorithm.is_timed:
            raise BadPlace(f"{witness.name} is a log's key; a witness has one of the kind 4 or 6 (cosignature)")
        others = [one for one in self.witnesses if one.name != witness.name]
        return replace(self, witnesses=(*others, witness))

    def with_authority(self, authority: Authority) -> Places:
        """With one more, or with other roots of a known one."""
        others = [one for one in self.authorities if one.address != authority.address]
        return replace(self, authorities=(*others, authority))

    def without(self, name: str) -> Places:
        """Nothing of this name or address is asked any more. Raises BadPlace where there is none."""
        found = Places(
            tuple(replace(one, asked=one.asked and not _is(one, name)) for one in self.witnesses),
            tuple(replace(one, asked=one.asked and one.address != name.rstrip("/")) for one in self.authorities),
        )
        if found == self:
            raise BadPlace(f"{name}: nobody is asked there; asked are: {', '.join(sorted(self.asked())) or 'none'}")
        return found


def load_places(folder: Path) -> Places:
    """What the file says; nobody where there is none. Raises BadPlace for a file that can't be read as one."""
    path = folder / ANCHORS_FILE
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE)
    except FileNotFoundError:
        return Places()
    except OSError as problem:
        raise BadPlace(f"{path}: can't be read: {problem.strerror}") from problem
    try:
        return _parsed(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, BadKey, BadPlace) as problem:
        raise BadPlace(f"{path}: no list of witnesses and authorities ({problem}); add them again") from problem


def save_places(folder: Path, places: Places) -> None:
    """Writes the file, for its owner alone. Raises BadPlace."""
    path, fresh = folder / ANCHORS_FILE, folder / f".{ANCHORS_FILE}.{os.getpid()}"
    told = {
        "format": FORMAT,
        "witnesses": [_told(one.address, one.asked, key=str(one.key)) for one in places.witnesses],
        "authorities": [_told(one.address, one.asked, roots=list(one.roots)) for one in places.authorities],
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(f"{json.dumps(told, indent=2)}\n", "utf-8")
        fresh.replace(path)
    except OSError as problem:
        raise BadPlace(f"{path}: can't be written: {problem.strerror}") from problem


def _is(witness: Witness, name: str) -> bool:
    return name.rstrip("/") in {witness.address, witness.name, witness.key.name, str(witness.key)}


def _told(address: str, asked: bool, **more: Any) -> dict[str, Any]:
    return {"address": address, "asked": asked, **more}


def _parsed(told: dict[str, Any]) -> Places:
    if told["format"] != FORMAT:
        raise BadPlace(f"format {told['format']!r}, of another Waypost")
    places = Places()
    for one in told["witnesses"]:
        places = places.with_witness(
            Witness(checked_address(one["address"]), Verifier.parse(one["key"]), one["asked"] is True)
        )
    for one in told["authorities"]:
        roots = tuple(map(str, one["roots"]))
        places = places.with_authority(Authority(checked_address(one["address"]), roots, one["asked"] is True))
    return places
