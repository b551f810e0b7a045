"""What crosses processes and lies in the store comes back as it was, and foreign bytes are told."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.index.model import Chunk, Import, Parsed, Reference, Symbol
from waypost.index.packing import KINDS, Place, from_bytes, pack, pack_references, to_bytes, unpack_places

NAMES = st.text(min_size=1, max_size=8)
NUMBERS = st.integers(0, 1 << 20)
REFERENCES = st.lists(
    st.builds(
        Reference, NAMES, st.sampled_from(KINDS), NUMBERS, NUMBERS, st.integers(-1, 1 << 18), st.text(max_size=6)
    ),
    max_size=30,
)


@given(REFERENCES)
def test_every_place_comes_back_in_the_order_of_lines(references: list[Reference]) -> None:
    runs = pack_references(references)
    found = sorted((name, place) for name, run in runs.items() for place in unpack_places(run))

    def seen(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    given_ = sorted(
        (one.name, Place(one.line, one.column, one.kind, one.inside, seen(one.qualifier))) for one in references
    )
    assert found == given_
    for run in runs.values():
        lines = [place.line for place in unpack_places(run)]
        assert lines == sorted(lines)


@given(st.binary(max_size=60))
def test_foreign_bytes_are_places_or_a_value_error(data: bytes) -> None:
    try:
        places = list(unpack_places(data))
    except ValueError:
        return
    assert all(place.kind in KINDS for place in places)


@given(REFERENCES.map(lambda found: [one._replace(inside=one.inside % 3 - 1) for one in found]), st.binary(max_size=20))
def test_a_kept_file_comes_back_equal(references: list[Reference], terms: bytes) -> None:
    symbols = (Symbol("f", "C.f", "method", 1, 3, 2, -1), Symbol("é\ud800", "é", "class", 4, 9, 4, 0))
    chunks = (Chunk(1, 3, "method", "C.f", 0), Chunk(4, 9, "window", "x", -1))
    imports = (Import("os", "", "", 1), Import("a.b", "c", "d", 2))
    packed = pack(Parsed("python", "parsed", 9, symbols, tuple(references), imports, chunks), terms)
    assert from_bytes(to_bytes(packed), packed.terms) == packed
    assert zlib.decompress(packed.terms) == terms


@given(st.binary(max_size=80), st.integers(0, 400))
def test_a_kept_file_that_was_damaged_is_told(noise: bytes, at: int) -> None:
    whole = to_bytes(pack(Parsed("python", "parsed", 1, chunks=(Chunk(1, 1, "window"),))))
    damaged = whole[: at % len(whole)] + noise
    if damaged != whole:
        with pytest.raises(ValueError, match=r"\w"):
            from_bytes(damaged)
