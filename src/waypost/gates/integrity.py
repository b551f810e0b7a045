"""What a change did to the files that make a test mean something: what is put back, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waypost.gates.verdict import Finding
from waypost.workspace.trees import Entry, Tree

if TYPE_CHECKING:
    from waypost.documents.model import Gate
    from waypost.gates.called import Called
    from waypost.gates.comparison import Comparison
    from waypost.gates.protected import Table

INTEGRITY = "integrity"
"""The name of the verdict on a change's integrity; no gate of a plan may have it."""

_PUT_BACK = frozenset({"internal", "startup", "hook", "installed", "shadow", "shim", "link", "case"})


@dataclass(frozen=True, slots=True)
class Rights:
    """What the milestones under way may change: path patterns; `None` where no milestone names a scope.

    Without a scope tests may be added and changed, never weakened. A pattern that names one file exactly is a
    human's word that the expectations in it may change.
    """

    scope: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was found. `restore` are the files that gates must see as they were: None for one that was not there."""

    findings: tuple[Finding, ...] = ()
    restore: Mapping[str, Entry | None] = field(default_factory=dict)


def examine(before: Tree, after: Tree, rights: Rights, gates: Sequence[Gate]) -> Integrity:
    """What a change from the last green tree to the one under verification does to what tests rest on.

    A protected file outside the scope is put back and refused. Inside it additions pass and weakening is refused. What
    no scope opens (modules in the place of others, links among tests, hooks) is always refused.
    """
    from waypost.gates.called import called
    from waypost.gates.comparison import Comparison
    from waypost.gates.protected import Table

    comparison = Comparison(before, after, rights, gates)
    if not comparison.changes:
        return Integrity()
    reached = called(gates, before, after)
    table = Table(gates, frozenset(reached.files))
    outside, restore = _outside(comparison, table, reached)
    findings = [*outside, *_inside(comparison, table, reached, restore)]
    restore.update(
        {one.path: before.entries.get(one.path) for one in findings if one.kind in _PUT_BACK and one.refuses}
    )
    return Integrity(tuple(dict.fromkeys(findings)), dict(sorted(restore.items())))


def _outside(comparison: Comparison, table: Table, reached: Called) -> tuple[list[Finding], dict[str, Entry | None]]:
    """Protected paths that no scope covers: each is named and put back; a new test is only taken out."""
    from waypost.gates.protected import NEVER, WORDS

    findings: list[Finding] = []
    restore: dict[str, Entry | None] = {}
    for path, (old, new) in comparison.changes.items():
        kind = table.kind(path)
        if kind is None or kind in NEVER or comparison.covers(path) or not _concerns(comparison, path, reached):
            continue
        word = "is new" if old is None else "is gone" if new is None else "was changed"
        restore[path] = old
        done = "taken out for the gates" if old is None else "put back for the gates"
        refuses = not (kind == "test" and old is None)
        findings.append(Finding(kind, path, f"{word} outside the scope and {WORDS[kind]}; {done}", refuses))
    return findings, restore


def _inside(
    comparison: Comparison, table: Table, reached: Called, restored: Mapping[str, Entry | None]
) -> Iterator[Finding]:
    """What may be changed, or is protected by nothing, and yet makes tests tell less."""
    from waypost.gates.configuration import weakened as weakened_settings
    from waypost.gates.fitted import fitted
    from waypost.gates.never import forbidden
    from waypost.gates.selection import narrowed
    from waypost.gates.special import special_cased
    from waypost.gates.suppressions import suppressed
    from waypost.gates.suspicion import suspicious
    from waypost.gates.weakening import weakened as weakened_tests

    yield from forbidden(comparison)
    open_paths = [path for path in comparison.changes if path not in restored]
    for path in open_paths:
        kind = table.kind(path)
        if kind in {"runner", "build", "ci", "environment", "script", "gate"}:
            yield from weakened_settings(comparison, reached, path, str(kind))
    yield from (one for one in narrowed(comparison) if one.path not in restored)
    yield from (one for one in weakened_tests(comparison, open_paths) if one.path not in restored)
    yield from suspicious(comparison)
    yield from special_cased(comparison)
    yield from fitted(comparison)
    yield from suppressed(comparison)


def _concerns(comparison: Comparison, path: str, reached: Called) -> bool:
    """Whether a change of a settings file touches a part of it that decides what tests run."""
    from waypost.gates import settings

    old, new = comparison.old(path), comparison.new(path)
    folder, _, name = path.rpartition("/")
    if name in {"Makefile", "makefile", "GNUmakefile"}:
        targets = reached.targets.get(folder, set())
        return _make_facts(old, targets) != _make_facts(new, targets)
    was = settings.facts(path, old or "") if old else {}
    now = settings.facts(path, new or "") if new else {}
    if was is None or now is None or (old is not None and new is None):
        return True
    if settings.facts(path, "") is None:
        return True
    differing = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return any(not _is_free(key, was, now, reached) for key in differing)


def _is_free(key: str, was: Mapping[str, str], now: Mapping[str, str], reached: Called) -> bool:
    """A package script is free that was not there before, that no gate runs, and that goes before or after none."""
    name = key.removeprefix("scripts.")
    if name == key or key in was or name in reached.scripts:
        return False
    bases = [name.removeprefix(word) for word in ("pre", "post") if name.startswith(word)]
    return name not in {"test", "prepare", "install"} and not any(f"scripts.{base}" in now for base in bases)


def _make_facts(text: str | None, targets: set[str]) -> dict[str, str]:
    from waypost.gates import makefiles

    return makefiles.parse(text).facts(targets) if text is not None else {}
