"""What a command sees at each path: its walls as one ordered list of mounts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from waypost.sandbox.places import is_within
from waypost.sandbox.sandbox import SpawnError
from waypost.sandbox.walls import Walls

_MOST_LINKS = 40

PLACEHOLDER = 0o1755
"""The mode by which the empty folders are known that stand where nothing may be created; their owner may move them."""


class Kind(IntEnum):
    """What stands at a path; of two at the same path the greater one wins."""

    SHOWN = -1  # the machine's own, read-only: the state of all that nothing else is said of
    EMPTY = 0  # an empty folder of its own, in memory
    ANCHOR = 1  # writable, and can't be renamed or removed: what it holds would move away with it
    WRITABLE = 2
    VISIBLE = 3
    READ_ONLY = 4
    HIDDEN = 5


@dataclass(frozen=True, slots=True)
class Mount:
    """One of the mounts, at a resolved path."""

    path: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link that must stay as it is."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class View:
    """All mounts, those above first. `missing` are paths at which nothing may be created, `links` stay."""

    mounts: tuple[Mount, ...]
    missing: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def parted(seen: View) -> tuple[tuple[Mount, ...], tuple[Mount, ...]]:
    """The mounts that need what lies outside of the view, and those after them that only cover what it shows."""
    first: list[Mount] = []
    below: set[str] = set()  # what lies above one of the first must be one of them
    kinds = {mount.path: mount.kind for mount in seen.mounts}
    for mount in reversed(seen.mounts):
        path, kind = mount.path, mount.kind
        covers = kind in {Kind.ANCHOR, Kind.VISIBLE, Kind.READ_ONLY} or (
            kind is Kind.HIDDEN and not os.path.isdir(path)
        )
        if covers and path not in below and state(kinds, path) not in {Kind.EMPTY, Kind.HIDDEN}:
            continue
        first.append(mount)
        while path != "/":
            path = path.rpartition("/")[0] or "/"
            below.add(path)
    kept = frozenset(mount.path for mount in first)
    return tuple(first[::-1]), tuple(mount for mount in seen.mounts if mount.path not in kept)


class Resolver:
    """Resolves many paths and looks at each place once; os.path.realpath would look at all folders for each path."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}

    def real(self, path: os.PathLike[str] | str, links: dict[str, str] | None = None) -> str:
        """The path without symbolic links; what does not exist is taken as it is.

        `links` gets the links on the way, and what they say. Raises SpawnError where they go round.
        """
        here, followed = "/", 0
        waiting = os.path.join(os.getcwd(), path).split("/")[::-1]
        while waiting:
            name = waiting.pop()
            if name == "..":
                here = os.path.dirname(here)
            if name in {"", ".", ".."}:
                continue
            place = here.rstrip("/") + "/" + name
            target = self._target(place)
            if not target:
                here = place
                continue
            followed += 1
            if followed > _MOST_LINKS:
                raise SpawnError(f"{path}: too many symbolic links on the way")
            if links is not None:
                links[place] = target
            here = "/" if target.startswith("/") else here
            waiting += target.split("/")[::-1]
        return here

    def _target(self, place: str) -> str:
        """What a link says; empty if it is none, or not there."""
        known = self._targets.get(place)
        if known is None:
            try:
                known = os.readlink(place)
            except OSError:
                known = ""
            self._targets[place] = known
        return known


@dataclass(frozen=True, slots=True)
class Defaults:
    """What stands in every command's view, unless its walls say otherwise; existing, resolved paths."""

    emptied: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()


