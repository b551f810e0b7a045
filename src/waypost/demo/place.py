"""The folder that a demo is played in: chosen, and cleared of the demo before it, but of nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from waypost.demo.errors import DemoError

NAME, MARKER = "waypost-demo", ".made-by-waypost-demo"
CHECKOUT = "tabulate"
TRIES = 9


def choose(at: Path | None) -> Path:
    """An empty folder for the demo, marked as such: the one named, or `waypost-demo` in the system's temporary one.

    One that an earlier demo made is cleared. Raises DemoError for any other that is not empty, and while a demo is
    still played there.
    """
    if at is not None:
        return _taken(at.expanduser().absolute())
    parent = Path(tempfile.gettempdir()).resolve()
    names = [NAME, *(f"{NAME}-{number}" for number in range(2, TRIES + 1))]
    free = next((parent / name for name in names if _is_ours_or_new(parent / name)), None)
    if free is None:
        raise DemoError(f"{parent / NAME}: belongs to somebody else; name a folder: waypost demo --at DIR")
    return _taken(free)


def _taken(folder: Path) -> Path:
    if not _is_ours_or_new(folder):
        raise DemoError(f"{folder}: is not empty, and no earlier demo made it; name another: waypost demo --at DIR")
    _refuse_played(folder / CHECKOUT)
    if (folder / MARKER).is_file():
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, mode=0o755, exist_ok=True)
        (folder / MARKER).touch()
    except OSError as problem:
        raise DemoError(
            f"{folder}: can't be made: {problem.strerror}; name another: waypost demo --at DIR"
        ) from problem
    return folder


def _is_ours_or_new(folder: Path) -> bool:
    if not folder.exists() and not folder.is_symlink():
        return True
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return False
    return (folder / MARKER).is_file() or not any(folder.iterdir())


def _refuse_played(checkout: Path) -> None:
    from waypost.runs.lock import holder
    from waypost.runs.project import STATE

    for file in (checkout / STATE / "runs").glob("*.lock"):
        if (pid := holder(checkout, file.stem)) is not None:
            raise DemoError(f"{checkout.parent}: process {pid} plays a demo there; wait for it, or use --at DIR")
