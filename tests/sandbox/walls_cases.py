"""What the tests of walls share: the levels of this machine, and commands behind them."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from waypost.sandbox.bubblewrap import BubblewrapMissing, BubblewrapSandbox
from waypost.sandbox.landlock import LandlockMissing, LandlockSandbox
from waypost.sandbox.sandbox import Sandbox
from waypost.sandbox.walls import Level

NOBODY = 65534
SYSTEM_PYTHON = Path("/usr/bin/python3")
LEVELS = (Level.BUBBLEWRAP, Level.LANDLOCK)


@cache
def _can_unshare(user: int | None) -> bool:
    if not shutil.which("bwrap"):
        return False
    argv = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(argv, user=user, capture_output=True, check=False).returncode == 0


def sandbox_of(level: Level, user: int | None = None) -> Sandbox:
    """The sandbox of a level; the test ends where this machine, or an ordinary `user` on it, has none."""
    if user is not None and (os.geteuid() != 0 or not SYSTEM_PYTHON.exists()):
        pytest.skip("needs root, who can become another user, and a Python that everybody can read")
    try:
        if level is Level.LANDLOCK:
            return LandlockSandbox()
        if not _can_unshare(user):
            raise BubblewrapMissing("no bubblewrap that works")
        return BubblewrapSandbox()
    except (BubblewrapMissing, LandlockMissing) as error:
        if level is Level.BUBBLEWRAP and os.environ.get("WAYPOST_REQUIRE_ALL"):
            pytest.fail(str(error))
        pytest.skip(str(error))