def view(walls: Walls, defaults: Defaults) -> View:
    """The mounts of walls. Looks at the file system, changes nothing."""
    resolver = Resolver()
    real = {kind: list(dict.fromkeys(map(resolver.real, paths))) for kind, paths in _kinds(walls)}
    kinds: dict[str, Kind] = {}
    open_again = [*real[Kind.WRITABLE], *real[Kind.VISIBLE]]
    for path in defaults.emptied:
        if not any(is_within(path, opened) for opened in open_again):
            kinds[path] = Kind.EMPTY
    _add(kinds, Kind.VISIBLE, (path for path in defaults.visible if path not in real[Kind.WRITABLE]))
    _add(kinds, Kind.HIDDEN, defaults.hidden)
    for kind, paths in real.items():
        _add(kinds, kind, paths)
    missing = _protect_missing(kinds)
    kept = _prune(kinds)
    for path in [path for path, kind in kept.items() if kind is Kind.READ_ONLY]:
        _anchor(kept, path)
    mounts = tuple(Mount(path, kept[path]) for path in sorted(kept, key=_depth))
    found: dict[str, str] = {}
    for given in (*walls.read_only, *walls.hidden):
        resolver.real(given, found)
    links = (Link(path, target) for path, target in found.items() if _is_writable(state(kinds, path)))
    return View(mounts, tuple(missing), tuple(links))


def _kinds(walls: Walls) -> tuple[tuple[Kind, Iterable[os.PathLike[str]]], ...]:
    return (
        (Kind.WRITABLE, walls.writable),
        (Kind.VISIBLE, walls.visible),
        (Kind.READ_ONLY, walls.read_only),
        (Kind.HIDDEN, walls.hidden),
    )


def _add(kinds: dict[str, Kind], kind: Kind, paths: Iterable[str]) -> None:
    for path in paths:
        kinds[path] = max(kind, kinds.get(path, kind))


def _depth(path: str) -> tuple[int, str]:
    return (path.rstrip("/").count("/"), path)


def state(kinds: dict[str, Kind], path: str) -> Kind:
    """What a path's parent is: the kind of the nearest that stands above it."""
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        if path in kinds:
            return kinds[path]
    return Kind.SHOWN


def _is_writable(kind: Kind) -> bool:
    return kind in {Kind.WRITABLE, Kind.ANCHOR}


def is_placeholder(path: str) -> bool:
    """Whether a path holds an empty folder of ours, perhaps left by a killed run."""
    try:
        mode = os.lstat(path).st_mode
        return stat.S_ISDIR(mode) and stat.S_IMODE(mode) == PLACEHOLDER and not os.listdir(path)
    except OSError:
        return False


def _protect_missing(kinds: dict[str, Kind]) -> list[str]:
    """Moves what does not exist to the first of its folders that doesn't, if it could be created there."""
    missing: dict[str, None] = {}
    for path, kind in list(kinds.items()):
        if _exists(path) or kind is Kind.WRITABLE:  # a missing writable folder is told by bubblewrap
            continue
        del kinds[path]
        if kind in {Kind.READ_ONLY, Kind.HIDDEN} and _is_writable(state(kinds, path)):
            there = _nearest(path)
            kinds[there] = max(Kind.READ_ONLY, kinds.get(there, Kind.READ_ONLY))
            if not _exists(there):
                missing[there] = None
    return list(missing)


def _exists(path: str) -> bool:
    return os.path.lexists(path) and not is_placeholder(path)


def _nearest(path: str) -> str:
    """The first of a missing path's folders that doesn't exist, or that is no folder."""
    above = os.path.dirname(path)
    while above != path and (not os.path.isdir(above) or is_placeholder(above)):
        path, above = above, os.path.dirname(above)
    return path


def _prune(kinds: dict[str, Kind]) -> dict[str, Kind]:
    """Without what changes nothing where it stands."""
    kept: dict[str, Kind] = {}
    for path in sorted(kinds, key=_depth):
        kind, above = kinds[path], state(kept, path)
        closed = above in {Kind.EMPTY, Kind.HIDDEN}
        if kind is Kind.READ_ONLY and not _is_writable(above):
            continue
        if kind is Kind.VISIBLE and not (closed or _is_writable(above)):
            continue
        if kind in {Kind.EMPTY, Kind.HIDDEN} and closed:
            continue
        if kind is Kind.WRITABLE and _is_writable(above):
            continue
        kept[path] = kind
    return kept


def _anchor(kept: dict[str, Kind], path: str) -> None:
    """Folders between a protected path and the writable one above it: renamed, they would take it away."""
    above = path.rpartition("/")[0]
    while above and above not in kept:
        kept[above] = Kind.ANCHOR
        above = above.rpartition("/")[0]
