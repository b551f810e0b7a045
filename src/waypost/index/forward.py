"""The terms of one file, packed: what a worker process hands to the store.

Packed form, little-endian: `<IIII` version, terms, chunks, postings and bytes of the terms' text; that text (UTF-8,
one term a line); the postings sorted by term and chunk as terms' ends (u32), chunks (u16) and counts (u8); the chunks'
lengths in terms (u16). It depends on the path and the text alone.

A term has a suffix that says where it stands: none in the text, `:n` in a name that the chunk defines, `:q` in the
names around it, `:p` in a folder of the path and `:s` in the file's name (both at the first chunk).
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy

from waypost.index.model import Chunk, Parsed
from waypost.index.terms import terms, tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = 1
MOST_CHUNKS = 65_535
_HEAD = struct.Struct("<IIIII")


@dataclass(frozen=True, slots=True)
class Forward:
    """Postings of one file: `chunks[ends[i-1]:ends[i]]` hold `terms[i]`, `counts` times each."""

    terms: list[str]
    ends: NDArray[numpy.uint32]
    chunks: NDArray[numpy.uint16]
    counts: NDArray[numpy.uint8]
    lengths: NDArray[numpy.uint16]


def terms_of_file(path: str, text: str, parsed: Parsed) -> bytes:
    """The packed terms of a file whose lines are those that `parsed` counts; chunks past 65,535 are left out."""
    chunks = parsed.chunks[:MOST_CHUNKS]
    gathered = _Gathered()
    lengths = [gathered.add_text(number, body) for number, body in enumerate(_texts(text, chunks))]
    for number, names in enumerate(_names(parsed, chunks)):
        gathered.add_named(number, names, ":n")
    for number, chunk in enumerate(chunks):
        gathered.add_named(number, chunk.name.replace("::", ".").split(".")[:-1], ":q")
    if chunks:
        place = PurePosixPath(path)
        gathered.add_named(0, place.parent.parts, ":p")
        gathered.add_named(0, [_stem_of(place.name)], ":s")
    return gathered.packed(lengths)


def _stem_of(name: str) -> str:
    """A file's name without its suffixes; `.bashrc` has none."""
    head, _, _ = name.lstrip(".").partition(".")
    return head


def _texts(text: str, chunks: Iterable[Chunk]) -> Iterator[str]:
    """The text of each chunk, cut out by line numbers."""
    lines = text.split("\n")
    for chunk in chunks:
        yield "\n".join(lines[chunk.start_line - 1 : chunk.end_line])


def _names(parsed: Parsed, chunks: tuple[Chunk, ...]) -> Iterator[list[str]]:
    """For each chunk the names that are defined in its lines."""
    by_line: dict[int, list[str]] = {}
    for symbol in parsed.symbols:
        by_line.setdefault(symbol.name_line, []).append(symbol.name)
    lines = sorted(by_line)
    for chunk in chunks:
        first, last = _between(lines, chunk.start_line, chunk.end_line)
        names = [name for line in lines[first:last] for name in by_line[line]]
        own = chunk.name.rpartition(".")[2]
        yield names if own in names or not own else [own, *names]


def _between(lines: list[int], start: int, end: int) -> tuple[int, int]:
    return bisect_left(lines, start), bisect_right(lines, end)


