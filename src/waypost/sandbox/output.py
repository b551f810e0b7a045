"""A command's output, in bounded memory."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

CHUNK = 1 << 16
_PIPE_CAPACITY = 1 << 16


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of an output: `dropped` bytes are missing after `data[:cut_at]`."""

    data: bytes
    dropped: int
    cut_at: int


class Keeper:
    """Keeps the head and the tail of a stream of bytes, at most `limit` bytes in all."""

    def __init__(self, limit: int) -> None:
        self._head_size = limit // 2
        self._tail_size = limit - self._head_size
        self._head = bytearray()
        self._tail = bytearray()
        self._forgotten = 0

    def add(self, data: bytes) -> None:
        """Takes the next bytes."""
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        # Cut rarely: moving the tail for every chunk would cost more than reading it.
        if len(self._tail) > 2 * self._tail_size + CHUNK:
            self._cut()

    def _cut(self) -> None:
        surplus = len(self._tail) - self._tail_size
        if surplus > 0:
            del self._tail[:surplus]
            self._forgotten += surplus

    def kept(self) -> Kept:
        """All that was kept until now."""
        self._cut()
        cut_at = len(self._head) if self._forgotten else 0
        return Kept(bytes(self._head + self._tail), self._forgotten, cut_at)


class PipeReader:
    """Reads a pipe into a keeper whenever the event loop finds something in it."""

    def __init__(self, descriptor: int, keeper: Keeper) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> int:
        try:
            data = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return 0
        if data:
            self._keeper.add(data)
        elif not self.ended.done():
            self._loop.remove_reader(self._descriptor)
            self.ended.set_result(None)
        return len(data)

    def drain(self) -> None:
        """Takes what stands in the pipe now, and no more: a background process may write for ever."""
        taken = 0
        while taken < _PIPE_CAPACITY and not self.ended.done():
            size = self._read()
            if not size:
                return
            taken += size

    def close(self) -> None:
        """Lets go of the pipe."""
        if not self.ended.done():
            self._loop.remove_reader(self._descriptor)
            self.ended.cancel()
        os.close(self._descriptor)
