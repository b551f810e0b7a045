"""Choosing how commands are held: the strongest level of which canaries prove that it holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.sandbox.sandbox import Sandbox, SandboxError
from waypost.sandbox.walls import Level

if TYPE_CHECKING:
    from waypost.sandbox.launcher import Launcher

FORCED = "WAYPOST_SANDBOX"
"""The environment variable that names the one level to take: bubblewrap, landlock, sandbox-exec."""
_MEND = (
    "install bubblewrap (Debian: apt install bubblewrap) and allow user namespaces, "
    "or accept that nothing is held: --unsafe-no-sandbox"
)


class NoSandbox(SandboxError):
    """No level of sandbox holds on this machine; the text says why, and the mend."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sandbox of a run, and what is known of it.

    `proved` and `open` are claims, as texts (canaries.CLAIMS). `why` says for each stronger level why it was
    not taken.
    """

    sandbox: Sandbox
    level: Level
    proved: tuple[str, ...]
    open: tuple[str, ...]
    why: tuple[str, ...] = ()


async def choose(folder: Path, *, environ: Mapping[str, str], unsafe: bool = False) -> Chosen:
    """Tries the levels, the strongest first; canaries are let out in a new folder below `folder`.

    With `unsafe`, commands are not held where no level is to be had. WAYPOST_SANDBOX in `environ` names the only
    level to try. Raises NoSandbox.
    """
    forced = _forced(environ)
    levels = _levels()  # first: a process is started for them, which takes as long as what follows
    from waypost.sandbox.canaries import CLAIMS

    why: list[str] = []
    for level, make in levels.items():
        if forced not in {None, level}:
            continue
        chosen = await _try(level, make, folder, why)
        if chosen is not None:
            return chosen
    if unsafe and forced in {None, Level.NONE}:
        from waypost.sandbox.plain import PlainSandbox

        return Chosen(PlainSandbox(), Level.NONE, (), tuple(CLAIMS.values()), tuple(why))
    if forced is Level.NONE:
        raise NoSandbox(f"{FORCED}=none holds nothing; it is taken only with --unsafe-no-sandbox")
    raise NoSandbox(f"no sandbox: {'; '.join(why) or 'nothing was tried'}; mend: {_MEND}")


def _forced(environ: Mapping[str, str]) -> Level | None:
    named = environ.get(FORCED, "")
    if not named:
        return None
    try:
        return Level(named)
    except ValueError:
        known = ", ".join(Level)
        raise NoSandbox(f"{FORCED}={named}: no such level; one of {known}") from None


def _levels() -> dict[Level, Callable[[], Sandbox]]:
    if sys.platform == "darwin":
        return {Level.SEATBELT: _seatbelt}
    from waypost.sandbox.launcher import Launcher

    launcher = Launcher()
    return {Level.BUBBLEWRAP: partial(_bubblewrap, launcher), Level.LANDLOCK: partial(_landlock, launcher)}


def _bubblewrap(launcher: Launcher) -> Sandbox:
    from waypost.sandbox.bubblewrap import BubblewrapSandbox

    return BubblewrapSandbox(launcher=launcher)


def _landlock(launcher: Launcher) -> Sandbox:
    from waypost.sandbox.landlock import LandlockSandbox

    return LandlockSandbox(launcher)


def _seatbelt() -> Sandbox:
    from waypost.sandbox.seatbelt import SeatbeltSandbox

    return SeatbeltSandbox()


async def _try(level: Level, make: Callable[[], Sandbox], folder: Path, why: list[str]) -> Chosen | None:
    """The level, if its canaries fail in all that it must hold; else nothing, and the reason in `why`."""
    from waypost.sandbox.canaries import optional, prove

    try:
        sandbox = make()
        proof = await prove(sandbox, folder)
    except SandboxError as error:
        why.append(f"{level}: {error}")
        return None
    broken = [text for text in proof.open if text not in optional(level)]
    if broken:
        why.append(f"{level}: {proof.complaint or 'not so here: ' + ', '.join(broken)}")
        return None
    return Chosen(sandbox, level, proof.proved, proof.open, tuple(why))
