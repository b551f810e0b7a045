"""What a file of tests demands, as values that two versions can be compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EXACT, PARTIAL, LOOSE = 3, 2, 1
"""How much a check tells: equality or one kind of error; a part or an order; existence, type or truth."""


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion that can fail. `subject` and `expected` are its two sides, `accepts` how many values pass."""

    line: int
    strength: int
    subject: str = ""
    expected: str = ""
    accepts: int = 1


@dataclass(frozen=True, slots=True)
class Test:
    """One test. `dead` are reasons for which assertions of it can't fail, each with its line; `marks` are those by
    which it is left out; `literals` are what it expects; `mocks` are the names that it replaces; `cases` are counted
    over all lists of cases, `rounds` is how often it is run with them; `overwritten` are parameters that it gives
    another value to."""

    name: str
    line: int
    checks: tuple[Check, ...] = ()
    dead: tuple[tuple[int, str], ...] = ()
    marks: tuple[str, ...] = ()
    literals: frozenset[str] = frozenset()
    mocks: frozenset[str] = frozenset()
    cases: int = 0
    rounds: int = 1
    calls: int = 0
    parameters: frozenset[str] = frozenset()
    overwritten: frozenset[str] = frozenset()
    decorators: frozenset[str] = frozenset()

    def count(self, strength: int = LOOSE) -> int:
        """How many checks are at least this strong."""
        return sum(check.strength >= strength for check in self.checks)


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of tests, by name; `hidden` are reasons for which the file as a whole may not be run."""

    tests: Mapping[str, Test]
    hidden: tuple[str, ...] = ()


EMPTY = Suite({})
