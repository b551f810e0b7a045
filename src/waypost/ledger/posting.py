"""One small POST to a witness or an authority: bounded in time and size, and with nothing of ours but the body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from waypost.ledger.errors import BadPlace, NotAnchored

SECONDS = 10.0
"""For all of it: name, connection, request, answer. Nobody waits longer for an anchor."""
LARGEST_ANSWER = 1 << 18
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, not believed. `kind` is its media type, without parameters."""

    status: int
    kind: str
    body: bytes


Post = Callable[[str, str, bytes], Coroutine[Any, Any, Answer]]
"""Sends a body of a media type to an address. Raises NotAnchored where no answer was had."""


def checked_address(text: str) -> str:
    """An address without a slash at its end. Raises BadPlace for one that can't be asked, or that holds a secret."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as problem:
        raise BadPlace(f"{text[:80]!r} is no address: {problem}") from problem
    if parts.username is not None or parts.password is not None:
        raise BadPlace("an address with a name or a password in it: it would stand in the log; leave them out")
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise BadPlace(f"{text[:80]!r}: an address has the form https://HOST/PATH, and nothing behind the path")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise BadPlace(f"{text[:80]!r}: an address holds no spaces or control characters")
    return text.rstrip("/")


async def post(address: str, kind: str, body: bytes, *, seconds: float = SECONDS) -> Answer:
    """See Post. Redirects are not followed, no cookie, name or key is sent, and no answer is read beyond its limit."""
    import httpx2

    parts = urlsplit(address)
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(
                headers={"user-agent": "waypost", "accept-encoding": "identity"},
                verify=parts.scheme == "https",
                trust_env=parts.hostname not in _LOOPBACK,
                timeout=seconds,
            ) as client,
            client.stream("POST", address, content=body, headers={"content-type": kind}) as answer,
        ):
            found = b""
            async for part in answer.aiter_raw():
                found += part
                if len(found) > LARGEST_ANSWER:
                    raise NotAnchored(f"{address}: its answer is longer than {LARGEST_ANSWER:,} bytes")
            sort = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(answer.status_code, sort, found)
    except TimeoutError as problem:
        raise NotAnchored(f"{address}: no answer within {seconds:g} seconds") from problem
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as problem:
        raise NotAnchored(f"{address}: can't be reached: {problem or type(problem).__name__}") from problem
