"""`waypost ledger witness`, `authority` and `stamp`: others who vouch for the log's checkpoints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, NotSo
from waypost.cli.table import styled
from waypost.cli.words import clean, count, day, one_line

if TYPE_CHECKING:
    from waypost.events.event import Record
    from waypost.ledger.anchor_places import Places
    from waypost.ledger.notes import Verified
    from waypost.ledger.signatures import Verifier
    from waypost.runs.anchored import Anchor, Anchors
    from waypost.runs.project import Project

witness = typer.Typer(
    name="witness", no_args_is_help=True, rich_markup_mode=None, help="Who cosigns that the log only grows."
)
authority = typer.Typer(
    name="authority", no_args_is_help=True, rich_markup_mode=None, help="Who stamps when a checkpoint was there."
)
STAMP_EXAMPLES = (
    "\b\nExamples:\n  waypost ledger stamp\n"
    "  waypost ledger stamp --authority https://freetsa.org/tsr --root cacert.pem"
)
LONGEST = 120
"""Columns of a name that somebody else chose."""
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="FILE", help="Certificates (PEM) that its own must lead to.", show_default=False),
]
Url = Annotated[str, typer.Argument(metavar="URL", help="Where it is asked.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its address, or its key's name.")]


# --- witnesses -------------------------------------------------------------------------------------------------------


@witness.command(
    "add", epilog="\b\nExample:\n  waypost ledger witness add https://witness.example witness.example/w1+8d66cf3f+BD…"
)
def add_witness(
    url: Url,
    key: Annotated[str, typer.Argument(metavar="VKEY", help="Its verifier key: name+id+base64.")],
) -> None:
    """Ask a witness (C2SP tlog-witness) from now on: after each milestone's commit and at a run's end.

    It sees the log's name, size and root, and hashes that show that the log only grew; no text and no name of yours.
    """
    from waypost.ledger.posting import checked_address
    from waypost.ledger.signatures import Verifier
    from waypost.ledger.witness import Witness

    with arguments.project_here(create=True) as project:
        added = Witness(checked_address(url), Verifier.parse(key))
        _save(project, _places(project).with_witness(added))
    sys.stdout.write(f"{added.name} is asked from now on; its operator needs this log's key: `waypost ledger key`\n")


@witness.command("list", epilog="\b\nExample:\n  waypost ledger witness list --json")
def list_witnesses(as_json: arguments.AsJson = False) -> None:
    """Say who is asked, what each cosigned last, and why not more."""
    with arguments.project_here(create=True) as project:
        places, found = _places(project), _checked(project)
        told = [
            {"name": one.key.name, "key": str(one.key), "address": one.address, "asked": one.asked}
            | _last(found, "witness", one.key.name, one.address)
            for one in places.witnesses
        ]
    _tell(told, as_json, "no witness yet; `waypost ledger witness add` names one")


@witness.command("remove", epilog="\b\nExample:\n  waypost ledger witness remove witness.example/w1")
def remove_witness(name: Name) -> None:
    """Don't ask this witness any more. Its key is kept, to check the cosignatures that it gave."""
    _remove(name)


@witness.command("ask", epilog="\b\nExample:\n  waypost ledger witness ask")
def ask_witnesses(as_json: arguments.AsJson = False) -> None:
    """Sign what the log holds and ask all witnesses now. Exit 1 where one did not cosign."""
    from waypost.ledger.anchor_places import Places

    with arguments.project_here() as project:
        places = Places(witnesses=tuple(one for one in _places(project).witnesses if one.asked))
        if not places.witnesses:
            raise CommandError("no witness is asked; `waypost ledger witness add` names one")
        _ask(project, places, as_json)


# --- time-stamp authorities ------------------------------------------------------------------------------------------


