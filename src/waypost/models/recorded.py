"""`recorded:FILE`: a genuine earlier run's answers, played back against the real tools.

JSON lines, gzipped where the name ends in `.gz`: first `{"waypost_recording": 1, "model": ..., "note": ...}`,
then for each answer `{"ordinal", "request_digest", "messages", "response"}`, ordinals from 0 without gaps.
The response is whole: opaque reasoning, usage, and all deltas with their times.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.models.clock import NANOSECONDS, Clock, SystemClock
from waypost.models.codec import BadEncoding, canonical, encode_request, response_from_json, response_to_json
from waypost.models.model import BadModel
from waypost.wires.conversation import Delta, Request, Response

VERSION = 1


@dataclass(frozen=True, slots=True)
class Header:
    """Who answered in the recorded run, and what a person should know of it."""

    model: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One answer; `messages` counts its request's, `request_digest` is what the log says of it, in hex."""

    ordinal: int
    request_digest: str
    messages: int
    response: Response


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory; an answer's line is decoded when it is asked for, so that opening is quick."""

    path: Path
    header: Header
    lines: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[RecordedAnswer]:
        return (self.answer(ordinal) for ordinal in range(len(self.lines)))

    def answer(self, ordinal: int) -> RecordedAnswer:
        """The answer with this number, from 0. Raises BadModel with the file's line."""
        where = f"{self.path}:{ordinal + 2}"
        data = _object(self.lines[ordinal], where)
        try:
            found = RecordedAnswer(
                int(data["ordinal"]),
                str(data.get("request_digest", "")),
                int(data.get("messages", 0)),
                response_from_json(data["response"]),
            )
        except (BadEncoding, KeyError, TypeError, ValueError) as error:
            raise BadModel(f"{where}: not a recorded answer: {error!r}; record the run again") from error
        if found.ordinal != ordinal:
            raise BadModel(f"{where}: answer {found.ordinal} where {ordinal} belongs: a line was lost or moved")
        return found


def read_recording(path: Path) -> Recording:
    """Opens a recording. Raises BadModel when it is none, or of a newer version."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            import gzip

            data = gzip.decompress(data)
    except OSError as error:
        raise BadModel(f"{path}: can't read the recording: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BadModel(f"{path}: the recording is cut off: {error}; copy it again") from error
    first, *lines = data.split(b"\n")
    header = _object(first, f"{path}:1")
    version = header.get("waypost_recording")
    if version is None:
        raise BadModel(f'{path}:1: no recording: its first line must hold {{"waypost_recording": {VERSION}}}')
    if version != VERSION:
        raise BadModel(f"{path}:1: version {version} of the format, this Waypost reads {VERSION}; upgrade Waypost")
    return Recording(
        path,
        Header(str(header.get("model", "")), str(header.get("note", ""))),
        tuple(line for line in lines if line.strip()),
    )


def write_recording(path: Path, header: Header, answers: Iterable[RecordedAnswer]) -> None:
    """Writes a recording whole or not at all; equal answers give equal bytes, gzipped or not."""
    lines = [canonical({"waypost_recording": VERSION, "model": header.model, "note": header.note})]
    for answer in answers:
        entry = {
            "ordinal": answer.ordinal,
            "request_digest": answer.request_digest,
            "messages": answer.messages,
            "response": response_to_json(answer.response),
        }
        lines.append(canonical(entry))
    data = b"\n".join([*lines, b""])
    if path.suffix == ".gz":
        import gzip

        data = gzip.compress(data, mtime=0)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(data)
    unfinished.replace(path)


class RecordedModel:
    """Plays a recording back. `speed` 1 waits as long as the provider took, 10 a tenth, 0 not at all."""

    def __init__(self, name: str, recording: Recording, *, speed: float = 0.0, clock: Clock | None = None) -> None:
        self._name = name
        self._recording = recording
        self._speed = speed
        self._clock = clock or SystemClock()
        self._difference = ""

    @property
    def name(self) -> str:
        """`recorded:FILE`."""
        return self._name

    def encode(self, request: Request) -> bytes:
        """The request as canonical JSON."""
        return encode_request(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """The answer that the request's ordinal names. Raises BadModel past the recording's end."""
        if request.ordinal >= len(self._recording):
            raise BadModel(self._past_the_end(request.ordinal))
        recorded = self._recording.answer(request.ordinal)
        if not self._difference and recorded.messages not in {0, len(request.messages)}:
            self._difference = (
                f"; first difference at answer {request.ordinal + 1}, asked for with "
                f"{len(request.messages)} messages where the recorded run had {recorded.messages}"
            )
        passed = 0
        for delta in recorded.response.deltas:
            if self._speed > 0 and delta.at > passed:
                await self._clock.sleep((delta.at - passed) / NANOSECONDS / self._speed)
                passed = delta.at
            yield delta
        yield recorded.response

    async def close(self) -> None:
        """Nothing to let go of."""

    def _past_the_end(self, ordinal: int) -> str:
        return (
            f"{self._recording.path}: the recording has {len(self._recording)} answers; the run asked for "
            f"number {ordinal + 1}: the run went another way than the recorded one{self._difference}"
        )


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise BadModel(f"{where}: not JSON: {error}; the recording is damaged") from error
    if not isinstance(data, dict):
        raise BadModel(f"{where}: not a JSON object; the recording is damaged")
    return data


if TYPE_CHECKING:
    from waypost.models.model import Model

    def _is_a_model(recorded: RecordedModel) -> Model:
        return recorded
