"""An event as it is stored. Its JSON is that of `canonical(to_payload(event))`, sooner: a class's form is known."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from hashlib import sha256
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, NamedTuple

from waypost.events.blob import Blob
from waypost.events.canonical import NotCanonical, canonical
from waypost.events.event import Event, Record, blobs_of, plain, writable

_SAFE = 2**53
_NO_BLOB = re.compile(r"(str|int|bool)( \| None)?")


class Written(NamedTuple):
    """An event as it is stored: its record, payload and own part of the header as JSON, salted digest, leaf."""

    record: Record
    payload: str
    head: str | None
    digest: bytes
    leaf: bytes


def write(seq: int, run: str, at: int, actor: str, epoch: int, item: Event, salt: bytes) -> Written:
    """The event at this position. Raises NotCanonical."""
    payload, head = payload_of(item), head_of(item)
    digest = sha256(salt + payload.encode()).digest()
    record = Record(seq, run, at, actor, epoch, item, salt, digest.hex())
    return Written(record, payload, head, digest, sha256(b"\x00" + record.header).digest())


def payload_of(item: Event) -> str:
    """The canonical JSON of the fields that are not the header's. Raises NotCanonical."""
    return _fields(item, _form(type(item)).payload)


def head_of(item: Event) -> str | None:
    """The canonical JSON of the fields that are the header's; None where there are none. Raises NotCanonical."""
    names = _form(type(item)).head
    written = _fields(item, names) if names else "{}"
    return None if written == "{}" else written


def texts_of(item: Event) -> list[Blob]:
    """The blobs that the event carries."""
    return blobs_of(item) if _form(type(item)).may_hold_blobs else []


@dataclass(frozen=True, slots=True)
class _Names:
    """Fields in the order of their names, each with its key as JSON and its default."""

    values: attrgetter[tuple[Any, ...]]
    keys: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Form:
    payload: _Names | None
    head: _Names | None
    may_hold_blobs: bool


def _form(cls: Any) -> _Form:
    found = _FORMS.get(cls)
    if found is None:
        found = _FORMS[cls] = _made(cls)
    return found


def _made(cls: Any) -> _Form:
    fields = sorted(dataclasses.fields(cls), key=lambda field: field.name)
    return _Form(
        _names([field for field in fields if not field.metadata.get("head")]),
        _names([field for field in fields if field.metadata.get("head")]),
        not all(_NO_BLOB.fullmatch(str(field.type)) for field in fields),
    )


def _names(fields: list[dataclasses.Field[Any]]) -> _Names | None:
    if not fields:
        return None
    keys = tuple((f'"{field.name}":', field.default) for field in fields)
    return _Names(attrgetter(*(field.name for field in fields)), keys)


def _fields(item: Any, names: _Names | None) -> str:
    if names is None:
        return "{}"
    values = names.values(item) if len(names.keys) > 1 else (names.values(item),)
    written = []
    for (key, default), value in zip(names.keys, values, strict=True):
        if value.__class__ is str and value.isascii():
            if value != default:
                written.append(key + encode_basestring(value))
        elif default is MISSING or value != default:
            written.append(key + _WRITERS.get(value.__class__, _other)(value))
    return "{" + ",".join(written) + "}"


def _text(value: str) -> str:
    return encode_basestring(value if value.isascii() else writable(value))


def _integer(value: int) -> str:
    if not -_SAFE <= value <= _SAFE:
        raise NotCanonical(f"{value} does not survive every JSON reader; store it as text")
    return str(value)


def _many(value: tuple[Any, ...]) -> str:
    return "[" + ",".join(_WRITERS.get(one.__class__, _other)(one) for one in value) + "]"


def _other(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        form = _form(type(value))
        return _fields(value, form.payload) if form.head is None else canonical(plain(value)).decode()
    return canonical(plain(value)).decode()


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: _integer,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    tuple: _many,
    Blob: lambda blob: f'{{"sha256":{_text(blob.sha256)},"size":{_integer(blob.size)}}}',
}
_FORMS: dict[Any, _Form] = {}
