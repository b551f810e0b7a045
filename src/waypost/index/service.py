"""The index in a process of its own: what a foreign file does to a grammar there ends no run, and blocks no loop."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from waypost.index.errors import BadQuestion, IndexProblem

LONGEST = 8 << 20
"""Bytes of an answer."""
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from waypost.index.service_program import main; main()"


class ServiceGone(IndexProblem):
    """The index's process ended while it was asked, twice."""


class StillBusy(IndexProblem):
    """The answer is not there yet: the index is being made, or the question is a long one."""


class Service:
    """Asks an index that lies at `place` about the files below `root`. The process is started at the first question.

    `variables` is its environment; `seed` is another index, of a like tree, that a new one begins as.
    """

    def __init__(self, root: Path, place: Path, variables: Mapping[str, str], seed: Path | None = None) -> None:
        self.root, self.place, self.variables, self.seed = root, place, variables, seed
        self.progress: tuple[int, int] = (0, 0)
        """Files done and to do, of the update under way."""
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does

    @property
    def exists(self) -> bool:
        """Whether an index is there, or one that it can begin as."""
        return self.place.exists() or (self.seed is not None and self.seed.is_file())

    async def ask(self, question: str, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer as JSON. Raises BadQuestion, StillBusy after so many seconds, ServiceGone, IndexProblem."""
        said = ""
        for _ in range(2):
            try:
                return await self._ask_once(question, arguments, seconds)
            except _Ended as ended:
                said = str(ended)
        raise ServiceGone(f"the index's process ended twice on this question{said}; ask another way, or use `find`")

    async def _ask_once(self, question: str, arguments: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        process = await self._living()
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([number, question, dict(arguments)]).encode() + b"\n")
            await process.stdin.drain()
            found = await asyncio.wait_for(asyncio.shield(answer), seconds)
        except TimeoutError:
            done, wanted = self.progress
            told = f"{done:,} of {wanted:,} files are in it" if wanted else "no answer yet"
            raise StillBusy(f"the index is still at work ({told} after {seconds:g} s); ask again later") from None
        except (BrokenPipeError, ConnectionResetError):
            raise _Ended(self._last_words()) from None
        finally:
            self._waiting.pop(number, None)
        if "problem" in found:
            raise (BadQuestion if found.get("is_bad_question") else IndexProblem)(found["problem"])
        return dict(found["answer"])

    async def _living(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._errors.seek(0)
                self._errors.truncate()
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-c", _PROGRAM, str(Path(__file__).parents[2])),
                    *(str(self.root), str(self.place), str(self.seed or "")),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=self._errors,
                    env={**self.variables, "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", "")},
                    limit=LONGEST,
                    start_new_session=True,
                )
                self._listening = asyncio.create_task(self._listen(self._process))
            return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                number, told = json.loads(line)
                if number == 0:
                    self.progress = (told[0], told[1])
                elif (waiting := self._waiting.get(number)) is not None and not waiting.done():
                    waiting.set_result(told)
        except ValueError:  # not our program's words, or far too many of them
            process.kill()
        await process.wait()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(_Ended(self._last_words()))

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return f" ({lines[-1][:200]})" if lines else ""

    async def close(self) -> None:
        """Ends the process; an update under way is broken off, and gone on with by the next one."""
        process, listening = self._process, self._listening
        if process is None or listening is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
        with suppress(asyncio.CancelledError):
            await listening


class _Ended(Exception):
    """The process ended before it answered."""


def answers(respond: Callable[[str, dict[str, Any]], dict[str, Any]], line: bytes) -> tuple[int, dict[str, Any]]:
    """One request's number and answer, as the program sends them."""
    number, question, arguments = json.loads(line)
    try:
        return number, {"answer": respond(question, arguments)}
    except IndexProblem as problem:
        return number, {"problem": str(problem), "is_bad_question": isinstance(problem, BadQuestion)}
