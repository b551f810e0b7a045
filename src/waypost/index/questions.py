"""Where a name is defined, and what a file holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from waypost.index.answers import Page, Paging, answered
from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.planning import relative

_SELECT = """
SELECT s.id, f.id, f.path, s.qualified, s.kind, s.start_line, s.end_line, s.name_line, s.parent, s.id - f.symbol_base,
    coalesce(p.kind, '')
"""
_BY_NAME = (
    f"{_SELECT} FROM symbols s JOIN files f ON f.id = s.file LEFT JOIN symbols p ON p.id = s.parent WHERE s.name = ?"
)
_IN_FILE = f"""{_SELECT} FROM files f JOIN symbols s ON s.id >= f.symbol_base AND s.id < f.symbol_base + f.symbols
LEFT JOIN symbols p ON p.id = s.parent WHERE f.id = ? ORDER BY s.id"""
BY_IDS = f"""{_SELECT} FROM json_each(?) AS wanted JOIN symbols s ON s.id = wanted.value JOIN files f ON f.id = s.file
LEFT JOIN symbols p ON p.id = s.parent"""


@dataclass(frozen=True, slots=True)
class SymbolHit:
    """A definition: its lines take in decorators and the comment above; `text` is the line with its name."""

    path: str
    start_line: int
    end_line: int
    name_line: int
    kind: str
    name: str  # qualified, as in `Class.method`
    match: str  # exact, case or suffix
    text: str = ""

    @property
    def shown_line(self) -> int:
        """The line with the name."""
        return self.name_line


class Definition(NamedTuple):
    """A symbol's row: `position` is its place among its file's symbols, as references name it."""

    id: int
    file: int
    path: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    name_line: int
    parent: int | None
    position: int
    parent_kind: str


def symbol(index: Index, name: str, paging: Paging = Paging()) -> Page[SymbolHit]:  # noqa: B008 - frozen
    """Definitions of a name: exact ones, else those that differ in case only.

    `Class.method` and `module::function` are looked up by their last part, and kept where the rest fits. Raises
    BadQuestion for an empty name.
    """
    return answered(index, lambda: _symbol_hits(index, name), paging)


def _symbol_hits(index: Index, name: str) -> list[SymbolHit]:
    return [_hit(one, how) for one, how in definitions(index, name)]


def _hit(one: Definition, how: str) -> SymbolHit:
    return SymbolHit(one.path, one.start_line, one.end_line, one.name_line, one.kind, one.qualified, how)


def parts_of(name: str) -> list[str]:
    """The parts of a qualified name, whichever way its language joins them. Raises BadQuestion if there are none."""
    for mark in ("::", "->", "#", "/", "\\"):
        name = name.replace(mark, ".")
    parts = [part for part in name.strip().removesuffix("()").split(".") if part]
    if not parts:
        raise BadQuestion("name a symbol, such as parse_date or Calendar.add")
    return parts


def definitions(index: Index, name: str) -> list[tuple[Definition, str]]:
    """Definitions of a name with how they match: `exact`, `case` or `suffix`; best first."""
    parts = parts_of(name)
    same = list(named(index, _ids(index, name.strip(), exact=True)))
    if not same and len(parts) == 1:
        same = list(named(index, _ids(index, parts[0], exact=True)))
    if same and len(parts) == 1:
        return [(one, "exact") for one in _in_order(same)]
    last = list(named(index, _ids(index, parts[-1], exact=True))) if len(parts) > 1 else []
    how = "exact"
    if not last and not same:
        last, how = list(named(index, _ids(index, parts[-1], exact=False))), "case"
    if len(parts) == 1:
        return [(one, how) for one in _in_order(last)]
    kept = [(one, fit) for one in _in_order([*same, *last]) if (fit := _fit(one, parts, how))]
    return sorted(kept, key=lambda pair: pair[1] == "suffix")


def _fit(one: Definition, parts: list[str], how: str) -> str:
    own = one.qualified.split(".")
    if how == "case":
        parts, own = [part.lower() for part in parts], [part.lower() for part in own]
    if own == parts:
        return how
    places = one.path.rpartition(".")[0].split("/")
    places = [place.lower() for place in places] if how == "case" else places
    whole = [*places, *own]
    packaged = [*places[:-1], *own] if places[-1:] == ["__init__"] else whole
    return "suffix" if parts in (whole[-len(parts) :], packaged[-len(parts) :]) else ""


def _in_order(found: Iterable[Definition]) -> list[Definition]:
    return sorted(found, key=lambda one: (one.parent is not None, one.path, one.start_line))


def _ids(index: Index, name: str, *, exact: bool) -> list[int]:
    rows = index.connection.execute("SELECT id, name FROM names WHERE name = ? COLLATE NOCASE", (name,))
    return [number for number, text in rows if not exact or text == name]


def name_id(index: Index, name: str) -> int | None:
    """The number of a name; None where it is nowhere."""
    return next(iter(_ids(index, name, exact=True)), None)


def named(index: Index, names: Iterable[int]) -> Iterable[Definition]:
    """The definitions of names by their numbers."""
    for name in names:
        yield from map(Definition._make, index.connection.execute(_BY_NAME, (name,)))


# --- a file ---------------------------------------------------------------------------------------------------------


def outline(index: Index, path: str, paging: Paging = Paging(limit=500)) -> Page[SymbolHit]:  # noqa: B008 - frozen
    """The definitions in a file, in their order. Raises BadQuestion for a file that is not in the index."""
    (name,) = relative(index.root, [path])
    if index.text(name) is None:
        index.update([name])

    def ask() -> list[SymbolHit]:
        return [_hit(one, "exact") for one in definitions_in(index, file_id(index, name))]

    return answered(index, ask, paging)


def file_id(index: Index, path: str) -> int:
    """The number of an indexed file. Raises BadQuestion that says why another is not."""
    row = index.connection.execute("SELECT id, left_out FROM files WHERE path = ?", (path,)).fetchone()
    if row is None:
        raise BadQuestion(f"{path}: no such file in the index of {index.root}; `waypost index` says what is left out")
    if row[1] is not None:
        raise BadQuestion(f"{path}: is not indexed: {row[1]}")
    return int(row[0])


def definitions_in(index: Index, file: int) -> list[Definition]:
    """The definitions in a file, by position."""
    return [Definition._make(row) for row in index.connection.execute(_IN_FILE, (file,))]
