"""What is stored is byte for byte what the plain way of writing an event gives."""

from __future__ import annotations

import dataclasses
import enum
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.canonical import NotCanonical, canonical, leaf_hash
from waypost.events.event import KINDS, Event, blobs_of, payload_digest, to_head, to_payload
from waypost.events.writing import head_of, payload_of, texts_of, write

TEXTS = (
    st.text() | st.text(st.characters(categories=["Cs", "Cc"]), max_size=4) | st.sampled_from(["", 'a"\\\n', "ä€😀"])
)


class Colour(enum.StrEnum):
    RED = "red"


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type, from its annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Blob:
        return st.builds(Blob.of, st.text(max_size=5))
    if dataclasses.is_dataclass(annotation):
        return events_of(annotation)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if type(None) in arguments:
        return st.none() | values_of(next(one for one in arguments if one is not type(None)))
    simple = {str: TEXTS | st.just(Colour.RED), int: st.integers(-(2**53), 2**53), bool: st.booleans()}
    return simple.get(annotation, st.none() | st.lists(TEXTS | st.integers(0, 9), max_size=2) | st.dictionaries(
        st.sampled_from(["a", "b"]), TEXTS))  # fmt: skip


def events_of(cls: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls)
    fields = {}
    for field in dataclasses.fields(cls):
        values = values_of(hints[field.name])
        if field.default is not dataclasses.MISSING:
            values = st.just(field.default) | values
        fields[field.name] = values
    return st.builds(cls, **fields)


EVENTS = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: events_of(KINDS[kind]))


@given(EVENTS, st.binary(min_size=16, max_size=16))
def test_any_event_is_written_as_its_canonical_payload_and_header(item: Event, salt: bytes) -> None:
    one = write(7, "run", 1_795_282_240_440_084, "runtime", 2, item, salt)
    assert one.payload == payload_of(item) == canonical(to_payload(item)).decode()
    assert (one.head or "{}") == canonical(to_head(item)).decode()
    assert one.head == head_of(item)
    assert texts_of(item) == blobs_of(item)
    assert one.digest.hex() == one.record.digest == payload_digest(salt, one.payload.encode())
    assert one.leaf == leaf_hash(one.record.header)


def test_a_number_that_not_every_reader_of_json_takes_is_refused() -> None:
    with pytest.raises(NotCanonical, match="does not survive"):
        write(1, "r", 1, "runtime", 1, kinds.ToolCalled("M01", "c", "shell", 2**53 + 1), bytes(16))
    with pytest.raises(NotCanonical, match="no canonical form"):
        write(1, "r", 1, "runtime", 1, kinds.ToolCalled("M01", "c", "shell", 1.5), bytes(16))  # type: ignore[arg-type]
