"""Where a path that the model wrote leads, and whether it may go there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.result import ToolError

_LOOKED_AT = 20_000
_SKIPPED = {".git", "node_modules", "__pycache__", ".venv"}


@dataclass(frozen=True, slots=True)
class Place:
    """A path as it is shown (relative to the root where it lies in it) and as it is on the disk, resolved."""

    shown: str
    path: Path


def _place(text: str, bench: Bench) -> tuple[Place, bool]:
    """The place, and whether it lies in the root."""
    if "\0" in text or not text.strip():
        raise ToolError(f"{text!r} is no path; give one relative to the repository's root")
    try:
        path = Path(os.path.abspath(bench.root / text))  # noqa: PTH100 - `..` goes as in text, links later
        resolved = (path.parent.resolve() / path.name).resolve()
    except RuntimeError as error:
        raise ToolError(f"{text}: a loop of symbolic links") from error
    inside = resolved.is_relative_to(bench.root)
    shown = resolved.relative_to(bench.root).as_posix() if inside else str(resolved)
    return Place(shown, resolved), inside


def to_read(text: str, bench: Bench) -> Place:
    """A place that may be read: in the root, or in one of the bench's readable folders."""
    place, inside = _place(text, bench)
    if not inside and not any(place.path.is_relative_to(folder) for folder in bench.readable):
        raise ToolError(f"{text} is outside the repository; what the shell may read, read with `shell`")
    return place


def to_change(text: str, bench: Bench) -> Place:
    """A place that may be changed: in the root, not git's own, and not protected."""
    place, inside = _place(text, bench)
    if not inside:
        raise ToolError(f"{text} is outside the repository; only files in it can be changed")
    if place.path == bench.root:
        raise ToolError(f"{text} is the repository's root; name a file in it")
    if ".git" in place.shown.casefold().split("/"):
        raise ToolError(f"{text}: git's own files are not changed; use `git` in `shell` to look at history")
    literal = os.path.relpath(bench.root / text, bench.root)
    for name in dict.fromkeys((place.shown, Path(literal).as_posix())):
        if reason := bench.protected(name):
            raise ToolError(f"{name} is protected: {reason}")
    return place


def missing(place: Place, bench: Bench) -> ToolError:
    """The error for a file that isn't there, with the names that may have been meant."""
    import difflib

    names = list(islice(_files(bench.root), _LOOKED_AT))
    last = place.shown.rpartition("/")[2]
    same = [name for name in names if name.rpartition("/")[2] == last]
    closest = same[:3] or difflib.get_close_matches(place.shown, names, 3, 0.6)
    mend = f"; closest: {', '.join(closest)}" if closest else "; `find` with kind=files lists what is there"
    return ToolError(f"{place.shown}: no such file{mend}")


def _files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - _SKIPPED)
        at = os.path.relpath(folder, root)
        for name in sorted(files):
            yield name if at == "." else f"{Path(at).as_posix()}/{name}"
