"""The line between the runtime and what holds a command: it tells the command's end and waits to be let go."""

from __future__ import annotations

import asyncio
import socket

ENDED = b"\0ended\n"
"""What the holder writes when the command's first process has ended. It then reads until the end of the line."""
_LONGEST = 1 << 16


class Control:
    """One end of a socket pair; the other one is the holder's standard error, so its complaints come here too."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._heard = bytearray()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[object] = self._loop.create_future()
        self._loop.add_reader(self._ours, self._read)

    @property
    def theirs(self) -> int:
        """The holder's end."""
        return self._theirs.fileno()

    def given(self) -> None:
        """The holder has its end now."""
        self._theirs.close()

    def _read(self) -> None:
        try:
            data = self._ours.recv(_LONGEST)
        except BlockingIOError:
            return
        except OSError:  # reset: the holder died
            data = b""
        self._heard += data[: _LONGEST - len(self._heard)]
        if not data or ENDED in self._heard or ENDED in data:
            self._loop.remove_reader(self._ours)
            if not self.ended.done():
                self.ended.set_result(None)

    @property
    def told(self) -> bool:
        """Whether the holder has told the end."""
        return ENDED in self._heard

    @property
    def complaint(self) -> str:
        """What the holder wrote beside that: why it failed."""
        return bytes(self._heard).replace(ENDED, b"").decode(errors="replace").strip()

    def let_go(self) -> None:
        """Lets the holder end."""
        if self._ours.fileno() >= 0:
            self._loop.remove_reader(self._ours)
            self._ours.close()

    def close(self) -> None:
        """Closes both ends."""
        self._theirs.close()
        self.let_go()
        if not self.ended.done():
            self.ended.cancel()


def started_by_shell(limits: str = "") -> tuple[str, ...]:
    """The words that hold the command after them, in the machine's sh; `limits` are `ulimit` commands.

    The command gets its standard error back. Signals that it sends to its own group leave the holder alive.
    """
    # In a subshell, so that what sh says of an end by a signal stays out of the command's output.
    script = (
        f'{limits}trap : HUP INT TERM; (exec "$@" 2>&1); code=$?; printf "\\0ended\\n" >&2; read -r go <&2; exit $code'
    )
    return ("/bin/sh", "-c", script, "sh")
