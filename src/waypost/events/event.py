"""The frame of every event, and how an event becomes bytes and comes back."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from waypost.events.blob import Blob
from waypost.events.canonical import canonical, sha256

Json = dict[str, Any]
Convert = Callable[[Any], Any]

KINDS: dict[str, type[Event]] = {}
HEAD = {"head": True}
"""Metadata of a field that belongs to the header: it stays when the payload is erased."""


class EventError(Exception):
    """The log can't be used as asked; the text names the place and the mend."""


class UnknownEvent(EventError):
    """An event of a kind, or of a schema version, that this Waypost does not know."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Subclasses name their kind and bump `schema` when their fields change meaning."""

    kind: ClassVar[str] = ""
    schema: ClassVar[int] = 1


EventType = TypeVar("EventType", bound=type[Event])


def event(kind: str, schema: int = 1) -> Callable[[EventType], EventType]:
    """Registers a frozen event class under its kind."""

    def register(cls: EventType) -> EventType:
        cls.kind, cls.schema = kind, schema
        KINDS[kind] = cls
        return cls

    return register


@dataclass(frozen=True, slots=True)
class Record:
    """An event in its place in the log. `at` is microseconds since 1970 (UTC); `actor` is who made it happen."""

    seq: int
    run: str
    at: int
    actor: str
    epoch: int
    event: Event
    salt: bytes = b""
    digest: str = ""

    @property
    def header(self) -> bytes:
        """The canonical bytes that a ledger hashes: everything but the payload, which its salted digest stands for."""
        event = self.event
        fields = (self.seq, self.run, self.at, self.actor, self.epoch, event.kind, event.schema, self.digest)
        return header_of(fields, to_head(event) or None)


Fields = tuple[int, str, int, str, int, str, int, str]
"""What every header has: seq, run, at, actor, epoch, kind, schema, digest."""


def header_of(fields: Fields, head: Json | None = None) -> bytes:
    """The canonical bytes of a header with these fields; put together by hand where all have their usual form."""
    seq, run, at, actor, epoch, kind, schema, digest = fields
    if head or max(seq, at, epoch, schema) > 2**53 or not digest.isalnum():
        names = ("seq", "run", "at", "actor", "epoch", "kind", "schema", "digest")
        return canonical({**dict(zip(names, fields, strict=True)), **(head or {})})
    return (
        f'{{"actor":{_quoted(actor)},"at":{at},"digest":"{digest}","epoch":{epoch},"kind":{_quoted(kind)},'
        f'"run":{_quoted(run)},"schema":{schema},"seq":{seq}}}'
    ).encode()


@functools.lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return canonical(text).decode()


def payload_digest(salt: bytes, payload: bytes) -> str:
    """What the header says of a payload: salted, so that an erased payload can't be guessed back."""
    return sha256(salt + payload)


def to_payload(item: Event) -> Json:
    """The event's fields as plain JSON values, but for those of the header; fields at their defaults are left out."""
    payload, heads = _fields(item), _heads(typing.cast("Any", type(item)))
    return {name: value for name, value in payload.items() if name not in heads} if heads else payload


def to_head(item: Event) -> Json:
    """The fields that belong to the header; fields at their defaults are left out."""
    heads = _heads(typing.cast("Any", type(item)))
    return {name: value for name, value in _fields(item).items() if name in heads} if heads else {}


def from_payload(kind: str, schema: int, payload: Json) -> Event:
    """The event of this payload. Raises UnknownEvent for kinds and versions that came after this Waypost."""
    cls = KINDS.get(kind)
    if cls is None or schema > cls.schema:
        raise UnknownEvent(f"event {kind} (version {schema}) was written by a newer Waypost; upgrade to read it")
    loaded: Event = _loader(typing.cast("Any", cls))(payload)
    return loaded


def blobs_of(item: Event) -> list[Blob]:
    """The blobs that the event carries and that may have to be stored."""
    found: list[Blob] = []
    _collect(item, found)
    return found


def _collect(value: Any, found: list[Blob]) -> None:
    if isinstance(value, Blob):
        found.append(value)
    elif isinstance(value, tuple):
        for inner in value:
            _collect(inner, found)
    elif dataclasses.is_dataclass(value):
        for name in _names(typing.cast("Any", type(value))):
            _collect(getattr(value, name), found)


@functools.cache
def _heads(cls: Any) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(cls) if f.metadata.get("head"))


@functools.cache
def _names(cls: Any) -> dict[str, Any]:
    return {f.name: f.default for f in dataclasses.fields(cls)}


def _fields(item: Any) -> Json:
    out: Json = {}
    for name, default in _names(typing.cast("Any", type(item))).items():
        value = getattr(item, name)
        if default is dataclasses.MISSING or value != default:
            out[name] = plain(value)
    return out


def plain(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, Blob):
        return {"sha256": value.sha256, "size": value.size}
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return writable(str(value)) if isinstance(value, str) else value


def writable(text: str) -> str:
    """The text with lone surrogates (from foreign names and foreign JSON) replaced: they have no UTF-8 form."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@functools.cache
def _loader(annotation: Any) -> Convert:
    """A function from JSON to a value of the annotated type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Blob:
        return lambda data: Blob(data["sha256"], data["size"])
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = typing.get_type_hints(annotation)
        loaders = {name: _loader(hints[name]) for name in _names(typing.cast("Any", annotation))}
        build = typing.cast("Callable[..., Any]", annotation)
        return lambda data: build(**{name: loaders[name](value) for name, value in data.items() if name in loaders})
    if origin in {types.UnionType, typing.Union}:
        inner = _loader(next(a for a in arguments if a is not type(None)))
        return lambda data: None if data is None else inner(data)
    if origin is tuple and arguments[-1] is Ellipsis:
        item = _loader(arguments[0])
        return lambda data: tuple(item(value) for value in data)
    if origin is tuple:
        parts = [_loader(argument) for argument in arguments]
        return lambda data: tuple(part(value) for part, value in zip(parts, data, strict=True))
    return lambda data: data