@authority.command(
    "add", epilog="\b\nExample:\n  waypost ledger authority add https://freetsa.org/tsr --root cacert.pem"
)
def add_authority(url: Url, root: Root = None) -> None:
    """Have each milestone's checkpoint and a run's last one time-stamped (RFC 3161) from now on.

    The authority sees a SHA-256 and nothing else.
    """
    with arguments.project_here(create=True) as project:
        places, address = _with_authority(project, url, root, asked=True)
        _save(project, places)
    sys.stdout.write(f"{address} is asked from now on\n")


@authority.command("list", epilog="\b\nExample:\n  waypost ledger authority list --json")
def list_authorities(as_json: arguments.AsJson = False) -> None:
    """Say who is asked for time stamps, and why one was missed last."""
    with arguments.project_here(create=True) as project:
        places, found = _places(project), _checked(project)
        told: list[dict[str, Any]] = [
            {"name": one.address, "address": one.address, "asked": one.asked, "roots": len(one.roots)}
            | _last(found, "authority", one.address, one.address)
            for one in places.authorities
        ]
    _tell(told, as_json, "no authority yet; `waypost ledger authority add` names one")


@authority.command("remove", epilog="\b\nExample:\n  waypost ledger authority remove https://freetsa.org/tsr")
def remove_authority(name: Name) -> None:
    """Don't ask this authority any more. Its roots are kept, to check the stamps that it gave."""
    _remove(name)


