"""The proxy: opens listed hosts to commands that have no network, and adds secrets that they never see.

HTTP/1.1 (RFC 9110, 9112): CONNECT for tunnels, and `http://` requests in absolute form, one a connection.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import socket
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from waypost.sandbox.allow import Host, listed, refused_address
from waypost.sandbox.egress_request import LONGEST_HEAD, BadRequest, Request, read_request

if TYPE_CHECKING:
    import ssl

MOST_AT_ONCE = 128
"""Connections; each takes two of the runtime's descriptors."""
HEAD_SECONDS = 30.0
CONNECT_SECONDS = 15.0
_LAST_WORDS_SECONDS = 1.0
_PIECE = 64 * 1024

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, as texts; OSError if it has none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One connection that a command asked for. `sent` and `received` are its bytes, from the command's side.

    `host` is empty and `port` 0 where the request could not be read that far.
    """

    host: str
    port: int
    verdict: Literal["opened", "refused"]
    reason: str = ""
    sent: int = 0
    received: int = 0


class _Refusal(Exception):
    """Why nothing is opened, with what would open it."""

    def __init__(self, reason: str, mend: str = "", status: int = 403) -> None:
        super().__init__(reason)
        self.reason, self.mend, self.status = reason, mend, status


@dataclass(slots=True)
class _Connection:
    """One client's connection; what is known of it grows while it lives."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str = ""
    port: int = 0
    opened: bool = False
    sent: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a request goes: the entry that opens it, the addresses to try, and whether TLS is spoken there."""

    name: str
    port: int
    addresses: tuple[str, ...]
    secret: tuple[str, str] | None = None


class Egress:
    """Serves clients one by one; hand `serve` to asyncio's servers. Nothing that a client sends makes it raise."""

    def __init__(
        self,
        hosts: Sequence[Host],
        *,
        secrets: Mapping[str, str] | None = None,
        on_asked: Callable[[Asked], None] | None = None,
        token: str = "",
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """With a `token`, clients must give it as the password of proxy authorization (RFC 7617).

        `tls` is for connections that the proxy itself encrypts; the machine's own authorities without it.
        """
        self._hosts = tuple(hosts)
        self._secrets = dict(secrets or {})
        self._on_asked = on_asked or (lambda _: None)
        self._token = token
        self._resolve = resolve or _resolve
        self._tls = tls
        self._clients = set[asyncio.Task[None]]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one client to its end and tells `on_asked` once, whatever happened."""
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
        client, reason = _Connection(reader, writer), ""
        try:
            reason = await self._serve(client)
        except OSError as error:  # the client or the server went away
            reason = _told(error)
        except asyncio.CancelledError:
            # Not raised again: this is the outermost call of its task, and asyncio would print it.
            reason = "ended with the network"
        finally:
            writer.close()
            if task is not None:
                self._clients.discard(task)
            verdict: Literal["opened", "refused"] = "opened" if client.opened else "refused"
            self._on_asked(Asked(client.host, client.port, verdict, reason, client.sent, client.received))

    async def close(self) -> None:
        """Ends all connections."""
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _serve(self, client: _Connection) -> str:
        """Empty, or why it was refused or ended badly."""
        try:
            request = await self._request(client)
            way = await self._way(request, client)
            server = await self._connected(way)
        except _Refusal as refusal:
            await _refuse(client, refusal)
            return refusal.reason
        client.opened = True
        reader, writer = server
        try:
            if request.is_tunnel:
                client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                authority = way.name if way.port in {80, 443} else f"{way.name}:{way.port}"
                head = request.for_server(authority, way.secret)
                writer.write(head)
            await _relay(client, reader, writer, None if request.is_tunnel else request.length, request.is_tunnel)
        finally:
            writer.close()
        return ""

    async def _request(self, client: _Connection) -> Request:
        if len(self._clients) > MOST_AT_ONCE:
            raise _Refusal(f"more than {MOST_AT_ONCE} connections at once", "close some", 503)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await client.reader.readuntil(b"\r\n\r\n")
            request = read_request(head)
        except TimeoutError:
            raise _Refusal(f"no request within {HEAD_SECONDS:.0f} s", status=408) from None
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            raise _Refusal(f"no request's head in {LONGEST_HEAD} bytes", status=400) from None
        except BadRequest as error:
            client.host = error.host
            raise _Refusal(str(error), "ask for HOST:PORT by CONNECT, or for http://HOST/PATH", 400) from None
        if self._token and not _knows(request, self._token):
            raise _Refusal("the proxy's password is missing", "use the address in HTTPS_PROXY as it stands", 407)
        return request

    async def _way(self, request: Request, client: _Connection) -> _Way:
        """Where to go, checked. Raises _Refusal."""
        client.host, client.port = request.host, request.port or (443 if request.is_tunnel else 80)
        if not request.is_tunnel and request.port in {None, 80} and self._has_secret(request.host):
            client.port = 443  # asked without TLS, so that the proxy can add what only it knows
        entry = listed(self._hosts, client.host, client.port)
        line = f"- Network: {client.host}:{client.port}"
        if entry is None:
            mend = f"a person can add `{line}` under Permissions in PROMPT.md"
            raise _Refusal(f"{client.host}:{client.port} is not opened by PROMPT.md", mend)
        addresses = await self._addresses(client.host, client.port)
        if why := refused_address(addresses, entry.private):
            mend = f"if it is meant, a person can write `{line} private`" if "private" in why else ""
            raise _Refusal(f"{client.host}: {why}", mend)
        secret = None if request.is_tunnel or entry.secret is None else self._header(entry)
        return _Way(client.host, client.port, addresses, secret)

    def _has_secret(self, host: str) -> bool:
        entry = listed(self._hosts, host, 443)
        return entry is not None and entry.secret is not None

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return tuple(await self._resolve(host, port))
        except TimeoutError:
            raise _Refusal(f"{host} was not resolved within {CONNECT_SECONDS:.0f} s", status=504) from None
        except (OSError, UnicodeError) as error:
            raise _Refusal(f"{host} can't be resolved: {_told(error)}", status=502) from error

    def _header(self, entry: Host) -> tuple[str, str]:
        value = self._secrets.get(entry.secret or "", "").strip()
        if not value:
            mend = "set it where waypost is started"
            raise _Refusal(f"{entry.secret}, the secret for {entry.name}, is not set", mend)
        if not re.fullmatch(r"[\x20-\x7e]+", value):
            raise _Refusal(f"{entry.secret} holds characters that no header can carry", "set it anew")
        return entry.header, f"{entry.prefix} {value}".strip()

    async def _connected(self, way: _Way) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to one of the addresses that were checked: no name is looked up a second time."""
        encrypted = await self._context() if way.secret is not None else None
        last = "it has no address"
        for address in way.addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(
                        address, way.port, ssl=encrypted, server_hostname=way.name if encrypted else None
                    )
            except (OSError, TimeoutError) as error:  # ssl's errors are OSErrors
                last = _told(error)
        raise _Refusal(f"{way.name}:{way.port} can't be connected to: {last}", status=502)

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            import ssl

            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return self._tls


async def _resolve(host: str, port: int) -> tuple[str, ...]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _knows(request: Request, token: str) -> bool:
    word, _, credentials = (request.field("proxy-authorization") or "").partition(" ")
    try:
        given = b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return False
    return word.lower() == "basic" and hmac.compare_digest(given, token.encode())


async def _relay(
    client: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int | None, tunnel: bool
) -> None:
    """Passes bytes on both ways.

    Of a plain request's body `length` bytes (None: all); it ends with the answer, or when the client is gone.
    A tunnel ends when both ways have.
    """

    async def there() -> None:
        left = length
        while left is None or left > 0:
            piece = await client.reader.read(_PIECE if left is None else min(left, _PIECE))
            if not piece:
                break
            client.sent += len(piece)
            left = None if left is None else left - len(piece)
            writer.write(piece)
            await writer.drain()
        if tunnel and writer.can_write_eof():
            writer.write_eof()
        while not tunnel and await client.reader.read(_PIECE):
            pass  # a second request: it is not answered

    async def back() -> None:
        while piece := await reader.read(_PIECE):
            client.received += len(piece)
            client.writer.write(piece)
            await client.writer.drain()
        if client.writer.can_write_eof():
            client.writer.write_eof()

    sending, receiving = asyncio.create_task(there()), asyncio.create_task(back())
    try:
        if tunnel:
            await asyncio.gather(sending, receiving)
        else:
            done, _ = await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)


async def _refuse(client: _Connection, refusal: _Refusal) -> None:
    """Says why and what would help, in the first line too: of a tunnel's answer most programs show only that."""
    told = f"{refusal.reason}; {refusal.mend}" if refusal.mend else refusal.reason
    phrase = re.sub(r"[^\x20-\x7e]", "?", told)[:400]
    body = f"waypost: {told}\n".encode()
    lines = [
        f"HTTP/1.1 {refusal.status} {phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(['Proxy-Authenticate: Basic realm="waypost"'] if refusal.status == 407 else []),
        "",
        "",
    ]
    client.writer.write("\r\n".join(lines).encode() + body)
    await client.writer.drain()
    if client.writer.can_write_eof():
        client.writer.write_eof()
    # What the client still sends is read: closing over it would reset the connection, and lose the answer.
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS_SECONDS):
            while await client.reader.read(_PIECE):
                pass


def _told(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or "no answer in time"
