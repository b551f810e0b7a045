"""Runs commands as they are, with limits but without walls.

What a command starts is found again by session and by environment mark. A process that both leaves the
session and wipes its environment is not: only a process namespace catches that one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from waypost.sandbox.output import Keeper, PipeReader
from waypost.sandbox.processes import Process, Wanted, ending, every_pid, find
from waypost.sandbox.sandbox import MARK, Command, Outcome, SpawnError
from waypost.sandbox.walls import Level

_GRACE_AT_TIMEOUT = 2.0
_GRACE_IN_BACKGROUND = 1.0
_LAST_WORDS = 0.25
_LOOK_AT_ALL_AFTER = 1.0


class PlainSandbox:
    """Runs each command in a session of its own, on this machine, as this user."""

    @property
    def level(self) -> Level:
        """See Sandbox.level."""
        return Level.NONE

    async def run(self, command: Command, on_started: Callable[[int], None] | None = None) -> Outcome:
        """See Sandbox.run. Adds about half a millisecond to the bare process."""
        begun = time.monotonic()
        mark = command.mark or f"unnamed/{os.urandom(16).hex()}"
        with ExitStack() as stack:
            read_end, write_end = os.pipe()
            keeper = Keeper(command.output_limit)
            reader = PipeReader(read_end, keeper)
            stack.callback(reader.close)
            try:
                process = _spawn(command, mark, write_end)
            finally:
                os.close(write_end)
            running = _Running(process, Wanted(mark, session=process.pid), reader, begun)
            stack.callback(running.close)
            timed_out = await running.to_its_end(command.timeout, on_started)
        kept = keeper.kept()
        code = process.returncode
        return Outcome(
            exit=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            timed_out=timed_out,
            seconds=time.monotonic() - begun,
            output=kept.data,
            dropped=kept.dropped,
            cut_at=kept.cut_at,
            left_running=() if timed_out else running.left,
        )


def _spawn(command: Command, mark: str, write_end: int) -> subprocess.Popen[bytes]:
    if not command.folder.is_dir():
        raise SpawnError(f"{command.folder}: no such folder to run a command in")
    with ExitStack() as stack:
        standard_input: int = subprocess.DEVNULL
        if command.stdin:
            import tempfile

            # A file and not a pipe: nothing to pump, and a command that never reads can't block us.
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(command.stdin)
            file.seek(0)
            standard_input = file.fileno()
        try:
            return subprocess.Popen(
                command.argv,
                cwd=command.folder,
                env={**command.variables, MARK: mark},
                stdin=standard_input,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
                pass_fds=command.pass_fds,
            )
        except OSError as error:
            mend = "; put the long text into a file and name the file" if error.errno == 7 else ""
            raise SpawnError(f"{command.argv[0]}: not started: {error.strerror}{mend}") from error
        except ValueError as error:  # a NUL in an argument or a variable
            raise SpawnError(f"{command.argv[0]}: not started: {error}") from error


class _Running:
    """A command's processes from the start to the last one's end."""

    def __init__(self, process: subprocess.Popen[bytes], wanted: Wanted, reader: PipeReader, begun: float) -> None:
        self._process = process
        self._wanted = wanted
        self._reader = reader
        self._begun = begun
        self._loop = asyncio.get_running_loop()
        self._descriptor = -1
        self._exited = self._watch()
        self.left: tuple[str, ...] = ()

    def _watch(self) -> asyncio.Future[object]:
        if sys.platform != "linux":
            return self._loop.run_in_executor(None, self._process.wait)
        # Cheaper than asyncio's own processes, which take a thread each on Python 3.11.
        future: asyncio.Future[object] = self._loop.create_future()
        self._descriptor = os.pidfd_open(self._process.pid)
        self._loop.add_reader(self._descriptor, self._has_exited, future)
        return future

    def _has_exited(self, future: asyncio.Future[object]) -> None:
        self._loop.remove_reader(self._descriptor)
        if not future.done():
            future.set_result(None)

    async def to_its_end(self, limit: float, on_started: Callable[[int], None] | None) -> bool:
        """Waits for the end, or brings it about; says whether the time, `limit` seconds, was up."""
        try:
            if on_started is not None:
                on_started(self._process.pid)
            await asyncio.wait({self._exited}, timeout=limit)
            timed_out = not self._exited.done()
            if timed_out:
                await self._end_all(_GRACE_AT_TIMEOUT)
            await self._settle()
        except BaseException:
            try:
                await self._end_all(_GRACE_AT_TIMEOUT)
            finally:
                self._end_at_once()
            raise
        return timed_out

    async def _settle(self) -> None:
        """After the first process's end: takes the last output and ends what runs in the background."""
        self._reader.drain()
        if not self._reader.ended.done():
            # `> >(tee log)` and the like write their last words after the shell has gone.
            await asyncio.wait({self._reader.ended}, timeout=_LAST_WORDS)
        ended = await self._end_all(_GRACE_IN_BACKGROUND)
        self._reader.drain()
        self.left = tuple(process.command for process in ended)

    async def _end_all(self, grace: float) -> list[Process]:
        ended: dict[int, Process] = {}
        for pause in ending(self._search, grace, ended):
            await asyncio.sleep(pause)
        if not self._exited.done():
            await asyncio.wait({self._exited}, timeout=1.0)
        return list(ended.values())

    def _end_at_once(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pause in ending(self._search, 0.0):
            time.sleep(pause)

    def _search(self) -> list[Process]:
        if sys.platform != "linux":
            return find(self._wanted)
        first = self._process.pid
        # Ids are given in turn, so in a short time all descendants' lie between the first one and the last
        # one given; in a longer time they may have gone round.
        if time.monotonic() - self._begun > _LOOK_AT_ALL_AFTER:
            return find(self._wanted)
        last = _last_pid()
        if self._exited.done() and last == first:
            return []
        if last < first:
            return find(self._wanted, [pid for pid in every_pid() if pid >= first or pid <= last])
        return find(self._wanted, [pid for pid in every_pid() if first <= pid])

    def close(self) -> None:
        """Reaps the first process. Only now: until then its id, and so the session's, can't be another's."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
        if self._exited.done():
            self._process.wait()


def _last_pid() -> int:
    """The id that was given last, as /proc tells it; 0 if it doesn't."""
    fields = Path("/proc/loadavg").read_bytes().split()
    return int(fields[-1]) if fields else 0
