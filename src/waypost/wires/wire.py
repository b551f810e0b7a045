"""The shape that all three protocols' codecs share, as client and as server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from waypost.wires.conversation import Request, Response
from waypost.wires.decoder import StreamDecoder
from waypost.wires.errors import ErrorDetail, ErrorKind


class Wire(Protocol):
    """A codec: bytes to values and back, no I/O, no state."""

    @property
    def name(self) -> str:
        """`responses`, `chat` or `messages`; reasoning parts carry it."""
        ...

    @property
    def path(self) -> str:
        """Where requests go, below the base address."""
        ...

    def headers(self, key: str) -> dict[str, str]:
        """What the protocol wants in the header, with the key where there is one."""
        ...

    def encode(self, request: Request) -> bytes:
        """The request's exact bytes.

        Equal requests give equal bytes, and a request that goes on where another ended begins with
        the other's bytes (up to the brackets that close it, and Anthropic's moving cache marks).
        """
        ...

    def decoder(self) -> StreamDecoder:
        """A fresh decoder for one streamed answer."""
        ...

    def decode_document(self, body: bytes) -> Response:
        """The answer of a server that does not stream; raises MalformedStream and ProviderError."""
        ...

    def decode_error(self, status: int, body: bytes) -> ErrorDetail:
        """What the body of an error status says; never raises."""
        ...

    def decode_request(self, body: bytes) -> Request:
        """A client's request, for a server; raises MalformedRequest."""
        ...

    def encode_stream(self, response: Response) -> Iterator[bytes]:
        """The answer as server-sent events."""
        ...

    def encode_document(self, response: Response) -> bytes:
        """The answer as one JSON text."""
        ...

    def encode_error(self, status: int, kind: ErrorKind, message: str, /) -> bytes:
        """The body of an error status."""
        ...
