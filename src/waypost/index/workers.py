"""Worker processes that parse: started once, niced, ended when a file hangs or crashes them, and started again."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from waypost.index.analysing import PARSER, Outcome, Task
from waypost.index.contents import LARGEST, Stamp
from waypost.index.errors import WorkersFailed
from waypost.index.packing import Packed
from waypost.index.worker_program import LENGTH, write_frame

BATCH = 16
"""Files that a worker is given at once; the next batch is on its way before these are done."""
SECONDS = 5.0
"""CPU time for one file, in a worker."""
MOST = 4
PATIENCE = 12
"""Times the CPU limit that a file may take by the clock: a worker may have to wait for a busy machine."""
STARTS = 3
"""Workers that may end in a row before they have looked at anything."""


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    pending: deque[Task] = field(default_factory=deque)
    buffer: bytearray = field(default_factory=bytearray)
    at: str | None = None
    since: float = 0.0
    is_overdue: bool = False
    has_worked: bool = False

    def frames(self) -> Iterator[Any]:
        """The whole frames that have come in."""
        import marshal

        start = 0
        while len(self.buffer) - start >= LENGTH.size:
            (size,) = struct.unpack_from("<I", self.buffer, start)
            end = start + LENGTH.size + size
            if len(self.buffer) < end:
                break
            yield marshal.loads(memoryview(self.buffer)[start + LENGTH.size : end])  # noqa: S302 - our own process
            start = end
        del self.buffer[:start]


@dataclass(slots=True)
class Workers:
    """A few processes that look at files below `root`. Not safe for threads."""

    root: Path
    count: int = 0
    largest: int = LARGEST
    parser: str = PARSER
    seconds: float = SECONDS
    quarantined: dict[bytes, str] = field(default_factory=dict)
    _workers: list[_Worker] = field(default_factory=list)
    _failures: int = 0
    _retried: set[str] = field(default_factory=set)

    def run(self, tasks: Iterable[Task]) -> Generator[Outcome, None, None]:
        """Looks at the files, in no certain order; every task has one outcome. Raises WorkersFailed.

        A file that hangs or crashes a worker comes back in windows, with the reason; one that crashes it is tried
        twice, as the system may have ended the worker for reasons of its own.
        """
        queue = deque(tasks)
        self._retried.clear()
        is_done = False
        try:
            while queue or any(worker.pending for worker in self._workers):
                self._feed(queue)
                for worker in self._ready():
                    yield from self._hear(worker, queue)
            is_done = True
        finally:
            if not is_done:
                self.close()

    def close(self) -> None:
        """Ends the processes, whatever they are doing."""
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    # --- giving -------------------------------------------------------------------------------------------------------

    def _feed(self, queue: deque[Task]) -> None:
        wanted = min(self.count or min(MOST, os.cpu_count() or 1), (len(queue) + BATCH - 1) // BATCH)
        while len(self._workers) < wanted:
            self._workers.append(self._start())
        for worker in self._workers:
            while queue and len(worker.pending) <= BATCH:
                batch = [queue.popleft() for _ in range(min(BATCH, len(queue)))]
                worker.pending.extend(batch)
                self._give(worker, batch)

    def _give(self, worker: _Worker, batch: list[Task]) -> None:
        assert worker.process.stdin is not None
        try:
            write_frame(worker.process.stdin, ([tuple(task) for task in batch], self.quarantined))
            worker.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: its output says so, and its files go to another
        worker.since = time.monotonic()

    def _start(self) -> _Worker:
        path = os.pathsep.join(entry for entry in sys.path if Path(entry).is_absolute())
        program = [sys.executable, "-P", "-m", "waypost.index.worker_program"]
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its worker
        try:
            process = subprocess.Popen(
                [*program, str(self.root), str(self.largest), self.parser, str(self.seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                cwd="/",
            )
        except OSError as problem:
            stderr.close()
            raise WorkersFailed(f"{sys.executable}: no worker process can be started: {problem.strerror}") from problem
        return _Worker(process, stderr)

    # --- hearing ------------------------------------------------------------------------------------------------------

    def _ready(self) -> list[_Worker]:
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                assert worker.process.stdout is not None
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
            ready = [key.data for key, _ in selector.select(timeout=0.5)]
        if not ready:
            self._end_overdue()
        return ready

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.pending and now - worker.since > self.seconds * PATIENCE:
                worker.is_overdue = True
                worker.process.kill()

    def _hear(self, worker: _Worker, queue: deque[Task]) -> Iterator[Outcome]:
        assert worker.process.stdout is not None
        data = os.read(worker.process.stdout.fileno(), 1 << 20)
        if not data:
            self._bury(worker, queue)
            return
        worker.buffer += data
        worker.since = time.monotonic()
        for frame in worker.frames():
            worker.has_worked, self._failures = True, 0
            if frame[0] == "at":
                worker.at = frame[1]
                continue
            worker.pending.popleft()
            worker.at = None
            yield _outcome(frame[1])

    def _bury(self, worker: _Worker, queue: deque[Task]) -> None:
        """Takes the files of a worker that has ended back, but for the one that it ended on."""
        code = worker.process.wait()
        worker.stderr.seek(max(0, os.fstat(worker.stderr.fileno()).st_size - 2000))
        said = worker.stderr.read().decode(errors="replace").strip().rpartition("\n")[2]
        at, pending = worker.at, worker.pending
        self._workers.remove(worker)
        _end(worker)
        if at is not None or worker.is_overdue:
            task = pending.popleft()
            queue.appendleft(self._second_try(task, code, worker.is_overdue, said))
        elif not worker.has_worked or not pending:
            self._failures += 1
            if self._failures >= STARTS:
                raise WorkersFailed(f"worker processes end at once (exit {code}): {said or 'they said nothing'}")
        queue.extendleft(reversed(pending))

    def _second_try(self, task: Task, code: int, is_overdue: bool, said: str) -> Task:
        if is_overdue or code == -signal.SIGPROF:
            return task._replace(windows_only=f"the grammar took more than {self.seconds:g} s of CPU time")
        if task.path not in self._retried:
            self._retried.add(task.path)
            return task
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
        return task._replace(windows_only=f"the grammar ended its process {how}" + (f": {said}" if said else ""))


def _outcome(fields: tuple[Any, ...]) -> Outcome:
    outcome = Outcome(*fields)
    stamp, packed = outcome.stamp, outcome.packed
    return outcome._replace(stamp=stamp and Stamp(*stamp), packed=packed and Packed(*packed))


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.wait()
    for stream in (worker.process.stdin, worker.process.stdout, worker.stderr):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):  # nobody reads what was left for it
                stream.close()
