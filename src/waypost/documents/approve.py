"""Approval: what was approved is pinned by digest, and any later change to it is told by file and line.

Target and runbook are frozen to the byte. Of the plan, the boxes and `Status:` lines belong to the runtime, so it
is compared by a digest in which those are neutral; the record is the runtime's altogether.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from waypost.documents.errors import Report
from waypost.documents.model import Document, Documents, Role
from waypost.documents.source import Heading, Section, Source, Text, read
from waypost.documents.splice import milestone_ids, status_lines

FROZEN: tuple[Role, ...] = ("target", "plan", "runbook")
NEUTRAL = "plan:neutral"
BOX = re.compile(r"\[[ xX]\]")


@dataclass(frozen=True, slots=True)
class Pins:
    """SHA-256 in hex: of each frozen file's raw bytes (the plan's neutral ones too), and of each section.

    A section's name is its file's and its heading's, such as `plan#milestone-m03-copybook-parser`; `plan#` is
    what stands above the first heading.
    """

    files: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    line: int
    heading: str
    digest: str


def pin(documents: Documents) -> Pins:
    """The pins of the documents as they are now."""
    files = [(role, _digest(documents.document(role).raw)) for role in FROZEN]
    plan = _source(documents.document("plan"))
    sections = [(part.name, part.digest) for role in FROZEN for part in _parts(documents.document(role))]
    return Pins((*files, (NEUTRAL, _digest(neutral(plan)))), tuple(sections))


def compare(pins: Pins, documents: Documents) -> tuple[str, ...]:
    """What is not as it was approved, one line each with file and line; empty if all is."""
    pinned = dict(pins.files)
    changed: list[str] = []
    for role in FROZEN:
        document = documents.document(role)
        now = _digest(neutral(_source(document)) if role == "plan" else document.raw)
        if pinned.get(NEUTRAL if role == "plan" else role) != now:
            changed += _changes(dict(pins.sections), role, document)
    return tuple(changed)


def neutral(source: Source) -> bytes:
    """The plan's bytes with what the runtime may write made equal: boxes empty, `Status:` lines gone."""
    return _neutral_cut(source, _runtime_parts(source), 0, len(source.raw))


def _runtime_parts(source: Source) -> list[tuple[int, int, bytes]]:
    """The byte ranges that are the runtime's, in order, each with what stands for it in the neutral form."""
    found: set[tuple[int, int, bytes]] = set()
    for section in source.sections():
        if milestone_ids(section.heading):
            found.update((box, box + 1, b" ") for box in _section_boxes(source, section))
            found.update(_status_range(source, line) for line in status_lines(section))
    return sorted(found)


def _status_range(source: Source, line: int) -> tuple[int, int, bytes]:
    """The line with its end; the last line of a file that ends without one goes with the end before it."""
    start, end = source.lines[line - 1].start, source.lines[line - 1].end
    if line < len(source.lines):
        return start, source.lines[line].start, b""
    return (source.lines[line - 2].end, end, b"") if end == len(source.raw) else (start, len(source.raw), b"")


def _neutral_cut(source: Source, parts: list[tuple[int, int, bytes]], start: int, stop: int) -> bytes:
    pieces, at = [], start
    for begin, end, instead in parts:
        if start <= begin < stop:
            pieces += [source.raw[at:begin], instead]
            at = end
    return b"".join([*pieces, source.raw[at:stop]])


def _changes(pinned: dict[str, str], role: Role, document: Document) -> list[str]:
    parts = _parts(document)
    names = {part.name for part in parts}
    path = document.path.name
    changed = [
        f"{path}:{part.line}: {part.heading} {'changed' if part.name in pinned else 'was added'} after approval"
        for part in parts
        if pinned.get(part.name) != part.digest
    ]
    changed += [
        f"{path}:1: the section #{name.partition('#')[2]} was taken out after approval"
        for name in pinned
        if name.startswith(f"{role}#") and name not in names
    ]
    return changed or [f"{path}:1: its sections are in another order, or its line ends differ, since approval"]


def _parts(document: Document) -> list[_Part]:
    """The file cut at its headings; in the plan, what the runtime may write is made neutral."""
    source = _source(document)
    runtime = _runtime_parts(source) if document.name == "plan" else []
    headings = [block for block in source.blocks if isinstance(block, Heading)]
    starts = [source.lines[heading.line - 1].start for heading in headings]
    stops = [*starts[1:], len(source.raw)][: len(starts)]
    above = _digest(_neutral_cut(source, runtime, 0, starts[0] if starts else len(source.raw)))
    parts = [_Part(f"{document.name}#", 1, "what stands above the first heading", above)]
    seen: dict[str, int] = {}
    for heading, start, stop in zip(headings, starts, stops, strict=True):
        slug = _slug(heading.text)
        seen[slug] = seen.get(slug, 0) + 1
        name = f"{document.name}#{slug}" + (f"-{seen[slug]}" if seen[slug] > 1 else "")
        digest = _digest(_neutral_cut(source, runtime, start, stop))
        parts.append(_Part(name, heading.line, f'"{heading.text}"', digest))
    return parts


def _section_boxes(source: Source, section: Section) -> list[int]:
    heading = section.heading
    boxes = list(BOX.finditer(heading.text))
    places = [(heading.line, heading.column + boxes[-1].start() + 1)] if boxes else []
    places += [
        (block.line, block.column + 1)
        for block in section.blocks
        if isinstance(block, Text) and block.bullet and not block.quoted and BOX.match(block.text)
    ]
    return [source.offset(line, column) for line, column in places]


def _source(document: Document) -> Source:
    return read(document.raw, Report(document.path.name))


def _slug(text: str) -> str:
    words = re.sub(r"\[[ xX]\]", "", text).casefold()
    return re.sub(r"[^\w]+", "-", words).strip("-")


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
