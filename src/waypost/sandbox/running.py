"""Running a command to its end, whatever holds it: output, time, limits, and what it left in the background."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from waypost.sandbox.control import Control
from waypost.sandbox.family import Adopted, Family, Marked, Spaced
from waypost.sandbox.launcher import Child
from waypost.sandbox.limits import Watch, size
from waypost.sandbox.output import Keeper, PipeReader
from waypost.sandbox.processes import Process, ending
from waypost.sandbox.sandbox import Command, Outcome, SandboxError, SpawnError
from waypost.sandbox.starting import Holder, Meanwhile, NotCovered, Start, spawn

_GRACE_AT_TIMEOUT = 2.0
_GRACE_AT_STOP = 3.0
_GRACE_IN_BACKGROUND = 1.0
_LAST_WORDS = 0.25
_BETWEEN_LOOKS = 0.05
_FATAL = frozenset(
    number
    for number in signal.Signals
    if number not in {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
)


async def run_to_its_end(command: Command, start: Start, on_started: Callable[[int], None] | None = None) -> Outcome:
    """Starts `start` for a command, and ends it with all that it started. Raises SpawnError."""
    begun = time.monotonic()
    mark = command.mark or f"unnamed/{os.urandom(16).hex()}"
    with ExitStack() as stack:
        control = None
        if start.holder is not Holder.NOBODY:
            control = Control()
            stack.callback(control.close)
        read_end, write_end = os.pipe()
        keeper = Keeper(command.output_limit)
        reader = PipeReader(read_end, keeper)
        stack.callback(reader.close)
        try:
            process = spawn(start, command, mark, write_end, control)
        finally:
            os.close(write_end)
        running = _Running(command, start, process, mark, reader, control)
        stack.callback(running.close)
        if control is not None and start.walls is not None:
            running.build(start.walls, control)
        timed_out = await running.to_its_end(on_started)
    if control is not None and not control.told and (complaint := _own(control.complaint)):
        kind = NotCovered if "covering: " in complaint else SpawnError
        raise kind(f"{command.argv[0]}: not started: {complaint}")
    kept = keeper.kept()
    code, number = _ended(process.returncode, start.holder)
    return Outcome(
        exit=code,
        signal=number,
        timed_out=timed_out,
        seconds=time.monotonic() - begun,
        output=kept.data,
        dropped=kept.dropped,
        cut_at=kept.cut_at,
        left_running=() if timed_out or running.limit else running.left,
        limit=running.limit or _file_limit(number, start),
    )


def _own(complaint: str) -> str:
    """What a holder's tools said of their own failure; not what sh says of the command's end."""
    ours = ("bwrap: ", "nsenter: ", "landlock: ", "launcher: ", "covering: ", "walls: ", "sandbox-exec: ")
    return "; ".join(line for line in complaint.splitlines() if line.startswith(ours))


def _ended(code: int | None, holder: Holder) -> tuple[int | None, int | None]:
    """Exit code and signal. Through bubblewrap and sh, an end by signal n is told as exit 128 + n."""
    if code is None:
        return None, None
    if code < 0:
        return None, -code
    if holder is Holder.NAMESPACE and code - 128 in _FATAL:
        return None, code - 128
    return code, None


def _file_limit(number: int | None, start: Start) -> str:
    if number != signal.SIGXFSZ or start.limits is None or start.limits.file_size is None:
        return ""
    return f"file size ({size(start.limits.file_size)})"


class _Running:
    """A command's processes from the start to the last one's end."""

    def __init__(
        self,
        command: Command,
        start: Start,
        process: subprocess.Popen[bytes] | Child,
        mark: str,
        reader: PipeReader,
        control: Control | None,
    ) -> None:
        self._command = command
        self._start = start
        self._process = process
        self._reader = reader
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._closing = ExitStack()
        self._exited = self._watch_exit()
        self._family = self._find_family(mark)
        self._watch = Watch(start.limits, self._family.living, start.private) if start.limits else None
        self.left: tuple[str, ...] = ()
        self.limit = ""

    def _find_family(self, mark: str) -> Family:
        marked = Marked(self._process.pid, mark, self._exited.done)
        match self._start.holder:
            case Holder.NAMESPACE:
                return Spaced(self._process.pid, guarded=True)
            case Holder.FIRST:
                return Spaced(self._process.pid, guarded=False)
            case Holder.ADOPTER:
                return Adopted(self._process.pid, marked)
        return marked

    def _watch_exit(self) -> asyncio.Future[object]:
        if sys.platform != "linux":
            return self._loop.run_in_executor(None, self._process.wait)
        return self._end_of(self._process.pid, self._closing)

    def _end_of(self, pid: int, stack: ExitStack) -> asyncio.Future[object]:
        # Cheaper than asyncio's own processes, which take a thread each on Python 3.11.
        future: asyncio.Future[object] = self._loop.create_future()
        descriptor = os.pidfd_open(pid)
        stack.callback(os.close, descriptor)
        stack.callback(self._loop.remove_reader, descriptor)

        def has_ended() -> None:
            self._loop.remove_reader(descriptor)
            if not future.done():
                future.set_result(None)

        self._loop.add_reader(descriptor, has_ended)
        return future

    def build(self, walls: Meanwhile, control: Control) -> None:
        """Has walls built while the holder starts. Raises SpawnError."""
        try:
            walls.begin(self._process.pid, control)
        except SpawnError:
            self._end_at_once()
            raise
        control.on_ready = walls.finish

    async def to_its_end(self, on_started: Callable[[int], None] | None) -> bool:
        """Waits for the end, or brings it about; says whether the time was up."""
        try:
            if on_started is not None:
                on_started(self._process.pid)
            timed_out = await self._wait()
            await self._settle()
            await self._let_go()
        except SandboxError:
            raise  # there is what can't be ended
        except BaseException:
            try:
                await self._end_all(_GRACE_AT_TIMEOUT)
            finally:
                self._end_at_once()
            raise
        return timed_out

    async def _wait(self) -> bool:
        """Until the command has ended by itself, by its limits, its time or because it was asked to."""
        ended: set[asyncio.Future[object]] = {self._exited}
        if self._control is not None:
            ended.add(self._control.ended)
        asked = self._loop.create_future() if self._command.stop is None else self._asked_to_stop(self._command.stop)
        try:
            deadline = time.monotonic() + self._command.timeout
            while not any(one.done() for one in ended):
                left = deadline - time.monotonic()
                if left <= 0 or asked.done() or self._breaks_limits():
                    return await self._bring_to_its_end(timed_out=left <= 0)
                pause = left if self._watch is None else min(left, _BETWEEN_LOOKS)
                await asyncio.wait({*ended, asked}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
        return False

    def _asked_to_stop(self, stop: asyncio.Event) -> asyncio.Future[object]:
        async def wait() -> object:
            return await stop.wait()

        return asyncio.ensure_future(wait())

    def _breaks_limits(self, *, now: bool = False) -> bool:
        if self._watch is not None and not self.limit:
            self.limit = self._watch.broken(now=now)
        return bool(self.limit)

    async def _bring_to_its_end(self, *, timed_out: bool) -> bool:
        if self.limit:
            await self._end_all(0.0)  # no grace: it would use more of what there is too little of
        else:
            await self._end_all(_GRACE_AT_TIMEOUT if timed_out else _GRACE_AT_STOP)
        return timed_out and not self.limit

    async def _settle(self) -> None:
        """After the first process's end: takes the last output and ends what runs in the background."""
        self._reader.drain()
        if self._control is None:
            if not self._reader.ended.done():
                # `> >(tee log)` and the like write their last words after the shell has gone.
                await asyncio.wait({self._reader.ended}, timeout=_LAST_WORDS)
        else:
            # The holder keeps the pipe open, so its end can't be waited for; but descendants are quickly found.
            deadline = time.monotonic() + _LAST_WORDS
            while not self._breaks_limits() and self._family.living(1) and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
        # What breaks a limit in the background gets no grace: a fork bomb's first process ends at once.
        grace = 0.0 if self.limit or self._breaks_limits(now=True) else _GRACE_IN_BACKGROUND
        ended = await self._end_all(grace)
        self._reader.drain()
        self.left = tuple(process.command for process in ended)

    async def _let_go(self) -> None:
        """Lets the holder end, and sees to it that it does."""
        if self._control is None:
            return
        # It may be about to tell: let go before that, it would lose the command's exit code.
        ended: set[asyncio.Future[object]] = {self._control.ended, self._exited}
        await asyncio.wait(ended, timeout=2.0, return_when=asyncio.FIRST_COMPLETED)
        with ExitStack() as stack:
            gone = {self._exited, *self._gone_with_its_space(stack)}
            self._control.let_go()
            await asyncio.wait(gone, timeout=2.0)
            if not self._exited.done():
                self._end_at_once()
                await asyncio.wait(gone, timeout=2.0)
        self._reader.drain()

    def _gone_with_its_space(self, stack: ExitStack) -> Iterator[asyncio.Future[object]]:
        """The end of a namespace's first process: then its mounts are gone, which makes folders slow to remove."""
        first = self._family.first if isinstance(self._family, Spaced) else 0
        with suppress(ProcessLookupError):
            if first:
                yield self._end_of(first, stack)

    async def _end_all(self, grace: float, ended: dict[int, Process] | None = None) -> list[Process]:
        """Ends what lives, at once if it breaks a limit meanwhile."""
        ended = {} if ended is None else ended
        for pause in ending(self._family.living, grace, ended, self._family.kill):
            if grace and self._breaks_limits():
                return await self._end_all(0.0, ended)
            await asyncio.sleep(pause)
        if self._control is None and not self._exited.done():
            await asyncio.wait({self._exited}, timeout=1.0)
        return list(ended.values())

    def _end_at_once(self) -> None:
        for pause in ending(self._family.living, 0.0, None, self._family.kill):
            time.sleep(pause)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        until = time.monotonic() + 1.0
        while self._process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)

    def close(self) -> None:
        """Reaps the first process. Only now: until then its id, and so the session's, can't be another's."""
        self._closing.close()
        if self._exited.done():
            self._process.wait()
