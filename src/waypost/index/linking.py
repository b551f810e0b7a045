"""Which definitions the places of a name may mean: rows from the store, handed to `resolving`, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from waypost.index.index import Index
from waypost.index.model import Import, Reference
from waypost.index.packing import Place, unpack_places
from waypost.index.questions import Definition, named

SURE = 0.5
"""Confidence from which a reference counts as one."""
_BY_IDS = """
SELECT s.id, f.id, f.path, s.qualified, s.kind, s.start_line, s.end_line, s.name_line, s.parent, f.symbol_base
FROM symbols s JOIN files f ON f.id = s.file WHERE s.id IN (SELECT value FROM json_each(?))
"""
_IMPORTS = """
SELECT file, module, name, alias, line FROM imports
WHERE file IN (SELECT value FROM json_each(?)) ORDER BY file, position
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A place that names something, the definition around it, and the definitions that it may mean, best first."""

    file: int
    path: str
    name: str
    place: Place
    around: Definition | None
    targets: tuple[tuple[Definition, float], ...]

    def confidence(self, wanted: set[int]) -> float:
        """How sure it is that one of these definitions is meant."""
        return max((sure for target, sure in self.targets if target.id in wanted), default=0.0)


class Linker:
    """Links for one question; what it has read of files and names it keeps until then."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._imports: dict[int, tuple[Import, ...]] = {}
        self._definitions: dict[int, Definition] = {}
        self._names: dict[int, str] = {}

    def links(self, name: int) -> list[Link]:
        """Every place of a name in the tree."""
        text = self.text(name)
        rows = self.index.connection.execute(
            'SELECT r.file, f.path, f.symbol_base, r.run FROM "references" r JOIN files f ON f.id = r.file '
            "WHERE r.name = ? ORDER BY f.path",
            (name,),
        ).fetchall()
        self._load_imports([row[0] for row in rows])
        self._load_definitions(self._ids_around(rows))
        resolver = self._resolver(name)
        return [
            self._link(resolver, file, path, text, place, base)
            for file, path, base, run in rows
            for place in unpack_places(run)
        ]

    def links_in(self, file: int, path: str, base: int, runs: Iterable[tuple[int, bytes]]) -> Iterator[Link]:
        """The links of some names in one file."""
        self._load_imports([file])
        for name, run in runs:
            resolver = self._resolver(name)
            for place in unpack_places(run):
                yield self._link(resolver, file, path, self.text(name), place, base)

    def _resolver(self, name: int) -> Resolver:
        return Resolver(list(named(self.index, [name])))

    def _link(self, resolver: Resolver, file: int, path: str, name: str, place: Place, base: int) -> Link:
        around = self.definition(base + place.inside) if place.inside >= 0 else None
        qualified = around.qualified if around else ""
        reference = Reference(name, place.kind, place.line, place.column, place.inside, place.qualifier)
        targets = resolver.resolve(reference, path, qualified, self._imports[file])
        return Link(file, path, name, place, around, tuple(targets))

    # --- reading, many at once ----------------------------------------------------------------------------------------

    def text(self, name: int) -> str:
        """A name by its number."""
        found = self._names.get(name)
        if found is None:
            (found,) = self.index.connection.execute("SELECT name FROM names WHERE id = ?", (name,)).fetchone()
            self._names[name] = found
        return found

    def definition(self, number: int) -> Definition | None:
        """A symbol by its number."""
        if number not in self._definitions:
            self._load_definitions([number])
        return self._definitions.get(number)

    def _load_definitions(self, numbers: Iterable[int]) -> None:
        wanted = json.dumps([number for number in numbers if number not in self._definitions])
        rows = self.index.connection.execute(_BY_IDS, (wanted,))
        self._definitions.update((row[0], Definition.of(row)) for row in rows)

    def _ids_around(self, rows: Sequence[tuple[int, str, int, bytes]]) -> set[int]:
        return {row[2] + place.inside for row in rows for place in unpack_places(row[3]) if place.inside >= 0}

    def _load_imports(self, files: Sequence[int]) -> None:
        found: dict[int, list[Import]] = {file: [] for file in files if file not in self._imports}
        rows = self.index.connection.execute(_IMPORTS, (json.dumps(list(found)),))
        for file, module, name, alias, line in rows:
            found[file].append(Import(self.text(module), self.text(name), self.text(alias), line))
        self._imports.update((file, tuple(imports)) for file, imports in found.items())


class Resolver:
    """Stands in until the room's `resolving` is there."""

    def __init__(self, candidates: Sequence[Definition]) -> None:
        self.candidates = candidates

    def resolve(
        self, reference: Reference, path: str, around: str, imports: Sequence[Import]
    ) -> list[tuple[Definition, float]]:
        """Same file first, imported next, else as unlikely as there are candidates."""
        imported = any(reference.name in {one.name, one.alias} for one in imports)
        found = []
        for one in self.candidates:
            sure = 0.9 if one.path == path else 0.8 if imported else 1.0 / len(self.candidates)
            found.append((one, sure))
        return sorted(found, key=lambda pair: -pair[1])
