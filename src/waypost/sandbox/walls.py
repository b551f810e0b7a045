"""What a command may touch: the values that every level of sandbox reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

GIBIBYTE = 1 << 30


class Level(StrEnum):
    """How untrusted commands are held, the strongest first."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    SEATBELT = "sandbox-exec"
    NONE = "none"


class SharedNetwork(Protocol):
    """A network of its own that several commands share: a service and those that ask it.

    `enter` is put before a command's argv to join it. `variables` tell programs of its proxy, if it has one.
    """

    @property
    def enter(self) -> tuple[str, ...]:
        """The words that run what follows them inside the network; empty where it is the machine's own."""
        ...

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables for commands in the network."""
        ...

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from inside the network. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command and all its descendants may use together; sizes are bytes, None is no limit."""

    memory: int | None = 8 * GIBIBYTE
    processes: int | None = 1024
    file_size: int | None = 4 * GIBIBYTE


@dataclass(frozen=True, slots=True)
class Walls:
    """What a command may touch. The rest of the machine is read-only; homes, /run and temporary folders are empty.

    `writable` may be changed. `read_only` may not, though it lies in writable folders; what does not exist
    there yet can't be created. `visible` are shown, read-only, though they lie in a folder that is emptied or
    hidden; `hidden` are emptied, though they lie elsewhere. The deeper path wins; of equal ones the
    stricter: hidden, read-only, writable. `network` is None for no network at all, not even the machine's
    loopback. `host_network` leaves the machine's own network open: only for set-ups that a human approved.
    """

    writable: tuple[Path, ...]
    read_only: tuple[Path, ...] = ()
    visible: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    network: SharedNetwork | None = None
    host_network: bool = False
    limits: Limits = Limits()