def stamp(
    url: Annotated[
        str | None, typer.Option("--authority", metavar="URL", help="Ask this one, this once.", show_default=False)
    ] = None,
    root: Root = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Sign what the log holds and have it time-stamped (RFC 3161) now. Exit 1 where no stamp was had."""
    from waypost.ledger.anchor_places import Places

    if root is not None and url is None:
        raise CommandError("--root goes with --authority URL")
    with arguments.project_here() as project:
        if url is None:
            chosen = tuple(one for one in _places(project).authorities if one.asked)
        else:
            places, address = _with_authority(project, url, root, asked=False)
            _save(project, places)
            chosen = tuple(one for one in places.authorities if one.address == address)
        if not chosen:
            raise CommandError("no authority is asked; name one: waypost ledger stamp --authority URL")
        from dataclasses import replace

        _ask(project, Places(authorities=tuple(replace(one, asked=True) for one in chosen)), as_json)


# --- what all of them need -------------------------------------------------------------------------------------------


def _places(project: Project) -> Places:
    from waypost.runs.vouching import places_of

    return places_of(project)


def _save(project: Project, places: Places) -> None:
    from waypost.ledger.anchor_places import save_places
    from waypost.runs.sealing import key_folder, project_key

    project_key(project)
    save_places(key_folder(project), places)


def _with_authority(project: Project, url: str, root: Path | None, *, asked: bool) -> tuple[Places, str]:
    """The places with this authority among them: its roots add up, and one that is asked stays so."""
    from waypost.ledger.anchor_places import Authority
    from waypost.ledger.posting import checked_address
    from waypost.ledger.timestamp import read_roots

    address, places = checked_address(url), _places(project)
    before = places.authority(address) or Authority(address, asked=False)
    try:
        texts = () if root is None else (root.read_text("utf-8"),)
    except UnicodeDecodeError as problem:
        raise CommandError(f"--root {root}: no certificate in PEM") from problem
    except OSError as problem:
        raise CommandError(f"--root {root}: can't be read: {problem.strerror}") from problem
    read_roots(texts)
    roots = (*before.roots, *(text for text in texts if text not in before.roots))
    return places.with_authority(Authority(address, roots, asked or before.asked)), address


def _remove(name: str) -> None:
    with arguments.project_here(create=True) as project:
        _save(project, _places(project).without(name))
    sys.stdout.write(f"{clean(name)} is not asked any more; what it gave still counts\n")


def _checked(project: Project) -> Anchors:
    from waypost.ledger.errors import BadPlace, LedgerError
    from waypost.runs.anchored import check_anchors
    from waypost.runs.sealing import project_key

    try:
        return check_anchors(project, project_key(project).verifier)
    except BadPlace:
        raise
    except LedgerError as problem:
        raise NotSo(str(problem)) from problem


def _ask(project: Project, places: Places, as_json: bool) -> None:
    import asyncio

    from waypost.events.anchoring import AnchorMissed
    from waypost.runs.sealing import seal
    from waypost.runs.vouching import ask

    seal(project)
    records = asyncio.run(ask(project, places))
    seal(project)
    for record in records:
        sys.stdout.write(_outcome(project, record, as_json))
    missed = [record for record in records if isinstance(record.event, AnchorMissed)]
    if missed:
        raise NotSo(f"{len(missed)} of {count(len(records), 'anchor')} could not be had")


def _outcome(project: Project, record: Record, as_json: bool) -> str:
    from waypost.cli.jsonlines import line
    from waypost.cli.plain import describe

    if as_json:
        return f"{line(record, project.log)}\n"
    return f"{clean(describe(record.event))}\n"


def _last(found: Anchors, sort: str, name: str, place: str) -> dict[str, Any]:
    """What was had of it last, and why nothing since."""
    held = [one for one in found.held if one.sort == sort and name in {one.name, one.place} and not one.given_up_at]
    missed = [one.reason for one in found.missed if (one.sort, one.place) == (sort, place)]
    newest = max(held, key=lambda one: one.size, default=None)
    return {
        "size": newest.size if newest else None,
        "at": day(newest.seconds * 1_000_000) if newest else None,
        "missed": missed[0] if missed else None,
    }


def _tell(told: list[dict[str, Any]], as_json: bool, nobody: str) -> None:
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    for one in told:
        state = "" if one["asked"] else ", not asked any more"
        seen = f"{count(one['size'], 'event')} at {one['at']}" if one["size"] else "nothing yet"
        where = "" if one["name"] == one["address"] else f" at {one['address']}"
        sys.stdout.write(f"{clean(one['name'])}{clean(where)}: {seen}{state}\n")
        if one["missed"]:
            sys.stdout.write(f"  {styled('!', 'yellow')} last time: {clean(one['missed'])}\n")
    if not told:
        sys.stdout.write(f"{nobody}\n")


# --- in `waypost ledger verify` --------------------------------------------------------------------------------------


def check_all_cosigned(wanted: Sequence[Verifier], found: Sequence[Verified]) -> None:
    """Raises NotSo where a witness that was named did not cosign."""
    missing = [one.name for one in wanted if all(other.verifier != one for other in found)]
    if missing:
        raise NotSo(f"not cosigned by {', '.join(map(clean, missing))}")


def lines(found: Anchors) -> Iterator[str]:
    """What holds of others, a line for each of them, and who could not be had."""
    if found.commits:
        yield f"  {count(found.commits, 'commit')} of this repository name the same roots"
    for sort, name in dict.fromkeys((one.sort, one.name) for one in found.held):
        yield _line(name, [one for one in found.held if (one.sort, one.name) == (sort, name)])
    for one in found.missed:
        yield f"{styled('!', 'yellow')} not had for {count(one.size, 'event')}: {clean(one.reason)}"


def _line(name: str, all_of: list[Anchor]) -> str:
    newest = max(all_of, key=lambda one: (not one.given_up_at, one.size))
    verb, whose = "cosigned", ""
    if newest.sort == "authority":
        verb = "stamped"
        whose = (
            f", whose certificate leads to {one_line(newest.root, LONGEST)}"
            if newest.root
            else ", an unknown authority"
        )
    more = f" ({len(all_of)} in all)" if len(all_of) > 1 else ""
    old = f"; that log was given up at event {newest.given_up_at}" if newest.given_up_at else ""
    when = day(newest.seconds * 1_000_000)
    return f"  {count(newest.size, 'event')} {verb} at {when} by {one_line(name, LONGEST)}{whose}{more}{old}"


def as_json(found: Anchors) -> dict[str, object]:
    """The same for programs."""
    from dataclasses import asdict

    return {
        "commits": found.commits,
        "anchors": [asdict(one) for one in found.held],
        "missed": [asdict(one) for one in found.missed],
    }
