"""A warm process that starts others' work: forked in a millisecond, where a new interpreter would take twenty.

It is started once, with an empty environment and no descriptor but its line, and dies with the runtime. What it is
asked is told by `launcher_program.py`. Should it be killed, the next one to ask starts it again.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from waypost.sandbox.sandbox import SpawnError

_PATIENCE = 10_000  # milliseconds
_LONGEST = 1 << 12
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from waypost.sandbox.launcher_program import main; main()"


class LauncherGone(SpawnError):
    """The launcher was killed, or gives no answer."""


class Child:
    """A process that the launcher started as a child of this one; to be used as a Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code if it has ended, as subprocess has it."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._reap(0)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # somebody else in this process was told its end
                return None
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class _Process:
    """One launcher's process. It is told to end by the end of its line."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()  # it dies with the thread that starts it (PR_SET_PDEATHSIG)
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).parents[2])
        try:
            self._popen = subprocess.Popen(
                (os.path.realpath(sys.executable), "-I", "-S", "-c", _PROGRAM, root, str(os.getpid())),
                cwd="/",
                env={},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self.line.close()
            raise LauncherGone(f"{sys.executable}: not started: {error.strerror}") from error
        finally:
            theirs.close()
        self.pid = self._popen.pid

    @property
    def lives(self) -> bool:
        return self._popen.poll() is None and self.thread == threading.get_ident()

    def end(self) -> None:
        self.line.close()
        with suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGKILL)
        self._popen.wait()


class Launcher:
    """Asks the warm process, which is started at once and again when it was killed."""

    def __init__(self) -> None:
        self._processes: list[_Process] = []
        weakref.finalize(self, _end_all, self._processes)
        with suppress(LauncherGone):
            self._processes.append(_Process())  # told by the first one who asks

    @property
    def pid(self) -> int:
        """The process that is asked now; 0 if there is none."""
        return self._processes[-1].pid if self._processes else 0

    def ask(self, verb: str, request: dict[str, object], descriptors: tuple[int, ...]) -> int:
        """Has a request done by a process of its own, whose id is returned. Raises SpawnError, LauncherGone."""
        process = self._living()
        with os.fdopen(os.memfd_create("request", os.MFD_CLOEXEC), "wb") as file:
            file.write(marshal.dumps(request))
            file.flush()
            file.seek(0)
            answer = _asked(process.line, verb, (file.fileno(), *descriptors))
        word, _, told = answer.decode(errors="replace").partition(" ")
        if word == "pid":
            return int(told)
        if word == "error":
            raise SpawnError(told)
        process.end()
        raise LauncherGone("the process that starts commands was killed meanwhile, so nothing was run; run it again")

    def _living(self) -> _Process:
        if not self._processes or not self._processes[-1].lives:
            _end_all(self._processes)
            self._processes.append(_Process())
        return self._processes[-1]


def _asked(line: socket.socket, verb: str, descriptors: tuple[int, ...]) -> bytes:
    """The answer; nothing if there is none."""
    try:
        socket.send_fds(line, [verb.encode()], list(descriptors))
        waiting = select.poll()
        waiting.register(line, select.POLLIN)
        return line.recv(_LONGEST) if waiting.poll(_PATIENCE) else b""
    except (BrokenPipeError, ConnectionResetError):
        return b""


def _end_all(processes: list[_Process]) -> None:
    while processes:
        processes.pop().end()