class _Gathered:
    """Postings while a file is read: token numbers in one array, turned into terms at the end."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._sizes: list[int] = []
        self._named: Counter[tuple[str, int]] = Counter()

    def add_text(self, number: int, body: str) -> int:
        """Take in a chunk's text; its length in tokens."""
        assert number == len(self._sizes)
        found = tokens(body)
        self._tokens += found
        self._sizes.append(len(found))
        return len(found)

    def add_named(self, number: int, names: Iterable[str], suffix: str) -> None:
        """Take in the words of names."""
        for name in names:
            for token in tokens(name):
                self._named.update((term + suffix, number) for term in terms(token))

    def packed(self, lengths: list[int]) -> bytes:
        """All of it as bytes."""
        vocabulary: dict[str, int] = {}
        term_of, chunk_of, weight = self._in_text(vocabulary)
        named = [(vocabulary.setdefault(term, len(vocabulary)), chunk) for term, chunk in self._named]
        pairs = numpy.array(named, dtype=numpy.int64).reshape(-1, 2)
        names = list(vocabulary)
        rank = numpy.empty(len(names), dtype=numpy.int64)
        rank[sorted(range(len(names)), key=names.__getitem__)] = numpy.arange(len(names))
        keys = numpy.concatenate([rank[term_of] << 16 | chunk_of, rank[pairs[:, 0]] << 16 | pairs[:, 1]])
        counts = numpy.concatenate([weight, numpy.array(list(self._named.values()), dtype=numpy.int64)])
        order = numpy.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        ends = numpy.searchsorted(keys, numpy.arange(1, len(names) + 1) << 16).astype("<u4")
        text = "\n".join(sorted(names)).encode("utf-8", "surrogatepass")
        head = _HEAD.pack(VERSION, len(names), len(lengths), len(keys), len(text))
        columns = (
            ends,
            (keys & 0xFFFF).astype("<u2"),
            counts.clip(max=255).astype("u1"),
            numpy.array(lengths, dtype=numpy.int64).clip(1, 65_535).astype("<u2"),
        )
        return b"".join((head, text, *(column.tobytes() for column in columns)))

    def _in_text(
        self, vocabulary: dict[str, int]
    ) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64]]:
        """Term, chunk and count of what stands in the text; each pair of term and chunk once."""
        distinct = {token: number for number, token in enumerate(dict.fromkeys(self._tokens))}
        made = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(token)] for token in distinct]
        sizes = numpy.array([len(one) for one in made], dtype=numpy.int64)
        flat = numpy.array([number for one in made for number in one], dtype=numpy.int64)
        starts = numpy.cumsum(sizes) - sizes
        which = numpy.fromiter(map(distinct.__getitem__, self._tokens), dtype=numpy.int64, count=len(self._tokens))
        owner = numpy.repeat(numpy.arange(len(self._sizes)), self._sizes)
        keys, often = numpy.unique(which << 16 | owner, return_counts=True)
        which, owner = keys >> 16, keys & 0xFFFF
        width = sizes[which]
        within = numpy.arange(width.sum()) - numpy.repeat(numpy.cumsum(width) - width, width)
        term_of = flat[numpy.repeat(starts[which], width) + within] if len(flat) else flat
        pairs, inverse = numpy.unique(term_of << 16 | numpy.repeat(owner, width), return_inverse=True)
        summed = numpy.bincount(inverse, weights=numpy.repeat(often, width), minlength=len(pairs)).astype(numpy.int64)
        return pairs >> 16, pairs & 0xFFFF, summed


def unpack(packed: bytes) -> Forward:
    """The postings of packed terms. Raises ValueError for bytes that are none."""
    if len(packed) < _HEAD.size:
        raise ValueError("packed terms: too short")
    version, names, chunks, postings, size = _HEAD.unpack_from(packed)
    at = _HEAD.size + size
    if version != VERSION or len(packed) != at + 4 * names + 3 * postings + 2 * chunks:
        raise ValueError("packed terms: of another version, or cut short")
    text = packed[_HEAD.size : at].decode("utf-8", "surrogatepass")
    ends = numpy.frombuffer(packed, dtype="<u4", count=names, offset=at)
    at += 4 * names
    numbers = numpy.frombuffer(packed, dtype="<u2", count=postings, offset=at)
    at += 2 * postings
    counts = numpy.frombuffer(packed, dtype="u1", count=postings, offset=at)
    lengths = numpy.frombuffer(packed, dtype="<u2", count=chunks, offset=at + postings)
    return Forward(text.split("\n") if names else [], ends, numbers, counts, lengths)
