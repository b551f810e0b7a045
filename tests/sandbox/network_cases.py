"""What the tests of the network share: servers on loopback, certificates, a proxy to ask, raw clients."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from waypost.documents.model import AllowedHost
from waypost.sandbox.egress import Asked, Egress
from waypost.sandbox.egress_request import LONGEST_HEAD

LOOPBACK = "127.0.0.1"


@dataclass
class Certificates:
    """An authority of our own and a server's certificate for api.example and localhost."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: Path


def certificates(folder: Path) -> Certificates:
    """Made by openssl, as there is nothing in the standard library that makes them."""
    authority, certificate, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    _run([*made, "-keyout", "ca.key", "-out", authority.name, "-subj", "/CN=Test authority"], folder)
    names = "subjectAltName=DNS:api.example,DNS:localhost,DNS:*.wild.example"
    signed = ["-CA", authority.name, "-CAkey", "ca.key", "-addext", names, "-addext", "basicConstraints=CA:FALSE"]
    _run([*made, *signed, "-keyout", key.name, "-out", certificate.name, "-subj", "/CN=api.example"], folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Certificates(server, ssl.create_default_context(cafile=str(authority)), authority)


def _run(argv: list[str], folder: Path) -> None:
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


@dataclass
class Server:
    """A server that keeps what it was sent and answers every request with one text."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode("latin-1"))
            length = next(
                (int(one[15:]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:")), 0
            )
            self.bodies.append(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on loopback."""
    made = Server()
    server = await asyncio.start_server(made._serve, LOOPBACK, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@dataclass
class Proxy:
    """A proxy on loopback, with all that it told."""

    port: int
    asked: list[Asked]
    resolved: list[str]

    async def send(self, data: bytes) -> bytes:
        """Everything that comes back."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(data)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def told(self, number: int) -> None:
        """Waits until so many connections have ended."""
        while len(self.asked) < number:
            await asyncio.sleep(0.005)

    async def get(self, url: str, *fields: str) -> bytes:
        """The answer to a request in absolute form."""
        return await self.send("\r\n".join((f"GET {url} HTTP/1.1", "Host: x", *fields, "", "")).encode())

    async def connect(self, place: str, data: bytes = b"") -> bytes:
        """The answer to a CONNECT and to what was sent behind it."""
        return await self.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode() + data)


@asynccontextmanager
async def proxying(
    *hosts: AllowedHost,
    names: dict[str, Sequence[str]] | None = None,
    secrets: dict[str, str] | None = None,
    token: str = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Proxy]:
    """The real proxy; names are at loopback but for those that `names` puts elsewhere."""
    proxy = Proxy(0, [], [])

    async def resolve(host: str, port: int) -> Sequence[str]:
        proxy.resolved.append(host)
        if names and host in names:
            return names[host]
        return [LOOPBACK]

    egress = Egress(hosts, secrets=secrets, on_asked=proxy.asked.append, token=token, resolve=resolve, tls=tls)
    server = await asyncio.start_server(egress.serve, LOOPBACK, 0, limit=LONGEST_HEAD)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await egress.close()


def here(name: str, port: int, **options: str) -> AllowedHost:
    """A host that may be on this machine."""
    return AllowedHost(name, port, private=True, **options)
