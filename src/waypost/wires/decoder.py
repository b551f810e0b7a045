"""The frame of every stream decoder: bytes to events to parts, with one way to fail."""

from __future__ import annotations

from abc import ABC, abstractmethod

from waypost.wires.assembly import Assembly
from waypost.wires.canonical import Json, parse, parse_object
from waypost.wires.conversation import Delta, Response, Stop, Usage
from waypost.wires.errors import CutStream, MalformedStream, ProviderError, classify
from waypost.wires.sse import EventParser, ServerEvent

# What reading a foreign object of an unforeseen shape can raise: all of it means "malformed".
_MISSHAPEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class StreamDecoder(ABC):
    """Turns one streamed answer into deltas and, at the end, into a Response.

    A subclass reads its protocol's events; it sets `stop` and `usage`, and `has_ended` at the event
    after which the answer is whole. Serves one answer.
    """

    def __init__(self, wire: str) -> None:
        self._events = EventParser()
        self._assembly = Assembly(wire)
        self._stop = Stop.END
        self._usage: Usage | None = None
        self.has_ended = False
        """Whether the answer is whole and nothing that matters can follow."""

    def feed(self, chunk: bytes, at: int) -> list[Delta]:
        """The deltas that this chunk completes, stamped `at` (nanoseconds since the request left).

        Raises MalformedStream and ProviderError.
        """
        self._assembly.at = at
        for event in self._events.feed(chunk):
            self._take(event)
        return self._assembly.take_new_deltas()

    def finish(self) -> Response:
        """The whole answer, after the last byte.

        Raises CutStream where the protocol's last event never came, MalformedStream, ProviderError.
        """
        try:
            for event in self._events.end():
                self._take(event)
        except MalformedStream as problem:
            raise CutStream(f"the stream was cut within an event; {problem}") from problem
        if not self._is_complete():
            raise CutStream(f"the stream ended before {self._last_event}")
        return self._response()

    def document(self, body: bytes) -> Response:
        """The answer of a server that does not stream; raises MalformedStream and ProviderError."""
        try:
            self._read_document(parse_object(body))
            return self._assembly.response(self._stop, self._usage)
        except _MISSHAPEN as problem:
            raise MalformedStream.at(f"unreadable answer ({problem})", body) from problem

    _last_event = "its last event"

    @abstractmethod
    def _read(self, event: Json, name: str) -> None:
        """Takes one event's object."""

    @abstractmethod
    def _read_document(self, body: Json) -> None:
        """Takes a whole answer."""

    def _read_mark(self, text: str) -> bool:
        """Takes an event that is not JSON; says whether it was one of the protocol's."""
        return text == "[DONE]"

    def _is_complete(self) -> bool:
        return self.has_ended

    def _response(self) -> Response:
        try:
            return self._assembly.response(self._stop, self._usage)
        except _MISSHAPEN as problem:
            raise MalformedStream(f"the answer's parts don't fit together: {problem}") from problem

    def _take(self, event: ServerEvent) -> None:
        text = event.data.strip()
        if self.has_ended or not text or self._read_mark(text):
            return
        try:
            data = parse(text)
            if isinstance(data, dict):
                self._read(data, event.name)
            else:
                raise TypeError("not an object")
        except _MISSHAPEN as problem:
            raise MalformedStream.at(f"unreadable event ({problem})", event.data) from problem


def raise_error(error: object, fallback: str = "") -> None:
    """Raises ProviderError for an error object or text found inside an answer; does nothing for none."""
    if not error:
        return
    raise ProviderError(classify(None, error if isinstance(error, dict) else {"message": error}, fallback))


def count(source: object, *path: str) -> int:
    """The number at a path of keys, 0 where there is none."""
    for key in path:
        source = source.get(key) if isinstance(source, dict) else None
    return source if isinstance(source, int) and not isinstance(source, bool) and source > 0 else 0


def string(value: object) -> str:
    """The text, or "" for null; raises TypeError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value
