"""Which symbols a reference may mean, judged from its qualifier, its file's imports and what it stands in.

Data in, data out: the candidates are all the tree's symbols of the reference's name. The judgement is by rules, not
by types: a confidence is how often such a reference means such a symbol, as measured by `bench/index_references.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from waypost.index.defining import METHODS_IN
from waypost.index.model import Import, Reference
from waypost.index.modules import is_module, is_package, is_within

SURE = 0.5
"""Confidence from which a reference counts as meaning a symbol."""
OWN = frozenset({"self", "cls", "this", "$this", "Self", "static", "@", "super()", "super", "parent", "base"})
"""What a method calls its own object, in any language."""
EVERYDAY = frozenset(
    name for kind in (str, bytes, list, dict, set, int, float, re.Pattern, re.Match, io.StringIO) for name in dir(kind)
)
"""Names of members that Python's built-in types have."""
IMPLICIT = frozenset({"java", "kt", "kts", "cs", "cpp", "cc", "cxx", "h", "hpp", "hh", "rb", "scala", "swift", "php"})
"""File endings of languages in which a class's members are named without a qualifier."""
PACKAGE = frozenset({"go", "java", "kt", "kts", "cs", "scala", "swift"})
"""File endings of languages whose files see what stands in the same folder without importing it."""
FOLDERS = PACKAGE | {"php"}
"""File endings of languages in which a folder is a module and its files' names say nothing, or are classes."""
GLOBAL = frozenset({"c", "h", "cc", "cpp", "cxx", "hpp", "hh", "rb", "sh", "bash", "sql", "lua", "php", "cob", "cbl"})
"""File endings of languages whose names are visible everywhere once their file is taken in."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A symbol of the name in question; `parent_kind` is the kind of the symbol around it, empty at the top."""

    path: str
    qualified: str
    kind: str
    parent_kind: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A candidate taken apart once."""

    path: str
    holder: str  # the qualified name of what it stands in
    class_name: str  # the simple name of the class that it is a member of; empty if it is none
    top: bool  # whether it can be imported from its file


class Resolver:
    """Answers for all references of one name; `bases` maps a class's simple name to those of its base classes."""

    def __init__(self, candidates: Sequence[Candidate], bases: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the candidates apart once."""
        self._bases = bases or {}
        self._places = [_place(one) for one in candidates]
        self._classes = {place.class_name for place in self._places if place.class_name}
        self._answers: dict[tuple[str, str, str, str, bool], list[tuple[int, float]]] = {}

    def resolve(
        self, reference: Reference, path: str, around: str, imports: Sequence[Import]
    ) -> list[tuple[int, float]]:
        """Positions of the candidates that a reference in the file at `path` may mean, each with its confidence.

        Best first; those that it surely does not mean are left out. `around` is the qualified name of the symbol that
        the reference stands in, empty at the top; `imports` are its file's.
        """
        key = (path, reference.qualifier, around, reference.name, reference.kind == "import")
        if (answer := self._answers.get(key)) is None:
            found = self._judge(reference, path, around, imports)
            answer = sorted(found.items(), key=lambda one: (-one[1], one[0]))
            self._answers[key] = answer
        return answer

    def _judge(self, reference: Reference, path: str, around: str, imports: Sequence[Import]) -> dict[int, float]:
        if reference.kind == "import":
            return self._from_module(reference.qualifier, path, reference.name)
        if not reference.qualifier:
            return self._plain(reference.name, path, around, imports)
        return self._member(reference, path, around, imports)

    def _plain(self, name: str, path: str, around: str, imports: Sequence[Import]) -> dict[int, float]:
        """A name without a qualifier: what is nearest, then what is imported, then what is visible anyway."""
        ending = path.rpartition(".")[2]
        here = {n: p for n, p in enumerate(self._places) if p.path == path}
        near = [n for n, p in here.items() if not p.class_name and (not p.holder or _within(around, p.holder))]
        if near:
            deepest = max(len(self._places[n].holder) for n in near)
            return {n: 0.97 for n in near if len(self._places[n].holder) == deepest}
        if members := self._implicit(here, path, around, ending):
            return members
        found: dict[int, float] = {}
        for taken in imports:
            if name in {taken.name, taken.alias} or (not taken.name and taken.module.endswith(name)):
                found.update(self._from_module(taken.module, path, taken.name))
                if not found:
                    return {}
        if not found:
            found = self._visible(path, ending, imports)
        return found

    def _implicit(self, here: Mapping[int, _Place], path: str, around: str, ending: str) -> dict[int, float]:
        """Members of the classes around, which some languages name without a qualifier; in all, within the body."""
        if ending in IMPLICIT:
            return self._of_class(_classes_in(around), path) if around else {}
        return {n: 0.9 for n, place in here.items() if place.holder and place.holder == around}

    def _visible(self, path: str, ending: str, imports: Sequence[Import]) -> dict[int, float]:
        """What is there without being named in an import."""
        starred = [one.module for one in imports if one.name == "*" or (ending in GLOBAL and not one.name)]
        found = {
            n: 0.85
            for n, place in enumerate(self._places)
            if place.top and any(is_module(module, path, place.path) for module in starred)
        }
        if found:
            return found
        tops = [n for n, place in enumerate(self._places) if place.top]
        if ending in PACKAGE:
            folder = path.rpartition("/")[0]
            near = [n for n in tops if self._places[n].path.rpartition("/")[0] == folder]
            if near:
                return dict.fromkeys(near, 0.9 if len(near) == 1 else 0.6)
        if ending in GLOBAL or ending in PACKAGE:
            return {n: max(0.1, 0.75 / len(tops)) for n in tops}
        if starred:
            return {n: 0.55 / len(tops) for n in tops if any(is_within(m, path, self._places[n].path) for m in starred)}
        return {}

    def _from_module(self, module: str, path: str, name: str) -> dict[int, float]:
        """What can be taken from a module: from its file, or through it from elsewhere in its package."""
        tops = [n for n, place in enumerate(self._places) if place.top]
        direct = [n for n in tops if _holds(module, path, self._places[n].path, name)]
        if direct:
            return dict.fromkeys(direct, 0.97)
        through = [n for n in tops if is_within(module, path, self._places[n].path)]
        return {n: 0.9 if len(through) == 1 else 0.8 / len(through) for n in through}

    def _member(self, reference: Reference, path: str, around: str, imports: Sequence[Import]) -> dict[int, float]:
        """A name behind a qualifier: of one's own class, of a module, of a class, or of some object."""
        name, qualifier = reference.name, reference.qualifier
        head, _, rest = qualifier.partition(".")
        if head in OWN and not rest:
            return self._of_class(_classes_in(around), path, above=head in {"super()", "super", "parent", "base"})
        for taken in imports:
            if head not in _names_of(taken):
                continue
            if (found := self._through_import(taken, qualifier, path)) or not taken.name:
                return found
        last = qualifier.rpartition(".")[2].removesuffix("()")
        if last in self._classes or last in self._bases:
            return self._of_class([last], path)
        return self._of_some_object(last, everyday=name in EVERYDAY and path.endswith((".py", ".pyi")))

    def _through_import(self, taken: Import, qualifier: str, path: str) -> dict[int, float]:
        """Members of what an import took: a module's own names, or a class's."""
        _, _, rest = qualifier.partition(".")
        module = taken.module
        if taken.name and taken.name != "*":
            module = f"{module}{'' if module.endswith('.') else '.'}{taken.name}"
        elif not taken.alias and "." in module:
            module, rest = qualifier, ""  # `import a.b` and then `a.b.c`
        if rest or qualifier.endswith("()"):
            return {}
        return self._from_module(module, path, "")

    def _of_class(self, names: Sequence[str], path: str, *, above: bool = False) -> dict[int, float]:
        """Members of the first class that has such a member, or that inherits one."""
        for name in names:
            own = [n for n, place in enumerate(self._places) if place.class_name == name]
            if own and not above:
                same = [n for n in own if self._places[n].path == path]
                return dict.fromkeys(same or own, 0.97 if same or len(own) == 1 else 0.9 / len(own))
            inherited = self._inherited(name)
            if inherited:
                return inherited
        return {}

    def _inherited(self, name: str) -> dict[int, float]:
        """The member of the nearest of a class's bases that has it."""
        seen = {name}
        level: list[str] = [name]
        while level:
            level = [base for one in level for base in self._bases.get(one, ()) if base not in seen]
            seen.update(level)
            found = [n for n, place in enumerate(self._places) if place.class_name in level and place.class_name]
            if found:
                return dict.fromkeys(found, 0.9 if len(found) == 1 else 0.6)
        return {}

    def _of_some_object(self, word: str, *, everyday: bool) -> dict[int, float]:
        """Members by name alone; a variable that is called like a class is taken for one of them.

        `everyday` names are those that built-in types have too: any object may have them.
        """
        members = [n for n, place in enumerate(self._places) if place.class_name]
        plain = (word if everyday else word.replace("_", "")).lower()
        alike = [n for n in members if plain and self._places[n].class_name.lower() == plain]
        if alike:
            return dict.fromkeys(alike, 0.85)
        classes = {self._places[n].class_name for n in members}
        most = 0.3 if everyday else 0.6 if len(classes) == 1 else 0.45
        return dict.fromkeys(members, most / len(classes)) if classes else {}


def _place(one: Candidate) -> _Place:
    holder = one.qualified.rpartition(".")[0]
    member = one.parent_kind in METHODS_IN or (one.kind in {"method", "field", "constructor"} and bool(holder))
    top = not member and (not holder or one.parent_kind == "module")
    return _Place(one.path, holder, holder.rpartition(".")[2] if member else "", top or one.parent_kind == "enum")


def _names_of(taken: Import) -> set[str]:
    """What an import lets its file call what it takes."""
    if taken.alias or taken.name:
        return {taken.alias, taken.name}
    if "/" in taken.module:
        return {taken.module.rpartition("/")[2].partition(".")[0]}
    return {taken.module.partition(".")[0], taken.module.rpartition("::")[2]}


def _holds(module: str, importer: str, path: str, name: str = "") -> bool:
    """Whether the file at `path` is the module, or, where folders are packages, lies in it."""
    if is_module(module, importer, path):
        return True
    if path.rpartition(".")[2] not in FOLDERS:
        return False
    return is_package(module, importer, path) or (bool(name) and is_module(f"{module}.{name}", importer, path))


def _within(around: str, holder: str) -> bool:
    return around == holder or around.startswith(holder + ".")


def _classes_in(around: str) -> list[str]:
    """The simple names of what is around, the innermost first: the classes are among them."""
    return list(reversed(around.split("."))) if around else []


def bases_of(inherits: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """From `inherit` references, each with the qualified name of the class that it stands in: class to bases."""
    found: dict[str, list[str]] = {}
    for around, name in inherits:
        found.setdefault(around.rpartition(".")[2], []).append(name)
    return found
