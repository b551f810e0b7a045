"""Which definitions the places of a name may mean: rows from the store, handed to `resolving`, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from waypost.index.index import Index
from waypost.index.model import Import, Reference
from waypost.index.packing import Place, unpack_places
from waypost.index.questions import BY_IDS, Definition, name_id, named
from waypost.index.resolving import SURE as SURE  # noqa: PLC0414 - who asks for links asks for this too
from waypost.index.resolving import Candidate, Resolver

Targets: TypeAlias = tuple[tuple[Definition, float], ...]

_RUNS = """
SELECT r.file, f.path, f.symbol_base, r.run FROM "references" r JOIN files f ON f.id = r.file
WHERE r.name = ? ORDER BY f.path
"""
_IMPORTS = """
SELECT i.file, m.name, n.name, a.name, i.line
FROM imports i JOIN names m ON m.id = i.module JOIN names n ON n.id = i.name JOIN names a ON a.id = i.alias
WHERE i.file = ? ORDER BY i.position
"""
_IMPORTS_THAT_MATTER = """
WITH heads AS (
    SELECT n.id FROM json_each(?2) AS head JOIN names n ON n.name = head.value COLLATE NOCASE AND n.name = head.value
)
SELECT i.file, m.name, n.name, a.name, i.line
FROM json_each(?1) AS wanted JOIN imports i ON i.file = wanted.value
JOIN names m ON m.id = i.module JOIN names n ON n.id = i.name JOIN names a ON a.id = i.alias
WHERE i.name IN heads OR n.name IN ('', '*') OR i.alias IN heads ORDER BY i.file, i.position
"""
_BASES = """
SELECT n.name FROM inherits i JOIN names n ON n.id = i.base JOIN files f ON f.id = i.file
WHERE i.class = ? ORDER BY f.path, i.position
"""


class Link(NamedTuple):
    """A place that names something, the definition around it, and the definitions that it may mean, best first."""

    file: int
    path: str
    name: str
    place: Place
    around: Definition | None
    targets: Targets

    def confidence(self, wanted: set[int]) -> float:
        """How sure it is that one of these definitions is meant."""
        return max((sure for target, sure in self.targets if target.id in wanted), default=0.0)


class Bases(Mapping[str, Sequence[str]]):
    """A class's simple name to those of its bases, looked up as they are asked for."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._known: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> Sequence[str]:
        """The bases of all classes of that name."""
        found = self._known.get(name)
        if found is None:
            number = name_id(self.index, name)
            rows = self.index.connection.execute(_BASES, (number,)) if number is not None else ()
            found = self._known[name] = tuple(dict.fromkeys(row[0] for row in rows))
        if not found:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        rows = self.index.connection.execute("SELECT DISTINCT n.name FROM inherits JOIN names n ON n.id = class")
        yield from (row[0] for row in rows)

    def __bool__(self) -> bool:
        """It is asked whether there are any before each question: counting them would read them all."""
        return True

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Meaning:
    """What one name may mean, remembered by where it stands."""

    def __init__(self, name: str, found: Sequence[Definition], bases: Bases) -> None:
        self.name = name
        self.found = found
        self._resolver = Resolver(
            [Candidate(one.path, one.qualified, one.kind, one.parent_kind) for one in found], bases
        )
        self._known: dict[tuple[str, str, str, bool], Targets] = {}

    def targets(self, place: Place, path: str, around: str, imports: Sequence[Import]) -> Targets:
        """The definitions that a place means, as far as that is sure enough."""
        key = path, place.qualifier, around, place.kind == "import"
        known = self._known.get(key)
        if known is None:
            reference = Reference(self.name, place.kind, place.line, place.column, place.inside, place.qualifier)
            pairs = self._resolver.resolve(reference, path, around, imports) if self.found else []
            known = self._known[key] = tuple((self.found[at], sure) for at, sure in pairs if sure >= SURE)
        return known


class Linker:
    """Links for one question; what it has read of files and names it keeps until then."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._bases = Bases(index)
        self._definitions: dict[int, Definition] = {}
        self._links: dict[int, list[Link]] = {}

    def links(self, name: int) -> list[Link]:
        """Every place of a name in the tree."""
        known = self._links.get(name)
        if known is None:
            known = self._links[name] = self._found(name)
        return known

    def _found(self, name: int) -> list[Link]:
        meaning = self._meaning(name)
        rows = [
            (file, path, base, list(unpack_places(run)))
            for file, path, base, run in self.index.connection.execute(_RUNS, (name,))
        ]
        self._load({base + place.inside for _, _, base, places in rows for place in places if place.inside >= 0})
        heads = {place.qualifier.partition(".")[0] for *_, places in rows for place in places}
        imports = self._imports_that_matter([row[0] for row in rows], {meaning.name, *heads} - {""})
        return [
            self._link(meaning, file, path, base, place, imports.get(file, ()))
            for file, path, base, places in rows
            for place in places
        ]

    def links_in(self, around: set[int], caller: Definition, runs: Iterable[tuple[int, bytes]]) -> Iterator[Link]:
        """The calls within a definition; `around` holds the positions of it and of what is in it."""
        base = caller.id - caller.position
        rows = self.index.connection.execute(_IMPORTS, (caller.file,))
        imports = [Import(*row[1:]) for row in rows]
        self._load({base + position for position in around})
        for name, run in runs:
            places = [place for place in unpack_places(run) if place.inside in around and place.kind == "call"]
            if places:
                meaning = self._meaning(name)
                for place in places:
                    yield self._link(meaning, caller.file, caller.path, base, place, imports)

    def _meaning(self, name: int) -> _Meaning:
        (text,) = self.index.connection.execute("SELECT name FROM names WHERE id = ?", (name,)).fetchone()
        return _Meaning(text, list(named(self.index, [name])), self._bases)

    def _link(
        self, meaning: _Meaning, file: int, path: str, base: int, place: Place, imports: Sequence[Import]
    ) -> Link:
        around = self._definitions.get(base + place.inside) if place.inside >= 0 else None
        targets = meaning.targets(place, path, around.qualified if around else "", imports)
        return Link(file, path, meaning.name, place, around, targets)

    def _load(self, numbers: set[int]) -> None:
        missing = json.dumps([number for number in numbers if number not in self._definitions])
        found = map(Definition._make, self.index.connection.execute(BY_IDS, (missing,)))
        self._definitions.update((one.id, one) for one in found)

    def _imports_that_matter(self, files: list[int], heads: set[str]) -> dict[int, list[Import]]:
        """Of the imports of these files those that bind one of these names, by file."""
        found: dict[int, list[Import]] = {}
        for file, *fields in self.index.connection.execute(
            _IMPORTS_THAT_MATTER, (json.dumps(files), json.dumps(sorted(heads)))
        ):
            found.setdefault(file, []).append(Import(*fields))
        return found
