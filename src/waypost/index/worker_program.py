"""The program of a worker process: reads tasks from standard input, writes outcomes to standard output.

Frames are a length of four bytes and a marshalled tuple. It says which file it is about to parse before it does, so
that the one who started it knows which file it hung or died on.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import struct
import sys
from typing import IO, Any

from waypost.index.analysing import Analysis, Task
from waypost.index.contents import Stamp
from waypost.index.packing import Packed

MEMORY = 1 << 30
"""Bytes of address space that a worker may take: a file that needs more is quarantined."""
LENGTH = struct.Struct("<I")


def read_frame(stream: IO[bytes]) -> Any:
    """The next frame; None at the end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return marshal.loads(stream.read(LENGTH.unpack(head)[0]))  # noqa: S302 - from the process that started this one


def write_frame(stream: IO[bytes], value: Any) -> None:
    """Writes a frame of plain values."""
    body = marshal.dumps(value)
    stream.write(LENGTH.pack(len(body)) + body)


def main() -> int:
    """Works until standard input ends. Its arguments: root, largest file, parser, CPU-seconds for a file.

    A file that takes longer ends the process by SIGPROF, which needs nobody's help: not even that of a grammar that
    never comes back, nor of the process that started this one and may be gone.
    """
    _be_modest()
    inlet, outlet = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    root = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
    analysis = Analysis(root, largest=int(sys.argv[2]), parser=sys.argv[3])
    seconds = float(sys.argv[4])

    def before(path: str, digest: bytes) -> None:
        write_frame(outlet, ("at", path, digest))
        outlet.flush()
        signal.setitimer(signal.ITIMER_PROF, seconds)

    analysis.before_parsing = before
    analysis.load()
    while (batch := read_frame(inlet)) is not None:
        tasks, known = batch
        analysis.quarantined = known
        for fields in tasks:
            outcome = analysis.look(Task(*fields))
            signal.setitimer(signal.ITIMER_PROF, 0)
            plain = [tuple(part) if isinstance(part, Stamp | Packed) else part for part in outcome]
            write_frame(outlet, ("done", tuple(plain)))
        outlet.flush()
    return 0


def _be_modest() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(5)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
