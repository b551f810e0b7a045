"""The head of a request to the proxy: read strictly, and written anew for the server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from waypost.sandbox.allow import host_name

LONGEST_HEAD = 32 * 1024
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/1\.[01]")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_AUTHORITY = re.compile(r"([^:/?#@\[\]\s]+)(?::([0-9]{1,5}))?")
_ADDRESS = re.compile(
    r"\[.*|(?:(?:0x[0-9a-f]*|[0-9]+)(?:\.|(?=:)|$))+(?::[0-9]*)?|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE
)
# RFC 9110 7.6.1: these speak of one connection and are not passed on; Host is written anew.
_HOP_BY_HOP = {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "upgrade", "host"}


class BadRequest(Exception):
    """What came is no request that a proxy answers; the text says why, `host` for what it asked, if it can be told."""

    def __init__(self, reason: str, host: str = "") -> None:
        super().__init__(reason)
        self.host = host[:255]


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head. `target` is what the server is asked for, empty for CONNECT; `port` None if not named.

    `length` is the body's in bytes; None for one that ends with its last chunk.
    """

    method: str
    host: str
    port: int | None
    target: str
    fields: tuple[tuple[str, str], ...]
    length: int | None

    @property
    def is_tunnel(self) -> bool:
        """Whether all bytes are passed on unseen."""
        return self.method == "CONNECT"

    def field(self, name: str) -> str | None:
        """The first field of that name, which is in lower case."""
        return next((value for key, value in self.fields if key.lower() == name), None)

    def for_server(self, authority: str, added: tuple[str, str] | None = None) -> bytes:
        """The head as the server gets it; `added` replaces every field of its name."""
        named = {word.strip().lower() for word in (self.field("connection") or "").split(",")}
        left_out = _HOP_BY_HOP | (named - {"content-length", "transfer-encoding"})
        if added is not None:
            left_out |= {added[0].lower()}
        kept = [(key, value) for key, value in self.fields if key.lower() not in left_out]
        fields = [("Host", authority), *kept, *([added] if added else []), ("Connection", "close")]
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{key}: {value}" for key, value in fields)]
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def read_request(head: bytes) -> Request:
    """Reads a head up to and with its empty line. Raises BadRequest."""
    if not head.endswith(b"\r\n\r\n"):
        raise BadRequest("the request's head has no end")
    first, *rest = head[:-4].split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise BadRequest("the first line is no HTTP/1.1 request")
    method = line[1].decode("ascii")
    fields = tuple(_field(one) for one in rest)
    host, port, target = _place(method, _text(line[2]))
    if method == "CONNECT":
        return Request(method, host, port, target, fields, 0)
    return Request(method, host, port, target, fields, _length(fields))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("the first line is not UTF-8") from error


def _field(line: bytes) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise BadRequest("a header has the wrong form")
    return match[1].decode("ascii"), match[2].decode("latin-1")


def _place(method: str, text: str) -> tuple[str, int | None, str]:
    if method == "CONNECT":
        return (*_authority(text), "")
    if not text.lower().startswith("http://") or not text.isascii():
        raise BadRequest("a proxy is asked by CONNECT HOST:PORT, or for http://HOST/PATH")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise BadRequest(f"the address makes no sense: {error}") from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (*_authority(parts.netloc), path)


def _authority(text: str) -> tuple[str, int | None]:
    match = _AUTHORITY.fullmatch(text)
    host = host_name(match[1]) if match else None
    if match is None or host is None:
        if _ADDRESS.fullmatch(text):
            raise BadRequest(f"{text[:60]} is a bare address; only hosts are opened, by their names", text)
        raise BadRequest("it names no HOST:PORT", text)
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        raise BadRequest(f"there is no port {port}")
    return host, port


def _length(fields: tuple[tuple[str, str], ...]) -> int | None:
    """How long the body is. Two answers to that question are how requests are smuggled, so they are refused."""
    lengths = [value for key, value in fields if key.lower() == "content-length"]
    codings = [value.lower() for key, value in fields if key.lower() == "transfer-encoding"]
    if codings:
        if lengths or codings != ["chunked"]:
            raise BadRequest("the body's length is told in two ways, or in an unknown one")
        return None
    if len(lengths) > 1 or not all(re.fullmatch(r"[0-9]{1,15}", value) for value in lengths):
        raise BadRequest("the body's length is told twice, or is no number")
    return int(lengths[0]) if lengths else 0
