"""Models that answer over HTTP, by any of the three wires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from waypost import __version__
from waypost.models.model import BadModel, ContextOverflow, TransientFailure
from waypost.models.presets import Endpoint
from waypost.models.retry_after import retry_after
from waypost.wires.conversation import Delta, Request, Response
from waypost.wires.decoder import StreamDecoder
from waypost.wires.errors import CutStream, ErrorDetail, ErrorKind, MalformedStream, ProviderError

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
READ_SECONDS = 600.0
"""Between two bytes, not in all: a model may think for minutes, and answer for an hour."""
REST_SECONDS = 2.0
"""How long a whole answer's connection may take to end before it is given up instead of reused."""

_TRANSIENT_STATUSES = {408, 409, 425, 429}
_TRANSIENT_KINDS = {ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED, ErrorKind.SERVER}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class HttpModel:
    """One model at one endpoint; the client is opened once and its connections are kept."""

    def __init__(self, endpoint: Endpoint, read_timeout: float = READ_SECONDS) -> None:
        """`read_timeout` is in seconds, between two bytes of an answer."""
        import httpx2  # here, as importing it costs more than everything else at start-up

        self._library: ModuleType = httpx2
        self._endpoint = endpoint
        self._wire = endpoint.wire
        self._client = _open_client(endpoint, read_timeout)
        self._encoded: tuple[Request, bytes] | None = None

    @property
    def name(self) -> str:
        """As given on the command line."""
        return self._endpoint.name

    def encode(self, request: Request) -> bytes:
        """The request's exact bytes; the endpoint's model replaces the one named in the request."""
        if self._encoded is None or self._encoded[0] is not request:  # asked for its digest first, then to be sent
            self._encoded = request, self._wire.encode(replace(request, model=self._endpoint.model))
        return self._encoded[1]

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """Deltas as they come, then the Response; raises TransientFailure, ContextOverflow or BadModel."""
        body = self.encode(request)
        start = time.monotonic_ns()
        try:
            async with self._client.stream("POST", self._endpoint.url, content=body) as answer:
                if answer.status_code != 200:
                    self._refuse(answer.status_code, answer.headers, await answer.aread())
                if "event-stream" in answer.headers.get("content-type", ""):
                    async for item in self._streamed(answer, start):
                        yield item
                else:
                    for item in self._whole(await answer.aread(), start):
                        yield item
        except ProviderError as problem:
            self._fail(problem.detail, None, problem.detail.retry_after)
        except (CutStream, MalformedStream) as problem:
            raise TransientFailure(f"{self._place}: {problem}") from problem
        except self._library.UnsupportedProtocol as problem:
            raise BadModel(f"{self._place}: {problem}; check --base-url") from problem
        except (self._library.RequestError, self._library.StreamError) as problem:
            what = str(problem) or type(problem).__name__
            raise TransientFailure(f"{self._place} can't be reached or broke off: {what}") from problem

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _streamed(self, answer: httpx2.Response, start: int) -> AsyncIterator[Delta | Response]:
        decoder = self._wire.decoder()
        chunks = answer.aiter_bytes()
        async for chunk in chunks:
            for delta in decoder.feed(chunk, time.monotonic_ns() - start):
                yield delta
            if decoder.has_ended:
                await self._read_rest(chunks)
                break
        yield decoder.finish()

    async def _read_rest(self, chunks: AsyncIterator[bytes]) -> None:
        """Reads on to the body's end, so that the connection can be used again."""
        try:
            async with asyncio.timeout(REST_SECONDS):
                async for _ in chunks:
                    pass
        except (TimeoutError, self._library.RequestError):
            return  # the answer is whole; only the connection is lost

    def _whole(self, body: bytes, start: int) -> list[Delta | Response]:
        """The items of an answer that did not come as a stream, though some servers only forget to say so."""
        now = time.monotonic_ns() - start
        if body.lstrip()[:1] == b"{":
            response = self._wire.decode_document(body)
            deltas = tuple(replace(delta, at=now) for delta in response.deltas)
            return [*deltas, replace(response, deltas=deltas)]
        return _fed(self._wire.decoder(), body, now)

    def _refuse(self, status: int, headers: httpx2.Headers, body: bytes) -> NoReturn:
        if 300 <= status < 400:
            target = headers.get("location", "somewhere else")
            raise BadModel(f"{self._place} redirects to {target}; give the right address with --base-url")
        detail = self._wire.decode_error(status, body)
        self._fail(detail, status, retry_after(headers, time.time()) or detail.retry_after)

    def _fail(self, detail: ErrorDetail, status: int | None, seconds: float | None) -> NoReturn:
        """Says what a provider's error means: wait, shorten the prompt, or mend the settings."""
        message = detail.message
        if self._endpoint.key:
            message = message.replace(self._endpoint.key, "[the key]")
        answered = f" answered {status}" if status else " ended its answer with an error"
        text = f"{self._place}{answered}: {message}"
        if detail.kind is ErrorKind.CONTEXT_OVERFLOW:
            raise ContextOverflow(text)
        if detail.kind is ErrorKind.QUOTA or not _is_transient(status, detail.kind):
            raise BadModel(f"{text}; {self._mend(detail.kind)}")
        raise TransientFailure(text, status, seconds)

    def _mend(self, kind: ErrorKind) -> str:
        variable = self._endpoint.key_variable
        if kind is ErrorKind.AUTHENTICATION:
            state = "holds the key" if self._endpoint.key else "would hold the key, and is empty"
            return f"the variable {variable} {state}" if variable else "give a key that it takes"
        if kind is ErrorKind.NOT_FOUND:
            return f'check the model\'s name "{self._endpoint.model}" and --base-url'
        if kind is ErrorKind.QUOTA:
            return "the account has no credit left" + (f"; its key is in {variable}" if variable else "")
        return "the request does not suit this model or server; check --model and --base-url"

    @property
    def _place(self) -> str:
        return f"{self._endpoint.name} at {self._endpoint.url}"


def _is_transient(status: int | None, kind: ErrorKind) -> bool:
    if status is None:
        return kind in _TRANSIENT_KINDS
    return status >= 500 or status in _TRANSIENT_STATUSES


def _open_client(endpoint: Endpoint, read_timeout: float) -> httpx2.AsyncClient:
    """A client without what costs time: no certificates for plain http, no proxies for loopback."""
    import httpx2

    address = urlsplit(endpoint.url)
    headers = {
        "user-agent": f"waypost/{__version__}",
        "content-type": "application/json",
        "accept": "text/event-stream",
        **endpoint.headers,
    }
    try:
        return httpx2.AsyncClient(
            headers=headers,
            verify=address.scheme == "https",
            trust_env=address.hostname not in _LOOPBACK,
            timeout=httpx2.Timeout(read_timeout, connect=CONNECT_SECONDS, pool=None),
            limits=httpx2.Limits(keepalive_expiry=300.0),
        )
    except (httpx2.InvalidURL, ValueError, OSError) as problem:
        raise BadModel(f"{endpoint.name}: no client can be opened for {endpoint.url}: {problem}") from problem


def _fed(decoder: StreamDecoder, body: bytes, at: int) -> list[Delta | Response]:
    deltas = decoder.feed(body, at)
    return [*deltas, decoder.finish()]
