"""What a query asks: a name, a path, some words, or a long report with names and places in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from waypost.index.terms import parts, terms, tokens

Shape = Literal["name", "path", "words", "sentence", "report"]

LONGEST = 20_000
"""Characters of a query that are read; a report says what it is about before that."""
REPORT = 400
"""Characters from which a text counts as a report even on one line."""

SENTENCE = 12
"""Words from which a line without a full stop counts as a sentence."""

_NAME = re.compile(r"[^\W\d][\w$]*(?:(?:\.|::|#|->|\\)[^\W\d][\w$]*)*(?:\(\))?[?!]?")
_PATH = re.compile(r"(?:[\w.@+-]+/)+[\w.@+-]+|[\w-]+\.[A-Za-z]{1,5}\b")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_FRAME = re.compile(r'File "([^"\n]{1,300})", line (\d{1,7})|([\w./\\-]{1,200}\.[A-Za-z]{1,5}):(\d{1,7})')
_CODELIKE = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]|_\w|\w_|[A-Za-z]\d")
_CODE = re.compile(r"`([^`\n]{1,200})`|([^\W\d]\w*)(?=\()|(?<=\.)([^\W\d]\w*)")
_TESTS = re.compile(r"\b(tests?|testing|specs?|fixtures?|conftest|assertions?)\b", re.IGNORECASE)
_STOP_WORDS = """
    a about all also an and any are as at be been being but by can could do does doing each every for from get
    given had has have how i if in into is it its like may me might more most my need no not of on one only or
    other our out over own same should so some such than that the their them then there these they this those
    through to too use used uses using via want was we were what when where whether which while who why will with
    would you your
"""
STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class Frame:
    """A place that a traceback or a compiler names."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query taken apart."""

    text: str
    shape: Shape
    weights: Mapping[str, float]  # of the terms to look for in texts
    asked: frozenset[str]  # stemmed words that say what it is about, for names and paths
    names: Mapping[str, float]  # identifiers that may be defined somewhere, with how sure that is
    paths: tuple[str, ...]
    modules: tuple[str, ...]  # dotted names
    frames: tuple[Frame, ...]
    tests: bool  # asks for tests


def understand(text: str) -> Query:
    """Take a query apart; any text makes a query, an empty one asks nothing."""
    text = text[:LONGEST].replace("\0", " ").strip()
    shape = _shape(text)
    report = shape == "report"
    counted = Counter(token for token in tokens(text) if token.lower() not in STOP) or Counter(tokens(text))
    title = set(tokens(text.partition("\n")[0])) if report else set()
    weights: dict[str, float] = {}
    for token, often in counted.items():
        weight = 2 * often / (often + 1) * (2.0 if token in title else 1.0) if report else 1.0
        for term in terms(token):
            weights[term] = max(weights.get(term, 0.0), weight)
    return Query(
        text=text,
        shape=shape,
        weights=weights,
        asked=frozenset(word for token in (title or counted) if token in counted for word in parts(token)),
        names=dict(_names(text, shape, counted)),
        paths=tuple(dict.fromkeys(found.strip("./") for found in _PATH.findall(text))),
        modules=tuple(dict.fromkeys(_DOTTED.findall(text))),
        frames=tuple(_frames(text)),
        tests=not report and bool(_TESTS.search(text)),
    )


def like(text: str, name: str) -> Query:
    """A query for what is like a piece of code of that name."""
    counted = Counter(tokens(text[:LONGEST]))
    weights: dict[str, float] = {}
    for token, often in counted.items():
        for term in terms(token):
            weights[term] = max(weights.get(term, 0.0), 2 * often / (often + 1))
    asked = frozenset(word for token in tokens(name.rpartition(".")[2]) for word in parts(token))
    return Query(text, "sentence", weights, asked, {}, (), (), (), tests=True)


def _shape(text: str) -> Shape:
    if _NAME.fullmatch(text) and not _PATH.fullmatch(text):
        return "name"
    if " " not in text and "\n" not in text and _PATH.fullmatch(text):
        return "path"
    if "\n" in text or len(text) > REPORT:
        return "report"
    return "sentence" if text.endswith((".", "!", "?")) or len(text.split()) >= SENTENCE else "words"


def _names(text: str, shape: Shape, counted: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Identifiers with the belief that a definition is meant: 1 for what is written like code, less for words."""
    if shape == "name":
        last = re.split(r"\W+", text.rstrip("()?!"))
        yield from ((name, 1.0 if name == last[-1] else 0.5) for name in last if name)
        return
    marked = {token for groups in _CODE.findall(text) for part in groups for token in tokens(part)}
    first = tokens(text)[:1]
    for token in counted:
        if _CODELIKE.search(token) or token in marked:
            yield token, 1.0
        elif token[0].isupper() and [token] != first:
            yield token, 0.5


def _frames(text: str) -> Iterator[Frame]:
    for quoted, line, bare, at in _FRAME.findall(text):
        yield Frame((quoted or bare).replace("\\", "/"), int(line or at))
