"""The warm process's own program: it waits for requests on its line, and forks for each.

A request is one message: a verb, and descriptors, the first of which is a file with a dictionary as `marshal` writes it
(read quicker than JSON). It is answered by `pid N` or `error TEXT`. The verbs:

- `hold` turns a fork into a command inside Landlock (see `landlock_launcher`); the fork is the runtime's own child.
- `cover` mounts what bubblewrap was not told of into its namespace (see `covering`).

It has one thread, imports nothing but these two and what they need, and never runs what the request names itself.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys
from _socket import CMSG_LEN, SCM_RIGHTS, SOL_SOCKET, socket

from waypost.sandbox import covering, landlock_launcher
from waypost.sandbox.landlock_rules import Rulesets
from waypost.sandbox.system_calls import KILL, SET_DEATH_SIGNAL, forked_for_parent, prctl, reap

TYPE_CHECKING = False  # importing typing takes longer than the rest
if TYPE_CHECKING:
    from typing import Any, NoReturn

_LONGEST = 1 << 12
_MOST_DESCRIPTORS = 253  # SCM_MAX_FD


def main() -> NoReturn:
    """Serves until the line ends."""
    runtime = int(sys.argv[2])
    prctl(SET_DEATH_SIGNAL, KILL)
    if os.getppid() != runtime:
        os._exit(1)  # it died before the signal was set
    line = socket(fileno=0)
    rulesets = Rulesets()
    while True:
        verb, descriptors = _received(line)
        if not verb:
            os._exit(0)
        reap()
        try:
            line.send(b"pid %d" % _started(verb, descriptors, rulesets, runtime))
        except (OSError, ValueError, KeyError) as error:
            line.send(f"error launcher: {error}".encode()[:_LONGEST])
        for descriptor in descriptors:
            os.close(descriptor)


def _received(line: socket) -> tuple[bytes, list[int]]:
    verb, told, _, _ = line.recvmsg(_LONGEST, CMSG_LEN(_MOST_DESCRIPTORS * 4))
    found: list[int] = []
    for level, kind, data in told:
        if level == SOL_SOCKET and kind == SCM_RIGHTS:
            found += (number for (number,) in struct.iter_unpack("i", data[: len(data) // 4 * 4]))
    return verb, found


def _started(verb: bytes, descriptors: list[int], rulesets: Rulesets, runtime: int) -> int:
    with open(descriptors[0], "rb", closefd=False) as file:
        request: dict[str, Any] = marshal.load(file)
    if verb == b"hold":
        ruleset = rulesets.of(request)
        pid = forked_for_parent()
        if pid == 0:
            landlock_launcher.hold(request, ruleset, descriptors[1:], runtime)
        return pid
    pid = os.fork()
    if pid == 0:
        covering.cover(request, *descriptors[1:])
    return pid
