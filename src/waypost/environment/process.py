"""Running a set-up command as its own process group, with its output kept and passed on by lines."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, BinaryIO

GRACE = 0.5


def run_to_end(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    timeout: float,
    log: BinaryIO,
    on_line: Callable[[str], None],
) -> int | None:
    """Runs the command; returns its exit code, or None where the time (seconds) ran out.

    Whatever it started and left behind in its process group is ended with it.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        ended = _follow(process, process.stdout, time.monotonic() + timeout, log, on_line)
    finally:
        _end_group(process)
        process.stdout.close()
    return process.returncode if ended else None


def _follow(
    process: subprocess.Popen[bytes],
    stream: IO[bytes],
    deadline: float,
    log: BinaryIO,
    on_line: Callable[[str], None],
) -> bool:
    """Passes the output on until the command ends (True) or its time does (False).

    A child left in the background may hold the pipe open, so the command's own end counts.
    """
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            has_ended = process.poll() is not None
            if not selector.select(0 if has_ended else min(left, 0.05)):
                if has_ended:
                    break
                continue
            piece = os.read(stream.fileno(), 65536)
            if not piece:
                break
            log.write(piece)
            log.flush()
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                on_line(line.decode(errors="replace"))
        if rest:
            on_line(rest.decode(errors="replace"))
    return _has_ended(process, deadline)


def _has_ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            break
        if process.poll() is None:
            _has_ended(process, time.monotonic() + GRACE)
    process.wait()
