"""Which hosts a command may reach through the proxy: names on the list, at addresses that are really outside."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOCAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8", "::1/128",
        "fc00::/7",  # unique local, RFC 4193
    )
)  # fmt: skip
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "::/128",
        "169.254.0.0/16", "fe80::/10", "fec0::/10",  # link-local: most clouds' metadata
        "192.0.0.0/24", "100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::/32",  # other clouds' metadata
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",  # documentation
        "198.18.0.0/15", "192.88.99.0/24", "240.0.0.0/4",
        "224.0.0.0/4", "ff00::/8",  # multicast
        "2001::/32", "64:ff9b:1::/48", "100::/64",  # Teredo, local NAT64, discard
    )
)  # fmt: skip
_WRAPPED = tuple(  # an IPv4 address in an IPv6 one, and by how many bits it stands from the right
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (("::ffff:0:0/96", 0), ("::/96", 0), ("64:ff9b::/96", 0), ("2002::/16", 80))
)


class Host(Protocol):
    """A host that the human opened; documents.model.AllowedHost is one."""

    @property
    def name(self) -> str:
        """In lower case and ASCII, perhaps with `*.` before it for every host below."""
        ...

    @property
    def port(self) -> int:
        """The one port that is opened."""
        ...

    @property
    def private(self) -> bool:
        """Whether it may have an address of a private network, or this machine's."""
        ...

    @property
    def secret(self) -> str | None:
        """The name of the credential that the proxy adds to requests, if any."""
        ...

    @property
    def header(self) -> str:
        """The header that carries the credential."""
        ...

    @property
    def prefix(self) -> str:
        """What stands before the credential in that header."""
        ...


def host_name(text: str) -> str | None:
    """A name as it is compared: lower case, ASCII, no dot at the end. None for what is no name, or an address.

    As in the URL standard, a name whose last part is a number, decimal or hexadecimal, is an IPv4 address in
    one of its many forms (`2130706433`, `0x7f.1`, `017700000001`).
    """
    if len(text) > 254:
        return None
    name = text.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return None if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) else name


def listed(hosts: Iterable[Host], name: str, port: int) -> Host | None:
    """The entry that opens `name` (as host_name gives it) at `port`: a whole name before a pattern."""
    found = [host for host in hosts if host.port == port and _covers(host.name, name)]
    return min(found, key=lambda host: (host.name.startswith("*."), -len(host.name)), default=None)


def _covers(pattern: str, name: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def refused_address(addresses: Sequence[str], private: bool) -> str:
    """Why one of a name's addresses may not be connected to; empty if all of them may.

    One bad address spoils the others: a name that is both inside and outside is a trap or a mistake.
    """
    for text in addresses:
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        if any(address in network for network in _NEVER):
            return f"{text} is link-local, a cloud's metadata or otherwise no host, and is never opened"
        if any(address in network for network in _LOCAL) and not private:
            return f"{text} is in a private network"
    return ""


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that is meant by an IPv6 one that carries it; ::1 carries none."""
    if isinstance(address, ipaddress.IPv6Address) and int(address) > 1:
        for network, shift in _WRAPPED:
            if address in network:
                return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return address
