"""Precision and recall of the index's references against jedi, on a real package.

For a sample of definitions, each place in the package that spells a definition's name is put to jedi (`goto`, imports
followed): those that lead to the definition are its references. Places where jedi can't tell count as no reference
in `strict`, and are left out in `decided`.

    python bench/index_references.py rich --definitions 200
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.index.model import Parsed, Reference, Symbol
from waypost.index.parsing import parse
from waypost.index.resolving import SURE, Candidate, Resolver, bases_of

KINDS = frozenset({"function", "method", "class", "constant", "variable"})
Spot = tuple[str, int, int]  # path, line from 1, column from 0


@dataclass(frozen=True, slots=True)
class Tree:
    """A package parsed: files, symbols and references by name, bases by class."""

    root: Path
    files: dict[str, Parsed]
    symbols: dict[str, list[tuple[str, Symbol]]]
    references: dict[str, list[tuple[str, Reference]]]
    bases: dict[str, list[str]]


def parsed_tree(root: Path) -> Tree:
    files = {}
    for path in sorted(root.rglob("*.py")):
        name = str(path.relative_to(root.parent))
        files[name] = parse(name, path.read_bytes())
    symbols, references = defaultdict(list), defaultdict(list)
    inherits = []
    for name, parsed in files.items():
        for symbol in parsed.symbols:
            symbols[symbol.name].append((name, symbol))
        for reference in parsed.references:
            references[reference.name].append((name, reference))
            if reference.kind == "inherit" and reference.inside >= 0:
                inherits.append((parsed.symbols[reference.inside].qualified, reference.name))
    return Tree(root, files, dict(symbols), dict(references), bases_of(inherits))


def resolver_of(tree: Tree, name: str) -> Resolver:
    found = []
    for path, symbol in tree.symbols[name]:
        parent = tree.files[path].symbols[symbol.parent].kind if symbol.parent >= 0 else ""
        found.append(Candidate(path, symbol.qualified, symbol.kind, parent))
    return Resolver(found, tree.bases)


def predicted(tree: Tree, name: str, position: int) -> set[Spot]:
    """Where the index says that the symbol at `position` among those of its name is referred to."""
    resolver = resolver_of(tree, name)
    found = set()
    for path, reference in tree.references.get(name, []):
        parsed = tree.files[path]
        around = parsed.symbols[reference.inside].qualified if reference.inside >= 0 else ""
        for candidate, confidence in resolver.resolve(reference, path, around, parsed.imports):
            if candidate == position and confidence >= SURE:
                found.add((path, reference.line, reference.column))
    return found


class Oracle:
    """jedi's word on where a name leads, each place asked once."""

    def __init__(self, tree: Tree) -> None:
        import jedi

        self._tree, self._jedi = tree, jedi
        self._project = jedi.Project(str(tree.root.parent), added_sys_path=[str(tree.root.parent)])
        self._scripts: dict[str, Any] = {}
        self._known: dict[Spot, set[tuple[str, int]] | None] = {}

    def leads_to(self, spot: Spot) -> set[tuple[str, int]] | None:
        """File and line of each definition that jedi finds; None when it finds none."""
        if spot not in self._known:
            self._known[spot] = self._ask(spot)
        return self._known[spot]

    def _ask(self, spot: Spot) -> set[tuple[str, int]] | None:
        path, line, column = spot
        if path not in self._scripts:
            self._scripts[path] = self._jedi.Script(path=self._tree.root.parent / path, project=self._project)
        try:
            names = self._scripts[path].goto(line, column, follow_imports=True)
        except Exception as error:  # noqa: BLE001 -- jedi raises anything on code that it can't follow
            sys.stderr.write(f"jedi: {path}:{line}: {type(error).__name__}\n")
            return None
        found = set()
        for one in names:
            module = one.module_path
            if module is not None and module.is_relative_to(self._tree.root.parent):
                found.add((str(module.relative_to(self._tree.root.parent)), one.line or 0))
            else:
                found.add((str(module), one.line or 0))
        return found or None


def spots_of(tree: Tree, name: str) -> list[Spot]:
    """Each place in the package where the name is spelled as a word of code (comments and strings lead nowhere)."""
    import re

    word = re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])")
    found = []
    for path in tree.files:
        text = (tree.root.parent / path).read_text("utf-8", "replace")
        if name not in text:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            found += [(path, number, len(line[: match.start()].encode())) for match in word.finditer(line)]
    return found


def sample(tree: Tree, count: int, seed: int) -> list[tuple[str, int]]:
    """Definitions that are referred to at least once by name, evenly from all, without dunders."""
    every = [
        (name, position)
        for name, places in sorted(tree.symbols.items())
        for position, (_, symbol) in enumerate(places)
        if symbol.kind in KINDS and not name.startswith("__") and tree.references.get(name)
    ]
    random.Random(seed).shuffle(every)
    return every[:count]


def compare(tree: Tree, count: int, seed: int, show: int) -> dict[str, Any]:
    oracle = Oracle(tree)
    totals: Counter[str] = Counter()
    wrong: list[str] = []
    for name, position in sample(tree, count, seed):
        path, symbol = tree.symbols[name][position]
        home = (path, symbol.name_line)
        homes = {(other_path, other.name_line) for other_path, other in tree.symbols[name]}
        said = predicted(tree, name, position)
        for spot in spots_of(tree, name):
            if (spot[0], spot[1]) in homes:
                continue  # a definition is no reference, though jedi leads from an override to what it overrides
            leads = oracle.leads_to(spot)
            is_one, is_said = leads is not None and home in leads, spot in said
            totals["hit" if is_one and is_said else "missed" if is_one else "extra" if is_said else "other"] += 1
            if is_said and leads is None:
                totals["undecided"] += 1
            if is_one != is_said:
                mark = "missed" if is_one else "undecided" if leads is None else "extra"
                wrong.append(f"{mark:9} {symbol.qualified} ({path}:{symbol.name_line}) at {spot[0]}:{spot[1]} {leads}")
    for line in wrong[:show]:
        sys.stdout.write(line + "\n")
    hit = totals["hit"]
    return {
        "definitions": count,
        "files": len(tree.files),
        "precision": round(hit / max(1, hit + totals["extra"]), 4),
        "precision_decided": round(hit / max(1, hit + totals["extra"] - totals["undecided"]), 4),
        "recall": round(hit / max(1, hit + totals["missed"]), 4),
        **totals,
    }


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("package", nargs="+", help="an installed package")
    words.add_argument("--definitions", type=int, default=200)
    words.add_argument("--seed", type=int, default=5)
    words.add_argument("--show", type=int, default=0, help="print this many disagreements")
    given = words.parse_args()
    for package in given.package:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            sys.stderr.write(f"{package} is not an installed package: pip install it\n")
            return 2
        begun = time.monotonic()
        tree = parsed_tree(Path(next(iter(spec.submodule_search_locations))))
        answer = compare(tree, given.definitions, given.seed, given.show)
        answer |= {"package": package, "seconds": round(time.monotonic() - begun, 1)}
        sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
