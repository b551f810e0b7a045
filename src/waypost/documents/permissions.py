"""`## Permissions` in PROMPT.md: bullets that open a host, and the others, which are free text.

- Network: packages.example:443
- Network: gitlab.corp:8443 private
- Network: api.example.com secret EXAMPLE_KEY as "Authorization: Bearer"
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import replace

from waypost.documents.errors import Report
from waypost.documents.fence import VARIABLE, near
from waypost.documents.model import AllowedHost

_FIELD = re.compile(r"[*_]{0,2}([A-Za-z][A-Za-z -]{0,30}?)[*_]{0,2}:[*_]{0,2}(?:[ \t]+(.*)|$)", re.DOTALL)
_NAMES = ("network", "host")
_WORDS = ("private", "secret")
_NOTHING = {"", "none", "off", "no"}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HEADER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,63}):?[ \t]*([\x21-\x7e]{0,64})")
# These say where a request goes and where it ends.
_NO_HEADERS = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"}
# Letters that the older and the newer standard of international names read in two ways: two different hosts.
_TWO_READINGS = set("ßς\u200c\u200d")
_FORM = "write `- Network: HOST:PORT`"
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "`": None})
_HTTPS, _HTTP = 443, 80


class _Wrong(Exception):
    """A bullet that opens nothing, with its mend."""

    def __init__(self, message: str, mend: str = _FORM) -> None:
        super().__init__(message)
        self.message, self.mend = message, mend


def read_permissions(bullets: list[tuple[int, str]], report: Report) -> tuple[tuple[AllowedHost, ...], tuple[str, ...]]:
    """The hosts that the bullets (line, text) open, and the texts of the others. What is wrong is reported."""
    hosts: dict[tuple[str, int], AllowedHost] = {}
    texts: list[str] = []
    for line, text in bullets:
        value = _opened(line, text, report)
        if value is None:
            texts.append(text)
            continue
        try:
            host = _host(value)
        except _Wrong as wrong:
            report.error(line, wrong.message, wrong.mend)
            continue
        if host is None:
            continue
        if (host.name, host.port) in hosts:
            report.error(line, f"{host.name}:{host.port} is opened twice", "keep one")
        hosts.setdefault((host.name, host.port), replace(host, line=line))
    return tuple(hosts.values()), tuple(texts)


def _opened(line: int, text: str, report: Report) -> str | None:
    """What stands after `Network:` or `Host:`; None for free text."""
    match = _FIELD.match(text)
    if match is None:
        first = re.match(r"[*_]{0,2}([A-Za-z]+):", text)
        if first and first[1].casefold() in _NAMES:  # no blank after the colon
            return text[first.end() :].strip()
        return None
    name = match[1].strip().casefold()
    if name in _NAMES:
        return (match[2] or "").strip()
    if near(name, _NAMES, 0.8):
        report.error(line, f'the permission has the unknown field "{match[1]}"', 'did you mean "Network:"?')
    elif re.fullmatch(r"(?:networks?|hosts?)(?: [a-z]+)?", name):
        report.warn(line, f'"{match[1]}:" opens no host', f"to open one, {_FORM}")
    return None


def _host(value: str) -> AllowedHost | None:
    """The host that a bullet opens; None where it says that there is none. Raises _Wrong."""
    if value.strip(" .`").casefold() in _NOTHING - {""}:
        return None
    try:
        words = shlex.split(value.translate(_QUOTES).replace("\\*", "*"))
    except ValueError:
        raise _Wrong("the permission holds a quote that is never closed", 'add the missing "') from None
    if not words:
        raise _Wrong("the permission names no host")
    place, *rest = words
    if place.endswith(",") or (rest and rest[0].startswith(",")):
        raise _Wrong("the permission names several hosts", "give each a bullet of its own")
    name, port = _place(place)
    host = _with_words(AllowedHost(name, port), rest)
    _check(host)
    return host


def _place(text: str) -> tuple[str, int]:
    text = text.removeprefix("<").removesuffix(">")
    if "/" in text:
        inner = re.sub(r"^[A-Za-z+.-]*:?//", "", text)
        guess = re.split(r"[/?#]", inner.rpartition("@")[2])[0] or "HOST"
        guess = guess if ":" in guess else f"{guess}:{_HTTP if text.startswith('http:') else _HTTPS}"
        raise _Wrong(f'"{text}" is a page\'s address; whole hosts are opened', f"write `- Network: {guess}`")
    if _is_address(text):
        raise _Wrong(f'"{text}" is a bare address, and those are never opened', "write the host's name")
    name, mark, digits = text.partition(":")
    port = int(digits) if re.fullmatch(r"[0-9]{1,5}", digits) else _HTTPS if not mark else 0
    if not 0 < port < 65536:
        raise _Wrong(f'"{digits}" is no port', "write a number from 1 to 65535, such as HOST:443")
    return _name(name), port


def _is_address(text: str) -> bool:
    if text.startswith("[") or text.count(":") > 1:
        return True
    name = text.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # The URL standard's rule: it is an IPv4 address, in one of its many forms, if it ends in a number.
        return _NUMERIC.fullmatch(name.removesuffix(".").rpartition(".")[2].lower()) is not None
    return True


def _name(text: str) -> str:
    """The name as it is compared: lower case, ASCII, no dot at the end. Raises _Wrong."""
    pattern = text.startswith("*.")
    name = text.removeprefix("*.").removesuffix(".").lower()
    if _TWO_READINGS & set(text):
        raise _Wrong(f'"{text}" can be read as two different hosts', "write it in its ASCII form, xn--…")
    if not name.isascii():
        try:
            name = name[:254].encode("idna").decode("ascii").lower()
        except UnicodeError:
            name = ""
    if text == "*" or (pattern and "." not in name) or (not pattern and "*" in text):
        mend = "name the hosts; a pattern is `*.` before a name of two parts or more"
        raise _Wrong(f'"{text}" would open too much', mend)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or _NUMERIC.fullmatch(labels[-1]):
        raise _Wrong(f'"{text}" is no host\'s name')
    return f"*.{name}" if pattern else name


def _with_words(host: AllowedHost, words: list[str]) -> AllowedHost:
    rest = list(words)
    seen = set[str]()
    while rest:
        word = rest.pop(0)
        if word in seen:
            raise _Wrong(f'"{word}" is there twice', "keep one")
        seen.add(word)
        if word == "private":
            host = replace(host, private=True)
        elif word == "secret":
            host = _with_secret(host, rest)
        elif "," in word or "." in word:
            raise _Wrong("the permission names several hosts", "give each a bullet of its own")
        else:
            guess = near(word, _WORDS)
            mend = f'did you mean "{guess}"?' if guess else 'known are `private` and `secret NAME as "HEADER: PREFIX"`'
            raise _Wrong(f'the permission has the unknown word "{word}"', mend)
    return host


def _with_secret(host: AllowedHost, rest: list[str]) -> AllowedHost:
    """Takes `NAME`, and `as "HEADER: PREFIX"` if it is there, off the front of `rest`."""
    name = rest.pop(0) if rest else ""
    if not VARIABLE.fullmatch(name) or name in {"as", "private"}:
        raise _Wrong("the permission names no variable for its secret", "write `secret NAME`")
    host = replace(host, secret=name)
    if not rest or rest[0] != "as":
        return host
    match = _HEADER.fullmatch(rest[1]) if len(rest) > 1 else None
    if match is None or match[1].lower() in _NO_HEADERS or match[1].lower().startswith("proxy-"):
        raise _Wrong("the permission names no header for its secret", 'write as "Authorization: Bearer"')
    del rest[:2]
    return replace(host, header=match[1], prefix=match[2])


def _check(host: AllowedHost) -> None:
    if host.secret and host.name.startswith("*."):
        raise _Wrong(f"{host.secret} would go to every host of {host.name}", "name one host")
    if host.secret and host.port == _HTTP:
        raise _Wrong(f"{host.secret} would cross the network in the open", f"write {host.name}:443")
    if "." not in host.name and not host.private:
        raise _Wrong(
            f'"{host.name}" is a name of the local network', f"write `- Network: {host.name}:{host.port} private`"
        )
