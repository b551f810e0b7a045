"""`mailbox:DIR`: each request is written as a file and the answer awaited as a file.

So a person, or any other program, can be the model. NNNNNN is the request's ordinal:

- `NNNNNN.request.json` is the request whole; `NNNNNN.request.md` shows what is new in it.
- `NNNNNN.response.json` is the answer; what can't be understood becomes `NNNNNN.response.invalid-K.json`,
  with the reason in `NNNNNN.error.txt`, and the wait goes on.
- An answer to a request that has since become another one (after a rewind) becomes
  `NNNNNN.response.superseded-K.json`. One that lies there ready, before or after a crash, is taken.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.models.answers import EXAMPLE, BadAnswer, WrittenAnswer, parse_answer, respond
from waypost.models.clock import Clock
from waypost.models.codec import encode_request, request_to_json
from waypost.models.estimate import Estimator
from waypost.models.letters import README, letter
from waypost.models.model import BadModel
from waypost.wires.conversation import Delta, Request, Response

INTERVAL = 0.075  # seconds between two looks


class MailboxModel:
    """Asks through a folder. A person may take hours, so its silence is no failure (`unhurried`)."""

    unhurried = True

    def __init__(self, name: str, folder: Path, clock: Clock) -> None:
        """Makes the folder and its README.txt. Raises BadModel where that can't be."""
        self._name = name
        self._folder = folder
        self._clock = clock
        self._estimator = Estimator()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / "README.txt", README)
        except OSError as error:
            raise BadModel(
                f"{folder}: can't be a mailbox: {error.strerror}; name a folder that you may write to"
            ) from error

    @property
    def name(self) -> str:
        """`mailbox:DIR`."""
        return self._name

    def encode(self, request: Request) -> bytes:
        """The request as canonical JSON; the file holds the same, indented."""
        return encode_request(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """Writes the request, then waits for as long as the answer takes."""
        began = self._clock.monotonic_ns()
        self._post(request)
        answer = await self._await(request.ordinal)
        took = self._clock.monotonic_ns() - began
        response = respond(answer, request, self._estimator, took)
        for delta in response.deltas:
            yield delta
        yield response

    async def close(self) -> None:
        """Nothing to let go of."""

    def _file(self, ordinal: int, suffix: str) -> Path:
        return self._folder / f"{ordinal:06}.{suffix}"

    def _post(self, request: Request) -> None:
        """Leaves an answer that is there already, unless it was meant for another request of this number."""
        file = self._file(request.ordinal, "request.json")
        text = json.dumps(request_to_json(request), ensure_ascii=False, indent=1) + "\n"
        data = text.encode("utf-8", "backslashreplace")
        if file.exists() and file.read_bytes() != data:
            self._set_aside(request.ordinal, "superseded")
        before = self._file(request.ordinal - 1, "request.json") if request.ordinal else None
        _write(self._file(request.ordinal, "request.md"), letter(request, _messages(before)))
        _write_bytes(file, data)

    async def _await(self, ordinal: int) -> WrittenAnswer:
        file = self._file(ordinal, "response.json")
        refused: bytes | None = None
        while True:
            data = file.read_bytes() if file.is_file() else b""
            if data.strip():
                try:
                    answer = _read(data)
                except BadAnswer as error:
                    if data == refused:  # the same twice: no longer being written
                        self._refuse(ordinal, error)
                    refused = data
                else:
                    self._file(ordinal, "error.txt").unlink(missing_ok=True)
                    return answer
            await self._clock.sleep(INTERVAL)

    def _refuse(self, ordinal: int, error: BadAnswer) -> None:
        aside = self._set_aside(ordinal, "invalid")
        _write(
            self._file(ordinal, "error.txt"),
            f"{error}\n\nThe answer was renamed to {aside}; write {ordinal:06}.response.json again, "
            f"like this:\n\n{EXAMPLE}\n\nREADME.txt tells the rest.\n",
        )

    def _set_aside(self, ordinal: int, why: str) -> str:
        file = self._file(ordinal, "response.json")
        number = 1
        while (aside := self._file(ordinal, f"response.{why}-{number}.json")).exists():
            number += 1
        if file.exists():
            file.replace(aside)
        return aside.name


def _read(data: bytes) -> WrittenAnswer:
    try:
        parsed: Any = json.loads(data)
    except UnicodeDecodeError as error:
        raise BadAnswer(f"the answer is not UTF-8: {error}; save it as UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadAnswer(f"the answer is not JSON: {error}") from error
    answer = parse_answer(parsed)
    if not answer.text.strip() and not answer.calls:
        raise BadAnswer('the answer is empty: give "text", "calls" or both')
    cached = sum((answer.usage or {}).get(name, 0) for name in ("cached", "written"))
    if answer.usage and "input" in answer.usage and cached > answer.usage["input"]:
        return replace(answer, usage={**answer.usage, "input": cached})
    return answer


def _messages(file: Path | None) -> list[Any]:
    """The messages of the request before, as far as they can be told; none where it is not there."""
    if file is None or not file.is_file():
        return []
    try:
        messages = json.loads(file.read_bytes())["messages"]
    except (ValueError, KeyError, TypeError):
        return []  # somebody else's file: then all is new
    return messages if isinstance(messages, list) else []


def _write(file: Path, text: str) -> None:
    _write_bytes(file, text.encode("utf-8", "backslashreplace"))


def _write_bytes(file: Path, data: bytes) -> None:
    """Whole or not at all, so that who waits for the file never reads half of it."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(data)
    unfinished.replace(file)


if TYPE_CHECKING:
    from waypost.models.model import Model

    def _is_a_model(mailbox: MailboxModel) -> Model:
        return mailbox
