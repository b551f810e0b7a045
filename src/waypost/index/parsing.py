"""From a file's bytes to what is known of it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from waypost.index.chunking import chunks_of
from waypost.index.defining import Source
from waypost.index.languages.grammar import Grammar, reader
from waypost.index.languages.naming import language_of
from waypost.index.languages.table import GRAMMARS
from waypost.index.model import Parsed, Status
from waypost.index.windows import weights_of, windowed

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

VERSION = "1"
"""Changes whenever the same bytes give another `Parsed`, so that stored ones are made anew."""
LARGEST = 5_000_000
"""Bytes up to which a file is read by a grammar."""
PATIENCE = 200_000
"""How often a grammar is asked to go on before it is given up, about 5 s of work; counted, so that it is the same
everywhere and always."""
LONGEST_LINE = 20_000
"""Bytes in one line from which a file may be minified: it is if that is half of it, or if its lines are long."""
LONG_LINES = 1000
DEEPEST_YAML = 80
"""Columns of indentation; blocks can nest twice as deep, and the grammar's stack overflows above 220 levels."""
OPEN_COMMENTS = 200
"""Comments without an end, in languages where comments may nest; grammars take the square of them."""
_DEEP_YAML = re.compile(rb"^(?:[ \t]|[-?] ){%d}" % (DEEPEST_YAML + 1), re.MULTILINE)


def parse(path: str, text: bytes) -> Parsed:
    """Symbols, references, imports and chunks of one file; deterministic, for any bytes.

    `path` decides the language, with the first line; a text that no grammar fits comes back in windows, with
    the reason in `why`. Never raises; a grammar that hangs or crashes is the caller's to end.
    """
    language = language_of(path, text)
    unfit = _unfit(text)
    if unfit:
        return windowed(language, text, unfit)
    if language == "cobol":
        return _by_scanner(text)
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return _by_looks(language, text, f"no grammar for {language}")
    if tangle := _tangled(grammar, text):
        return windowed(language, text, tangle)
    try:
        return _by_grammar(grammar, text)
    except ImportError:
        extra = 'pip install "waypost[languages]"' if grammar.extra else f"pip install {grammar.wheel}"
        return _by_looks(language, text, f"the grammar of {language} is not installed: {extra}")


def _unfit(text: bytes) -> str:
    """Why no grammar should read a text, or nothing."""
    if b"\0" in text:
        at = text.find(b"\0")
        return f"a zero byte on line {text.count(bytes([10]), 0, at) + 1}: binary or UTF-16"
    if len(text) > LARGEST:
        return f"{len(text)} bytes are more than the {LARGEST} that a grammar is given"
    if len(text) <= LONGEST_LINE:
        return ""
    lengths = [len(line) for line in text.split(b"\n")]
    longest = max(lengths)
    minified = longest > LONGEST_LINE and (longest > len(text) / 2 or len(text) > LONG_LINES * len(lengths))
    return f"a line of {longest} bytes: minified or data" if minified else ""


def _tangled(grammar: Grammar, text: bytes) -> str:
    """Why a text would crash or stall its grammar, or nothing."""
    if grammar.name == "yaml" and _DEEP_YAML.search(text):
        return f"indented by more than {DEEPEST_YAML} columns, on which the grammar crashes"
    opening = grammar.block_comment[0]
    if opening == b"/*" and text.count(opening) > OPEN_COMMENTS and _open_comments(text) > OPEN_COMMENTS:
        return f"more than {OPEN_COMMENTS} comments that never end, on which the grammar stalls"
    return ""


def _open_comments(text: bytes) -> int:
    """How many more comments begin than end."""
    marks = re.findall(rb"/\*|\*/", text)
    return 2 * marks.count(b"/*") - len(marks)


def _as_utf8(text: bytes) -> tuple[bytes, str]:
    """A text with a question mark for each byte that is not UTF-8, and what was wrong with it, if anything."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"not UTF-8 on line {text.count(bytes([10]), 0, error.start) + 1}"
        return text.decode("utf-8", "surrogateescape").encode("utf-8", "replace"), why
    return text, ""


def _by_scanner(text: bytes) -> Parsed:
    """COBOL, which has no grammar that always comes back."""
    from waypost.index.cobol import scan
    from waypost.index.reading import scanned

    text, why = _as_utf8(text)
    result = scan(text)
    symbols, references = scanned(result.outline, result.references, result.source, (b"*",))
    weights = weights_of(text)
    status: Status = "partial" if why else "parsed"
    found = (tuple(symbols), tuple(references), tuple(result.imports), chunks_of(symbols, weights))
    return Parsed("cobol", status, len(weights), *found, why)


def _by_looks(language: str, text: bytes, why: str) -> Parsed:
    """A file without a grammar: windows, and definitions as far as their lines show them."""
    from waypost.index.guessing import guessed
    from waypost.index.reading import scanned

    source = Source(text)
    symbols, _ = scanned(guessed(language, source), [], source, (b"#", b"//", b"--", b";", b"%", b"*"))
    weights = weights_of(text)
    return Parsed(language, "windows", len(weights), tuple(symbols), chunks=chunks_of(symbols, weights), why=why)


def _by_grammar(grammar: Grammar, text: bytes) -> Parsed:
    from waypost.index.reading import read

    text, why = _as_utf8(text)
    status: Status = "partial" if why else "parsed"
    ready = reader(grammar)
    tree = _tree(ready.parser, text)
    if tree is None:
        return windowed(grammar.name, text, "the grammar was given up after a long while")
    root = tree.root_node
    if root.has_error:
        status, why = "partial", why or "the grammar could not read all of it"
    source = Source(text)
    symbols, references, imports = read(ready, root, source)
    weights = weights_of(text)
    chunks = chunks_of(symbols, weights)
    return Parsed(grammar.name, status, len(weights), tuple(symbols), tuple(references), tuple(imports), chunks, why)


def _tree(parser: Parser, text: bytes) -> Tree | None:
    """The syntax tree, or nothing when it takes the grammar too long."""
    view = memoryview(text)
    asked = itertools.count()
    try:
        return parser.parse(lambda offset, _: view[offset:], progress_callback=lambda _, __: next(asked) > PATIENCE)
    except ValueError:
        parser.reset()
        return None
