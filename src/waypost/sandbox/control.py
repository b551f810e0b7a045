"""The line between the runtime and what holds a command: it tells the command's end and waits to be let go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

ENDED = b"\0ended\n"
"""What the holder writes when the command's first process has ended. It then reads until the end of the line."""
READY = b"\0ready\n"
"""What a holder writes that waits for "go" before it starts the command."""
_LONGEST = 1 << 16


class Control:
    """One end of a socket pair; the other one is the holder's standard error, so its complaints come here too."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._heard = bytearray()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[object] = self._loop.create_future()
        self.on_ready: Callable[[], None] | None = None
        self._loop.add_reader(self._ours, self._read)

    @property
    def ours(self) -> int:
        """This end."""
        return self._ours.fileno()

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
        if self.on_ready is not None and READY in self._heard:
            on_ready, self.on_ready = self.on_ready, None
            on_ready()
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
        return bytes(self._heard).replace(ENDED, b"").replace(READY, b"").decode(errors="replace").strip()

    def tell(self, word: bytes) -> None:
        """Says something to the holder, if it is still there."""
        with suppress(OSError):
            self._ours.send(word, socket.MSG_NOSIGNAL)

    def refuse(self, complaint: str) -> None:
        """Makes a holder that waits for "go" end, and says why."""
        self._heard += f"{complaint}\n".encode()
        with suppress(OSError):
            self._ours.shutdown(socket.SHUT_WR)

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


def started_by_shell(folder: str, limits: str = "", *, waits: bool = False) -> tuple[str, ...]:
    """The words that hold the command after them, in the machine's sh; `limits` are `ulimit` commands.

    The command gets its standard error back, and starts in `folder`. Signals that it sends to its own group leave the
    holder alive. If it `waits`, it says when it is ready, and starts nothing before it is told to go. Only then does it
    enter the folder: a folder entered earlier would be the one below what is mounted meanwhile.
    """
    # In a subshell, so that what sh says of an end by a signal stays out of the command's output.
    script = (
        'cd -- "$1" 2>/dev/null || { echo "walls: no folder $1 behind them" >&2; exit 126; }; shift; unset OLDPWD; '
        f'{limits}trap : HUP INT TERM; (exec "$@" 2>&1); code=$?; printf "\\0ended\\n" >&2; read -r go <&2; exit $code'
    )
    if waits:
        said = 'printf "\\0ready\\n" >&2; read -r waypost_told <&2; test "$waypost_told" = go || exit 126; '
        script = f"{said}unset waypost_told; {script}"
    return ("/bin/sh", "-c", script, "sh", folder)
