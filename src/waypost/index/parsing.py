"""From a file's bytes to what is known of it."""

from __future__ import annotations

from waypost.index.chunking import chunks_of
from waypost.index.defining import Source
from waypost.index.languages.grammar import Grammar, reader
from waypost.index.languages.naming import language_of
from waypost.index.languages.table import GRAMMARS
from waypost.index.model import Parsed, Status

LARGEST = 5_000_000
"""Bytes up to which a file is read by a grammar."""
LONGEST_LINE = 20_000
"""Bytes in one line from which a file counts as minified."""


def parse(path: str, text: bytes) -> Parsed:
    """Symbols, references, imports and chunks of one file; deterministic, for any bytes.

    `path` decides the language, with the first line; a text that no grammar fits comes back in windows, with
    the reason in `why`. Never raises; a grammar that hangs or crashes is the caller's to end.
    """
    language = language_of(path, text)
    unfit = _unfit(text)
    if unfit:
        return windowed(language, text, unfit)
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return windowed(language, text, f"no grammar for {language}")
    try:
        return _by_grammar(grammar, text)
    except ImportError:
        extra = 'pip install "waypost[languages]"' if grammar.extra else f"pip install {grammar.wheel}"
        return windowed(language, text, f"the grammar of {language} is not installed: {extra}")


def windowed(language: str, text: bytes, why: str) -> Parsed:
    """A file cut into windows without a grammar."""
    blank = _blank(text)
    return Parsed(language, "windows", len(blank), chunks=chunks_of((), blank), why=why)


def _unfit(text: bytes) -> str:
    """Why no grammar should read a text, or nothing."""
    if b"\0" in text:
        at = text.find(b"\0")
        return f"a zero byte on line {text.count(bytes([10]), 0, at) + 1}: binary or UTF-16"
    if len(text) > LARGEST:
        return f"{len(text)} bytes are more than the {LARGEST} that a grammar is given"
    longest = max(map(len, text.split(b"\n")))
    return f"a line of {longest} bytes: minified or data" if longest > LONGEST_LINE else ""


def _by_grammar(grammar: Grammar, text: bytes) -> Parsed:
    from waypost.index.reading import read

    status: Status = "parsed"
    why = ""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        status, why = "partial", f"not UTF-8 on line {text.count(bytes([10]), 0, error.start) + 1}"
        text = text.decode("utf-8", "surrogateescape").encode("utf-8", "replace")
    ready = reader(grammar)
    root = ready.parser.parse(text).root_node
    if root.has_error:
        status, why = "partial", why or "the grammar could not read all of it"
    source = Source(text)
    symbols, references, imports = read(ready, root, source)
    blank = _blank(text)
    chunks = chunks_of(symbols, blank)
    return Parsed(grammar.name, status, len(blank), tuple(symbols), tuple(references), tuple(imports), chunks, why)


def _blank(text: bytes) -> list[bool]:
    """Whether each line is blank."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [not line or line.isspace() for line in lines]
