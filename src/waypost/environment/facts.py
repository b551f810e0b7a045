"""What this machine has, for `waypost doctor`: pure data, no advice."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOOLS: Mapping[str, tuple[str, ...]] = {
    "git": ("git",),
    "bash": ("bash",),
    "rg": ("rg",),
    "bwrap": ("bwrap",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "python": ("python3", "python"),
    "node": ("node", "nodejs"),
}
VERSION = re.compile(r"\d+(\.\d+)+")
PATIENCE = 10.0
WAL_BUG_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: its path and version, None where it is missing or says none."""

    name: str
    path: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The machine as it is now. `free_disk` is in bytes; the terminal's size in columns and lines."""

    system: str
    python: str
    tools: tuple[Tool, ...]
    sqlite: str
    is_wal_safe: bool
    free_disk: int
    terminal: tuple[int, int]


def facts(folder: Path) -> Facts:
    """Looks at the machine; free disk is that of the folder's file system."""
    import sqlite3

    columns, lines = shutil.get_terminal_size()
    return Facts(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=sys.version.split()[0],
        tools=tuple(tool(name, commands) for name, commands in TOOLS.items()),
        sqlite=sqlite3.sqlite_version,
        is_wal_safe=is_wal_safe(sqlite3.sqlite_version_info),
        free_disk=shutil.disk_usage(folder).free,
        terminal=(columns, lines),
    )


def tool(name: str, commands: tuple[str, ...]) -> Tool:
    """The first of some commands that is there; one that does not answer in ten seconds has no version."""
    for command in commands:
        if path := shutil.which(command):
            return Tool(name, path, _version(path))
    return Tool(name, None, None)


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Whether an SQLite version is free of the WAL-reset bug.

    It came with 3.7.0 and went with 3.51.3; 3.44.6 and 3.50.7 have the mend too.
    """
    if version < (3, 7, 0) or version >= WAL_BUG_FIXED[-1]:
        return True
    return any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_BUG_FIXED)


def _version(path: str) -> str | None:
    try:
        asked = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = VERSION.search(asked.stdout)
    return found[0] if found else None
