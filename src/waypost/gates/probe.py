"""Asking a service whether it is ready: over HTTP, or by a connection alone."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from waypost.gates.errors import GateError

_PORTS = {"http": 80, "https": 443, "tcp": 0}
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")


Connect = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Opens a connection to a host and port in the network that the service runs in; OSError if it can't."""


class BadAddress(GateError):
    """`ready=` holds no address that can be asked."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service answers; `target` is what an HTTP request asks for."""

    scheme: str
    host: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `ready`, or in `detail` why not."""

    ready: bool
    detail: str


def address(text: str) -> Address:
    """The address in `ready=`: `http://…`, `https://…` or `tcp:HOST:PORT`. Raises BadAddress."""
    try:
        parts = urlsplit(text if "://" in text else text.replace("tcp:", "tcp://", 1))
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not port or not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise BadAddress(f'ready="{text}" can\'t be asked; write http://HOST:PORT/PATH, https://… or tcp:HOST:PORT')
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, parts.hostname, port, target.encode("ascii", "ignore").decode())


async def direct(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The Connect of this machine's own network."""
    return await asyncio.open_connection(host, port)


async def is_taken(place: Address, within: float = 2.0, connect: Connect = direct) -> bool:
    """Whether anybody accepts connections there within so many seconds, whatever it may answer."""
    try:
        async with asyncio.timeout(within):
            _, writer = await connect(place.host, place.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def ask(place: Address, within: float, connect: Connect = direct) -> Answer:
    """Asks once, for at most `within` seconds.

    Over HTTP every status below 500 says ready: a 404 too comes from a server that works.
    """
    try:
        async with asyncio.timeout(within):
            return await _ask(place, connect)
    except TimeoutError:
        return Answer(False, "no answer in time")
    except OSError as error:
        return Answer(False, _told(error))
    except ValueError:  # a first line without an end
        return Answer(False, "no HTTP answer")


async def _ask(place: Address, connect: Connect) -> Answer:
    reader, writer = await connect(place.host, place.port)
    try:
        if place.scheme == "tcp":
            return Answer(True, "connected")
        if place.scheme == "https":
            await writer.start_tls(_trusting())
        host = f"[{place.host}]" if ":" in place.host else place.host
        lines = (f"GET {place.target} HTTP/1.1", f"Host: {host}:{place.port}", "Accept: */*", "Connection: close")
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        status = _STATUS.match(await reader.readline())
    finally:
        writer.close()
    if status is None:
        return Answer(False, "no HTTP answer")
    return Answer(int(status[1]) < 500, f"status {int(status[1])}")


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Development servers sign their own certificates; nothing but a status is asked, and nothing is told.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _told(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "connection refused"
    return error.strerror or type(error).__name__
