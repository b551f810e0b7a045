"""What the sandbox's tests share: a command from a text, and a look at what lives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from waypost.sandbox.sandbox import Command, shell

VARIABLES = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8"}


def command(text: str, folder: Path, *, timeout: float = 20.0, limit: int = 1 << 20, mark: str = "") -> Command:
    return Command(shell(text), folder, VARIABLES, timeout, limit, mark=mark)


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return holds()


DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(sys.argv[1], "w").write(str(os.getpid()))
os.rename(sys.argv[1], sys.argv[1] + ".pid")
time.sleep(600)
"""
"""A program that forks twice and leaves its session, as daemons do."""
